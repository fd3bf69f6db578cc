'use strict';
const { defineConfig } = require('@medusajs/framework/utils');

module.exports = defineConfig({
  admin: { disable: true },
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { ssl: false, connection: { ssl: false } },
    http: {
      adminCors: '', authCors: '', storeCors: '',
      jwtSecret: process.env.SHOP_PASSWORD, cookieSecret: process.env.SHOP_PASSWORD,
    },
  },
});

'use strict';
// A Vendure shop in memory for the tests: one product in two sizes, a tax, shipping, a payment that
// settles at once and one that is only authorised. Says its address on standard output when it is
// open, and ends when its standard input does: so it never outlives the tests.

process.env.VENDURE_DISABLE_TELEMETRY = 'true';
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const core = require('@vendure/core');
const { populate } = require('@vendure/core/cli');

const config = {
  apiOptions: { port: 0, hostname: '127.0.0.1' },
  authOptions: {
    tokenMethod: ['bearer', 'api-key'],
    superadminCredentials: { identifier: 'superadmin', password: process.env.SHOP_PASSWORD },
  },
  dbConnectionOptions: {
    type: 'sqljs', synchronize: true, autoSave: false, database: new Uint8Array([]), logging: false,
  },
  paymentOptions: { paymentMethodHandlers: [core.dummyPaymentHandler] },
  logger: new core.DefaultLogger({ level: core.LogLevel.Warn }),
};

const payment = (name, settles) => ({
  name,
  handler: {
    code: core.dummyPaymentHandler.code,
    arguments: [{ name: 'automaticSettle', value: String(settles) }],
  },
});

const shop = {
  defaultLanguage: 'en',
  defaultZone: 'Europe',
  countries: [{ name: 'Germany', code: 'DE', zone: 'Europe' }],
  taxRates: [{ name: 'Standard Tax', percentage: 19 }],
  shippingMethods: [{ name: 'Standard Shipping', price: 495 }],
  paymentMethods: [payment('At once', true), payment('Later', false)],
  collections: [],
};

const products = `name,slug,description,assets,facets,optionGroups,optionValues,sku,price,taxCategory,stockOnHand,trackInventory,variantAssets,variantFacets
Lamp,lamp,A lamp,,,size,small,L-S,19.99,standard,100000,false,,
,,,,,,large,L-L,1249.5,standard,100000,false,,
`;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'vendure-'));
const csv = path.join(folder, 'products.csv');
fs.writeFileSync(csv, products);
populate(() => core.bootstrap(config), shop, csv)
  .then(app => console.log(`open at ${app.getHttpServer().address().port}`))
  .catch(error => { console.error(error); process.exit(1); })
  .finally(() => fs.rmSync(folder, { recursive: true, force: true }));

'use strict';
// A Medusa shop for the tests, on the PostgreSQL of DATABASE_URL. Says its port on standard output
// when it is open, and ends when its standard input does: so it never outlives the tests.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');

let child;
process.stdin.resume();
process.stdin.on('end', () => { child?.kill('SIGKILL'); process.exit(0); });

const medusa = path.join(__dirname, 'node_modules', '@medusajs', 'cli', 'cli.js');

function start(...words) {
  const env = { ...process.env, MEDUSA_DISABLE_TELEMETRY: 'true', NODE_ENV: 'production' };
  child = spawn(process.execPath, [medusa, ...words], {
    cwd: __dirname, env, stdio: ['ignore', process.stderr, process.stderr],
  });
  return new Promise((ended, failed) => child.on('exit', code => {
    if (code === 0) ended(); else failed(new Error(`medusa ${words[0]} ended with ${code}`));
  }));
}

function freePort() {
  return new Promise(told => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => told(port));
    });
  });
}

async function answers(port) {
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/health`).catch(() => null);
    if (response?.ok) return;
    await new Promise(later => setTimeout(later, 100));
  }
}

async function main() {
  fs.mkdirSync(path.join(__dirname, 'src'), { recursive: true });
  await start('db:migrate');
  await start('user', '--email', 'owner@example.com', '--password', process.env.SHOP_PASSWORD);
  const port = await freePort();
  const running = start('start', '--host', '127.0.0.1', '--port', String(port));
  await Promise.race([running, answers(port)]);
  console.log(`open at ${port}`);
  await running;
}

main().catch(error => { console.error(error); process.exit(1); });

// The article's app in a browser: argument { endpoint, region, apiKey, authority, browser, folder }.
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

// The one time limit: it only ends a test that hangs.
const HANG_MS = 120_000;
setTimeout(() => {
  console.error('this test hangs');
  process.exit(1);
}, HANG_MS).unref();

const asked = JSON.parse(process.argv[2]);
const { outputFiles } = await build({
  entryPoints: [asked.script], bundle: true, write: false, format: 'esm', minify: true,
  nodePaths: ['node_modules'], absWorkingDir: import.meta.dirname,
});
const page = '<!doctype html><title>AppSync Events sample</title><h1>AppSync Events sample</h1><ul id="messages"></ul><script type="module" src="app.js"></script>';
const server = createServer((request, response) => {
  const script = request.url === '/app.js';
  response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
  response.end(script ? outputFiles[0].text : page);
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));

// Trusts the certificate authority, as a user would in the browser's settings.
const { publicKey } = new X509Certificate(readFileSync(asked.authority));
const fingerprint = createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' })).digest('base64');
const context = await chromium.launchPersistentContext(asked.folder, {
  executablePath: asked.browser,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', `--ignore-certificate-errors-spki-list=${fingerprint}`],
});
const told = { frames: [], problems: [] };
let subscribed;
const subscription = new Promise((done) => (subscribed = done));
try {
  const tab = await context.newPage();
  tab.on('pageerror', (error) => told.problems.push(String(error)));
  tab.on('console', (line) => line.type() === 'error' && told.problems.push(line.text()));
  tab.on('websocket', (socket) => {
    told.url = socket.url();
    socket.on('framereceived', ({ payload }) => {
      const { type } = JSON.parse(payload);
      told.frames.push(type);
      if (type === 'subscribe_success') subscribed();
    });
  });
  await tab.goto(`http://127.0.0.1:${server.address().port}/`);
  await tab.waitForFunction(() => window.start);
  await tab.evaluate((given) => window.start(given), asked);
  // Amplify does not report that it has subscribed, so this watches its socket.
  await subscription;
  await tab.evaluate(() => window.post());
  const item = tab.locator('#messages li');
  await item.first().waitFor({ timeout: HANG_MS });
  told.messages = await item.allTextContents();
} finally {
  await context.close();
  server.close();
}
process.stdout.write(JSON.stringify(told));
process.exit(0);

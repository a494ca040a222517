// The console in a browser: argument { console, endpoint, apiId, apiKey, browser, folder }. `apiKey` must not appear.
import { join } from 'node:path';
import axe from 'axe-core';
import { chromium } from 'playwright-core';
import WebSocket from 'ws';

// The one time limit: it only ends a test that hangs.
const HANG_MS = 120_000;
setTimeout(() => {
  console.error('this test hangs');
  process.exit(1);
}, HANG_MS).unref();

const asked = JSON.parse(process.argv[2]);
const origin = new URL(asked.console).origin;
const told = { problems: [], elsewhere: [], violations: {}, widths: {} };

/** A tab that tells of everything it should not do. */
const open = async (name, options) => {
  const context = await chromium.launchPersistentContext(join(asked.folder, name), {
    executablePath: asked.browser,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--no-first-run'],
    ...options,
  });
  const tab = await context.newPage();
  tab.setDefaultTimeout(HANG_MS);
  tab.on('pageerror', (error) => told.problems.push(String(error)));
  tab.on('console', (line) => ['error', 'warning'].includes(line.type()) && told.problems.push(line.text()));
  tab.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'data:' && url.origin !== origin) told.elsewhere.push(request.url());
  });
  const response = await tab.goto(asked.console);
  told.policy = response.headers()['content-security-policy'];
  await tab.getByRole('status').filter({ hasText: 'Live' }).waitFor();
  await tab.locator('#access tbody tr').first().waitFor();
  return { context, tab };
};

/** What a checker of accessibility has against the page as it stands. */
const check = async (tab, name) => {
  // The page's policy blocks scripts, so the debugger injects the accessibility checker.
  await tab.evaluate(axe.source);
  const { violations } = await tab.evaluate(() => globalThis.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  told.violations[name] = violations.map(({ id, nodes }) => [id, ...nodes.map((it) => it.target.join(' '))]);
};

/** A client that subscribed, and what it received. */
const subscriber = async (channel) => {
  const authorization = { host: new URL(asked.endpoint).host, 'x-api-key': asked.apiKey };
  const header = Buffer.from(JSON.stringify(authorization)).toString('base64url');
  const url = `${asked.endpoint.replace('http', 'ws')}/realtime`;
  const socket = new WebSocket(url, [`header-${header}`, 'aws-appsync-event-ws']);
  const received = [];
  await new Promise((done, failed) => {
    socket.on('error', failed);
    socket.on('open', () => socket.send(JSON.stringify({ type: 'subscribe', id: 'one', channel, authorization })));
    socket.on('message', (text) => {
      const message = JSON.parse(text);
      if (message.type === 'data') received.push(JSON.parse(message.event));
      else if (message.type === 'subscribe_success') done();
      else if (message.type.endsWith('error')) failed(new Error(text));
    });
  });
  return { socket, received };
};

/** Presses Tab until the element has the focus. */
const tabTo = async (tab, id) => {
  for (let n = 0; n < 60; n += 1) {
    if (await tab.evaluate((it) => document.activeElement?.id === it, id)) return;
    await tab.keyboard.press('Tab');
  }
  throw new Error(`Tab never leads to #${id}`);
};

const { context, tab } = await open('light', { colorScheme: 'light', viewport: { width: 1280, height: 900 } });
const rows = tab.locator('#rows > li');
/** What the form says, once it says something about `text`: the stream may be sooner. */
const result = (text) => tab.locator('#result').filter({ hasText: text });
const row = (kind, text) => tab.locator(`#rows > li.${kind}`).filter({ hasText: text }).first();
try {
  told.title = await tab.title();
  told.name = await tab.getByRole('heading', { level: 2 }).filter({ hasText: 'appsync' }).textContent();
  told.matrix = await tab.locator('#access tbody tr').evaluateAll((lines) => lines.map((line) =>
    [...line.children].map((it) => it.textContent)));
  told.connect = await tab.locator('#connect .chip').allTextContents();

  // The page and a subscribed client show an event that the form publishes.
  const { socket, received } = await subscriber('/sample/*');
  await tab.locator('#connections li').filter({ hasText: '/sample/*' }).first().waitFor();
  await tab.getByLabel('Channel', { exact: true }).fill('/sample/room');
  await tab.getByLabel('Event, as JSON').fill('{"from": "<img src=x onerror=alert(1)>", "n": 1}');
  await tab.getByRole('button', { name: 'Publish', exact: true }).click();
  await row('published', '/sample/room').waitFor();
  await result('/sample/room').waitFor();
  told.result = await tab.locator('#result').textContent();
  told.published = (await row('published', '/sample/room').locator('.about').allTextContents()).join(' ');
  await row('published', '/sample/room').locator('summary').click();
  told.pretty = await row('published', '/sample/room').locator('pre').textContent();

  // A handler runs, and the page shows its logs.
  await tab.getByLabel('Channel', { exact: true }).fill('/rooms/1');
  await tab.getByLabel('Event, as JSON').fill('[0, 1]');
  await tab.getByLabel('A JSON array is several events').check();
  await tab.getByRole('button', { name: 'Publish', exact: true }).click();
  told.logged = await row('logged', '/rooms/*').locator('.text').textContent();
  told.filtered = await row('published', '/rooms/1').locator('.lost').textContent();

  // A client is denied: the page shows the reason, which AppSync does not return.
  const refused = await fetch(asked.endpoint, {
    method: 'POST', headers: { 'x-api-key': 'da2-wrong' }, body: JSON.stringify({ channel: '/sample/room', events: ['1'] }),
  });
  told.status = refused.status;
  told.why = await row('refused', '/sample/room').locator('.why').textContent();
  await check(tab, 'light');

  // With the keyboard only: from the top to the form, with several events.
  await tab.reload();
  await tab.locator('#access tbody tr').first().waitFor();
  await tab.getByRole('status').filter({ hasText: 'Live' }).waitFor();
  await tab.keyboard.press('Tab');
  told.first = await tab.evaluate(() => document.activeElement.textContent);
  await tabTo(tab, 'channel');
  await tab.keyboard.press('Control+a');
  await tab.keyboard.type('/sample/keys');
  await tabTo(tab, 'event');
  await tab.keyboard.press('Control+a');
  await tab.keyboard.type('[1, 2');
  await tabTo(tab, 'several');
  await tab.keyboard.press('Space');
  told.invalid = await tab.locator('#event-problem').textContent();
  await tab.keyboard.press('Shift+Tab');
  await tab.keyboard.press('Control+End');
  await tab.keyboard.type(']');
  await tab.keyboard.press('Control+Enter');
  await row('published', '/sample/keys').waitFor();
  await result('/sample/keys').waitFor();
  told.several = await tab.locator('#result').textContent();

  // While paused, the stream does not change; then it shows everything. A filter shows one channel.
  const before = await rows.count();
  await tab.getByRole('button', { name: 'Pause' }).click();
  await tab.getByLabel('Channel', { exact: true }).focus();
  await tab.keyboard.press('Control+Enter');
  await tab.getByRole('button', { name: 'Resume (1)' }).waitFor();
  told.paused = (await rows.count()) - before;
  await tab.getByRole('button', { name: 'Resume (1)' }).click();
  await tab.waitForFunction((count) => document.querySelectorAll('#rows > li').length === count, before + 1);
  await tab.getByLabel('Show channels with').fill('/keys');
  await tab.waitForFunction(() => document.querySelectorAll('#rows > li').length === 2);
  await tab.getByLabel('Show channels with').fill('');

  // A missing namespace is rejected, in the form and in the stream.
  await tab.getByLabel('Channel', { exact: true }).fill('/nowhere/1');
  await tab.keyboard.press('Tab');
  told.warned = await tab.locator('#channel-problem').textContent();
  while (received.length < 5) await new Promise((done) => socket.once('message', done));
  told.received = received;
  socket.close();
  await row('connection', 'Gone').waitFor();
  await tab.getByText('No client is connected.').waitFor();
  told.leaks = (await tab.evaluate(() => document.documentElement.outerHTML)).includes(asked.apiKey);
} finally {
  await context.close();
}

for (const [name, options] of [
  ['dark', { colorScheme: 'dark', viewport: { width: 1280, height: 900 } }],
  ['narrow', { colorScheme: 'dark', viewport: { width: 360, height: 740 }, reducedMotion: 'reduce' }],
]) {
  const other = await open(name, options);
  await other.tab.getByLabel('Channel', { exact: true }).fill('/sample/*');
  await other.tab.getByRole('button', { name: 'Publish', exact: true }).click();
  told.star = await other.tab.locator('#channel-problem').textContent();
  await other.tab.getByLabel('Channel', { exact: true }).fill('/sample/a');
  await other.tab.getByRole('button', { name: 'Publish', exact: true }).click();
  await other.tab.locator('#rows > li.published').first().waitFor();
  await other.tab.locator('#result').filter({ hasText: 'published' }).waitFor();
  await other.tab.getByLabel('Event, as JSON').fill('{');
  await other.tab.getByRole('button', { name: 'Publish', exact: true }).click();
  told.cleared = await other.tab.locator('#result').textContent();
  await fetch(asked.endpoint, { method: 'POST', headers: { 'x-api-key': 'da2-wrong' }, body: '{"channel":"/sample/a","events":["1"]}' });
  await other.tab.locator('#rows > li.refused').first().waitFor();
  await check(other.tab, name);
  told.widths[name] = await other.tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  await other.context.close();
}
process.stdout.write(JSON.stringify(told));
process.exit(0);

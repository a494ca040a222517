// The article's client, unmodified aws-amplify 6, once for each auth mode.
// argument: { endpoint, region, modes: { apiKey: {...}, … }, refused: { name: [mode, {...}, channel] } }
import { Amplify } from 'aws-amplify';
import { events } from 'aws-amplify/data';
import WebSocket from 'ws';

// The one time limit: it only ends a test that hangs.
const HANG_MS = 120_000;
setTimeout(() => {
  console.error('this test hangs');
  process.exit(1);
}, HANG_MS).unref();

/** Called at each subscription that a server takes: Amplify tells nobody. */
let subscribed = () => {};
// Node.js 20 has no built-in WebSocket.
globalThis.WebSocket = class extends (globalThis.WebSocket ?? WebSocket) {
  constructor(...given) {
    super(...given);
    this.addEventListener('message', ({ data }) => {
      if (JSON.parse(data).type === 'subscribe_success') subscribed();
    });
  }
};

const asked = JSON.parse(process.argv[2]);

/** What a promise comes to, as data. */
const outcome = async (promise) => {
  try {
    return await promise;
  } catch (error) {
    const told = error?.errors?.[0] ?? error;
    return { refused: told.errorType ?? told.name, message: told.message };
  }
};

const configure = (mode, { apiKey, credentials, token }) => {
  Amplify.configure(
    { API: { Events: { endpoint: asked.endpoint, region: asked.region, defaultAuthMode: mode, ...(apiKey && { apiKey }) } } },
    {
      Auth: {
        credentialsProvider: {
          getCredentialsAndIdentityId: async () => credentials && { credentials },
          clearCredentialsAndIdentityId: () => {},
        },
        tokenProvider: {
          getTokens: async () => {
            if (!token) return null;
            const payload = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
            const jwt = { payload, toString: () => token };
            return { accessToken: jwt, idToken: jwt };
          },
        },
      },
    },
  );
};

/** Connects, subscribes, publishes over HTTP and over the socket, and waits for both events. */
const round = async (mode, given) => {
  configure(mode, given);
  const authToken = mode === 'lambda' ? { authToken: given.token } : {};
  const received = [];
  const channel = await events.connect('/sample/channel/*', authToken);
  const subscription = new Promise((done) => (subscribed = done));
  const both = new Promise((resolve, reject) => {
    channel.subscribe(
      {
        next: (data) => received.push(data.event) === 2 && resolve(),
        error: reject,
      },
      authToken,
    );
  });
  await Promise.race([subscription, both]);
  const posted = [await events.post('/sample/channel/test', { message: 'Publish from Amplify' }, authToken)];
  // A channel object publishes to the channel that it is connected to, which cannot be a wildcard.
  const test = await events.connect('/sample/channel/test', authToken);
  posted.push(await test.publish({ message: 'over the socket' }, authToken));
  await both;
  channel.close();
  test.close();
  return { received, posted: posted.length === 2 };
};

const told = {};
for (const [mode, given] of Object.entries(asked.modes ?? {})) {
  told[mode] = await outcome(round(mode, given));
  events.closeAll();
}
for (const [name, [mode, given, channel]] of Object.entries(asked.refused ?? {})) {
  configure(mode, given);
  const authToken = mode === 'lambda' ? { authToken: given.token } : {};
  told[name] = { post: await outcome(events.post(channel, 1, authToken)) };
}
process.stdout.write(JSON.stringify(told));
process.exit(0);

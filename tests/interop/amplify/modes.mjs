// The article's client, unmodified aws-amplify 6, once for each way of proving who one is.
// argument: { endpoint, region, modes: { apiKey: {...}, … }, refused: { name: [mode, {...}, channel] } }
import { Amplify } from 'aws-amplify';
import { events } from 'aws-amplify/data';
import WebSocket from 'ws';

// Node.js 20 has no WebSocket of its own.
globalThis.WebSocket ??= WebSocket;

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
  const both = new Promise((resolve, reject) => {
    channel.subscribe(
      {
        next: (data) => received.push(data.event) === 2 && resolve(),
        error: reject,
      },
      authToken,
    );
  });
  // Amplify tells nobody when it is subscribed: publish until it is heard.
  const posted = [];
  const again = async (publish) => {
    const before = received.length;
    for (let n = 0; n < 50 && received.length === before; n += 1) {
      posted.push(await publish());
      for (let m = 0; m < 20 && received.length === before; m += 1) await new Promise((done) => setTimeout(done, 10));
    }
  };
  await again(() => events.post('/sample/channel/test', { message: 'Publish from Amplify' }, authToken));
  // A channel publishes to what it is connected to, and nobody publishes to a star.
  const test = await events.connect('/sample/channel/test', authToken);
  await again(() => test.publish({ message: 'over the socket' }, authToken));
  await both;
  channel.close();
  test.close();
  return { received, posted: posted.length >= 2 };
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

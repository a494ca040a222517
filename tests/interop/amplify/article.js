// The script of the article's app.vue, without the frame around it: its calls, in its order.
import { Amplify } from 'aws-amplify';
import { events } from 'aws-amplify/data';

const messages = document.querySelector('#messages');
const show = (text) => {
  const item = document.createElement('li');
  item.textContent = text;
  messages.append(item);
};

window.start = async ({ endpoint, region, apiKey }) => {
  Amplify.configure({
    API: {
      Events: {
        endpoint,
        region,
        defaultAuthMode: 'apiKey',
        apiKey,
      },
    },
  });
  // Subscribe to channels under /sample/channel
  const channel = await events.connect('/sample/channel/*');
  channel.subscribe({
    next: (data) => show(JSON.stringify(data.event)),
    error: (err) => show(`error ${JSON.stringify(err)}`),
  });
};

window.post = () =>
  events.post('/sample/channel/test', {
    message: 'Publish from Amplify',
  });

// The form that publishes.
import { byId, plural } from './dom.js';

const EVENTS_MAX = 5;
const SEGMENT = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?';
const CHANNEL = new RegExp(`^/?${SEGMENT}(?:/${SEGMENT}){0,4}/?$`);

let api;

/** Publishes to this API from now on. */
export const publishTo = (given) => {
  const other = api?.apiId !== given.apiId;
  api = given;
  const channel = byId('channel');
  const name = given.namespaces[0]?.name;
  if (other && name) channel.value = `/${name}/test`;
  channel.placeholder = `/${name ?? 'namespace'}/test`;
  if (other) tell('', false);
};

export const startForm = () => {
  const form = byId('publish');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    publish();
  });
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  byId('channel').addEventListener('change', checkChannel);
  byId('event').addEventListener('change', readEvents);
  byId('several').addEventListener('change', readEvents);
  // A problem disappears as soon as it is fixed.
  for (const [id, check] of [['channel', checkChannel], ['event', readEvents]]) {
    byId(id).addEventListener('input', () => byId(id).getAttribute('aria-invalid') && check());
  }
};

const mark = (id, problem, mild = '') => {
  const field = byId(`${id}-problem`);
  field.textContent = problem || mild;
  field.classList.toggle('mild', !problem);
  // The result of the last publish matters less than what prevents the next one.
  if (problem) tell('', false);
  if (problem) byId(id).setAttribute('aria-invalid', 'true');
  else byId(id).removeAttribute('aria-invalid');
  return !problem;
};

const checkChannel = () => {
  const channel = byId('channel').value.trim();
  if (!channel) return mark('channel', 'Name a channel, such as /sample/test.');
  if (channel.includes('*')) return mark('channel', 'Events go to one channel; * is for subscriptions.');
  if (!CHANNEL.test(channel)) return mark('channel', 'A channel has one to five segments of letters, digits and inner hyphens, each up to 50 long.');
  const name = channel.split('/').filter(Boolean)[0];
  const known = api.namespaces.some((it) => it.name === name);
  return mark('channel', '', known ? '' : `The API has no channel namespace ${name}; publishing will be refused.`);
};

/** The events as JSON texts, or nothing if they are none. */
const readEvents = () => {
  const text = byId('event').value.trim();
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    mark('event', text ? `Not valid JSON: ${error.message}` : 'Write an event as JSON: an object, a list, a number, "a text".');
    return undefined;
  }
  if (!byId('several').checked) {
    mark('event', '');
    return [text];
  }
  const problem = !Array.isArray(value) ? 'Several events are written as a JSON array: [ …, … ]'
    : !value.length ? 'The array is empty: there is nothing to publish.'
      : value.length > EVENTS_MAX ? `AppSync takes up to ${EVENTS_MAX} events at once; there are ${value.length}.` : '';
  return mark('event', problem) ? value.map((it) => JSON.stringify(it)) : undefined;
};

const tell = (text, bad) => {
  byId('result').textContent = text;
  byId('result').classList.toggle('bad', bad);
};

const publish = async () => {
  tell('', false);
  const sound = checkChannel();
  const events = readEvents();
  if (!sound || !events) {
    byId(sound ? 'event' : 'channel').focus();
    return;
  }
  const channel = byId('channel').value.trim();
  const button = byId('publish').querySelector('[type="submit"]');
  button.disabled = true;
  try {
    const response = await fetch('/_provision/publish', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiId: api.apiId, channel, events }),
    });
    const answer = await response.json();
    if (response.ok) tellReceipt(answer, channel);
    else tell(`Refused: ${reason(answer)}`, true);
  } catch {
    tell('The emulator can’t be reached. Is it still running?', true);
  } finally {
    button.disabled = false;
  }
};

const reason = ({ errors, message }) => {
  const [error] = errors ?? [];
  return error ? [error.errorType, error.message].filter(Boolean).join(': ') : message ?? 'no reason was given';
};

const tellReceipt = ({ successful, failed }, channel) => {
  const parts = [];
  if (successful.length) parts.push(`${plural(successful.length, 'event')} published to ${channel}`);
  for (const it of failed) parts.push(`event ${it.index} failed: ${it.message}`);
  tell(parts.join('; ') || 'Nothing was published.', failed.length > 0);
};

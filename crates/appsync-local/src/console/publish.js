// The form for an admin publish.
import { byId, plural } from './dom.js';

const EVENTS_MAX = 5;
const SEGMENT = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?';
const CHANNEL = new RegExp(`^/?${SEGMENT}(?:/${SEGMENT}){0,4}/?$`);

let api;

/** Selects the API that the form publishes to. */
export const publishTo = (selected) => {
  const isOther = api?.apiId !== selected.apiId;
  api = selected;
  const channel = byId('channel');
  const name = selected.namespaces[0]?.name;
  if (isOther && name) channel.value = `/${name}/test`;
  channel.placeholder = `/${name ?? 'namespace'}/test`;
  if (isOther) showResult('', false);
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

const showProblem = (id, problem, warning = '') => {
  const field = byId(`${id}-problem`);
  field.textContent = problem || warning;
  field.classList.toggle('mild', !problem);
  // A problem replaces the result of the last publish.
  if (problem) showResult('', false);
  if (problem) byId(id).setAttribute('aria-invalid', 'true');
  else byId(id).removeAttribute('aria-invalid');
  return !problem;
};

const checkChannel = () => {
  const channel = byId('channel').value.trim();
  if (!channel) return showProblem('channel', 'Enter a channel, such as /sample/test.');
  if (channel.includes('*')) return showProblem('channel', 'Events go to one channel; * is for subscriptions.');
  if (!CHANNEL.test(channel)) return showProblem('channel', 'A channel has one to five segments of letters, digits and inner hyphens, each up to 50 long.');
  const name = channel.split('/').filter(Boolean)[0];
  const known = api.namespaces.some((it) => it.name === name);
  return showProblem('channel', '', known ? '' : `The API has no channel namespace ${name}; the publish will be rejected.`);
};

/** Returns the events as JSON texts, or undefined if they are not valid. */
const readEvents = () => {
  const text = byId('event').value.trim();
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    showProblem('event', text ? `Not valid JSON: ${error.message}` : 'Enter an event as JSON: an object, a list, a number, "a string".');
    return undefined;
  }
  if (!byId('several').checked) {
    showProblem('event', '');
    return [text];
  }
  const problem = !Array.isArray(value) ? 'Several events are written as a JSON array: [ …, … ]'
    : !value.length ? 'The array is empty: there are no events to publish.'
      : value.length > EVENTS_MAX ? `AppSync accepts up to ${EVENTS_MAX} events at once, not ${value.length}.` : '';
  return showProblem('event', problem) ? value.map((it) => JSON.stringify(it)) : undefined;
};

const showResult = (text, bad) => {
  byId('result').textContent = text;
  byId('result').classList.toggle('bad', bad);
};

const publish = async () => {
  showResult('', false);
  const isValid = checkChannel();
  const events = readEvents();
  if (!isValid || !events) {
    byId(isValid ? 'event' : 'channel').focus();
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
    if (response.ok) showReceipt(answer, channel);
    else showResult(`Rejected: ${reason(answer)}`, true);
  } catch {
    showResult('Cannot reach the emulator. Is it still running?', true);
  } finally {
    button.disabled = false;
  }
};

const reason = ({ errors, message }) => {
  const [error] = errors ?? [];
  return error ? [error.errorType, error.message].filter(Boolean).join(': ') : message ?? 'no reason';
};

const showReceipt = ({ successful, failed }, channel) => {
  const parts = [];
  if (successful.length) parts.push(`${plural(successful.length, 'event')} published to ${channel}`);
  for (const it of failed) parts.push(`event ${it.index} failed: ${it.message}`);
  showResult(parts.join('; ') || 'Nothing was published.', failed.length > 0);
};

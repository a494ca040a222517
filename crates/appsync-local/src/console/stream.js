// The stream of activities, the newest first. The last 500 are kept.
import { byId, element, modeName, now, plural, timeOf } from './dom.js';

const ENTRIES_MAX = 500;
const PREVIEW_MAX = 400;

let shownEntries = [];
let newEntries = [];
let pausedEntries = [];
let paused = false;
let apiId;
let filter = '';
let drawing = false;

export const addActivity = (activity) => {
  const entry = { activity, at: now() };
  if (paused) {
    pausedEntries.push(entry);
    pausedEntries.splice(0, pausedEntries.length - ENTRIES_MAX);
    showPaused();
    return;
  }
  newEntries.push(entry);
  // A burst is drawn at once.
  if (!drawing) requestAnimationFrame(draw);
  drawing = true;
};

/** Selects the API whose activities are shown. */
export const selectApi = (id) => {
  if (id === apiId) return;
  apiId = id;
  drawAll();
};

export const startStream = () => {
  byId('filter').addEventListener('input', ({ target }) => {
    filter = target.value.trim();
    drawAll();
  });
  byId('pause').addEventListener('click', () => {
    paused = !paused;
    if (!paused) {
      newEntries.push(...pausedEntries);
      pausedEntries = [];
      draw();
    }
    showPaused();
  });
  byId('clear').addEventListener('click', () => {
    shownEntries = [];
    newEntries = [];
    pausedEntries = [];
    showPaused();
    drawAll();
  });
  showCount();
};

const showPaused = () => {
  const button = byId('pause');
  button.setAttribute('aria-pressed', String(paused));
  button.textContent = !paused ? 'Pause' : pausedEntries.length ? `Resume (${pausedEntries.length})` : 'Resume';
};

const showCount = () => {
  const shown = byId('rows').childElementCount;
  byId('stream-count').textContent = shown;
  byId('no-rows').hidden = shown > 0;
  byId('no-rows').textContent = filter && shownEntries.length
    ? `No activity has “${filter}” in its channel.`
    : 'No activity yet. Publish with the form above or with any client; events, connections, rejected operations and logs of handlers appear here.';
};

const isShown = ({ activity }) => {
  if (activity.apiId && activity.apiId !== apiId) return false;
  if (!filter) return true;
  const channel = activity.channel ?? (activity.namespace && `/${activity.namespace}`);
  return Boolean(channel?.includes(filter));
};

const draw = () => {
  drawing = false;
  const entries = newEntries;
  newEntries = [];
  shownEntries.push(...entries);
  shownEntries.splice(0, shownEntries.length - ENTRIES_MAX);
  const rows = byId('rows');
  const items = entries.slice(-ENTRIES_MAX).filter(isShown).map(listItem).reverse();
  for (const item of items) item.classList.add('new');
  rows.prepend(...items);
  while (rows.childElementCount > ENTRIES_MAX) rows.lastElementChild.remove();
  showCount();
};

const drawAll = () => {
  byId('rows').replaceChildren(...shownEntries.filter(isShown).map(listItem).reverse());
  showCount();
};

/** Class, label and details of each event of the activity feed. */
const KINDS = {
  published: (it) => ['published', 'Published', publishedParts(it)],
  refused: (it) => ['refused', 'Rejected', rejectedParts(it)],
  logged: (it) => ['logged', it.level.toLowerCase() === 'error' ? 'Error log' : 'Log', [
    line(channelOf(`/${it.namespace}/*`), about(it.handler)), element('code', { class: 'text' }, it.text)]],
  connected: (it) => ['connection', 'Connected', [line(`№ ${it.connection}`, about(modeName(it.mode)))]],
  disconnected: (it) => ['connection', 'Gone', [line(`№ ${it.connection}`, about(it.why))]],
  subscribed: (it) => ['connection', 'Subscribed', [line(channelOf(it.channel), about(`№ ${it.connection}, ${modeName(it.mode)}`))]],
  unsubscribed: (it) => ['connection', 'Left', [line(channelOf(it.channel), about(`№ ${it.connection}`))]],
  missed: (it) => ['missed', 'Missed', [line(`${plural(it.count, 'event')} of the feed came too fast to be shown`)]],
};

const listItem = ({ activity, at }) => {
  const [kind, label, parts] = (KINDS[activity.happened] ?? unknown)(activity);
  const what = element('div', { class: 'what' }, ...parts);
  const cells = [element('time', { datetime: at.toISOString() }, timeOf(at)), element('span', { class: 'kind' }, label), what];
  const [name, texts] = detailsOf(activity);
  if (!texts.length) return element('li', { class: kind }, element('div', { class: 'row' }, ...cells));
  const details = element('details', {}, element('summary', { class: 'row' }, ...cells));
  // Created when the details are opened: an event may be large.
  details.addEventListener('toggle', () => {
    details.append(...texts.map((it) => element('pre', { tabindex: 0, 'aria-label': name }, element('code', {}, it()))));
  }, { once: true });
  return element('li', { class: kind }, details);
};

/** Returns the name and the texts of a row's details: events, or a message of several lines, as for a signature. */
const detailsOf = ({ events = [], message }) => message?.includes('\n')
  ? ['Message', [() => message]]
  : ['Event', events.map((it) => () => JSON.stringify(it, null, 2))];

const unknown = (it) => ['connection', it.happened, [line(JSON.stringify(it))]];
const line = (...parts) => element('div', { class: 'line' }, ...parts);
const channelOf = (channel) => element('code', { class: 'channel' }, channel);
const about = (text) => element('span', { class: 'about' }, text);

const OVER = { http: 'HTTP', websocket: 'WebSocket', console: 'this console' };

const publishedParts = (it) => {
  const lost = [it.failed && `${it.failed} failed`, it.dropped && `${it.dropped} dropped`].filter(Boolean);
  const by = it.over === 'console' ? 'from this console' : `${modeName(it.mode)} over ${OVER[it.over] ?? it.over}`;
  const head = line(channelOf(it.channel), about(`${by}, ${it.events.length ? plural(it.receivers, 'receiver') : 'nothing to deliver'}`),
    it.events.length > 1 ? about(plural(it.events.length, 'event')) : undefined,
    lost.length ? element('span', { class: 'lost' }, lost.join(', ')) : undefined);
  const failures = it.failures.map(({ index, message }) => element('span', { class: 'why' }, `Event ${index} failed: ${message}`));
  if (!it.events.length) return [head, ...failures];
  const text = it.events.map((event) => JSON.stringify(event)).join('  ');
  return [head, element('code', { class: 'preview' }, text.slice(0, PREVIEW_MAX)), ...failures];
};

const rejectedParts = (it) => {
  const [first, ...rest] = it.message?.split('\n') ?? [];
  return [
    line(it.channel ? channelOf(it.channel) : undefined, about(it.operation)),
    element('span', { class: rest.length ? 'text more' : 'text' }, [it.errorType, first].filter(Boolean).join(': ')),
    it.why ? element('span', { class: 'why' }, it.why) : undefined,
  ];
};

// What happens, the newest first. Of all that came, the last 500 are kept.
import { byId, element, modeName, now, plural, timeOf } from './dom.js';

const KEPT_MAX = 500;
const PREVIEW_MAX = 400;

let kept = [];
let waiting = [];
let held = [];
let paused = false;
let apiId;
let filter = '';
let drawing = false;

export const addHappening = (happening) => {
  const entry = { happening, at: now() };
  if (paused) {
    held.push(entry);
    held.splice(0, held.length - KEPT_MAX);
    tellPaused();
    return;
  }
  waiting.push(entry);
  // A burst is drawn at once.
  if (!drawing) requestAnimationFrame(draw);
  drawing = true;
};

/** Shows what happens at this API only. */
export const ofApi = (id) => {
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
      waiting.push(...held);
      held = [];
      draw();
    }
    tellPaused();
  });
  byId('clear').addEventListener('click', () => {
    kept = [];
    waiting = [];
    held = [];
    tellPaused();
    drawAll();
  });
  tellEmpty();
};

const tellPaused = () => {
  const button = byId('pause');
  button.setAttribute('aria-pressed', String(paused));
  button.textContent = !paused ? 'Pause' : held.length ? `Resume (${held.length})` : 'Resume';
};

const tellEmpty = () => {
  const shown = byId('rows').childElementCount;
  byId('stream-count').textContent = shown;
  byId('no-rows').hidden = shown > 0;
  byId('no-rows').textContent = filter && kept.length
    ? `Nothing that is kept has “${filter}” in its channel.`
    : 'Nothing yet. Publish with the form above or with any client; events, connections, refusals and what handlers log show here.';
};

const isShown = ({ happening }) => {
  if (happening.apiId && happening.apiId !== apiId) return false;
  if (!filter) return true;
  const channel = happening.channel ?? (happening.namespace && `/${happening.namespace}`);
  return Boolean(channel?.includes(filter));
};

const draw = () => {
  drawing = false;
  const entries = waiting;
  waiting = [];
  kept.push(...entries);
  kept.splice(0, kept.length - KEPT_MAX);
  const rows = byId('rows');
  const items = entries.slice(-KEPT_MAX).filter(isShown).map(itemOf).reverse();
  for (const item of items) item.classList.add('new');
  rows.prepend(...items);
  while (rows.childElementCount > KEPT_MAX) rows.lastElementChild.remove();
  tellEmpty();
};

const drawAll = () => {
  byId('rows').replaceChildren(...kept.filter(isShown).map(itemOf).reverse());
  tellEmpty();
};

/** Class, label and details of each event of the activity feed. */
const KINDS = {
  published: (it) => ['published', 'Published', publishedParts(it)],
  refused: (it) => ['refused', 'Refused', refusedParts(it)],
  logged: (it) => ['logged', it.level.toLowerCase() === 'error' ? 'Error log' : 'Log', [
    line(channelOf(`/${it.namespace}/*`), about(it.handler)), element('code', { class: 'text' }, it.text)]],
  connected: (it) => ['connection', 'Connected', [line(`№ ${it.connection}`, about(modeName(it.mode)))]],
  disconnected: (it) => ['connection', 'Gone', [line(`№ ${it.connection}`, about(it.why))]],
  subscribed: (it) => ['connection', 'Subscribed', [line(channelOf(it.channel), about(`№ ${it.connection}, ${modeName(it.mode)}`))]],
  unsubscribed: (it) => ['connection', 'Left', [line(channelOf(it.channel), about(`№ ${it.connection}`))]],
  missed: (it) => ['missed', 'Missed', [line(`${plural(it.count, 'event')} of the feed came faster than they could be shown`)]],
};

const itemOf = ({ happening, at }) => {
  const [kind, label, parts] = (KINDS[happening.happened] ?? unknown)(happening);
  const what = element('div', { class: 'what' }, ...parts);
  const cells = [element('time', { datetime: at.toISOString() }, timeOf(at)), element('span', { class: 'kind' }, label), what];
  const [name, texts] = moreOf(happening);
  if (!texts.length) return element('li', { class: kind }, element('div', { class: 'row' }, ...cells));
  const details = element('details', {}, element('summary', { class: 'row' }, ...cells));
  // Made when somebody wants it: an event may be large.
  details.addEventListener('toggle', () => {
    details.append(...texts.map((it) => element('pre', { tabindex: 0, 'aria-label': name }, element('code', {}, it()))));
  }, { once: true });
  return element('li', { class: kind }, details);
};

/** What opens below a row, each made when it does: events, or a message of several lines, such as a signature's. */
const moreOf = ({ events = [], message }) => message?.includes('\n')
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

const refusedParts = (it) => {
  const [first, ...rest] = it.message?.split('\n') ?? [];
  return [
    line(it.channel ? channelOf(it.channel) : undefined, about(it.operation)),
    element('span', { class: rest.length ? 'text more' : 'text' }, [it.errorType, first].filter(Boolean).join(': ')),
    it.why ? element('span', { class: 'why' }, it.why) : undefined,
  ];
};

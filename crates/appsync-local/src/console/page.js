// The console of the emulator: its APIs and their activity. All data comes from the program that serves this page;
// nothing is stored.
import { showApi, showConnections } from './api.js';
import { byId, dayOf, element, isClockMoved, now, plural, setClock, timeOf } from './dom.js';
import { publishTo, startForm } from './publish.js';
import { addActivity, selectApi, startStream } from './stream.js';

const DEBOUNCE_MS = 60;
const RECONNECT_MS = 1000;

let apis = [];
let connections = [];
let selectedId = location.hash.slice(1);
let shownText = '';

const get = async (path) => {
  const response = await fetch(path, { headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
};

/** Returns a function that calls `load` shortly after its last call. */
const debounce = (load) => {
  let timer;
  return () => {
    clearTimeout(timer);
    // If the program cannot be reached, the page updates when the stream is back.
    timer = setTimeout(() => load().catch(() => {}), DEBOUNCE_MS);
  };
};

const loadApis = debounce(async () => {
  const answer = await get('/_provision/apis');
  setClock(answer.nowEpochS);
  apis = answer.apis;
  show();
});

const loadConnections = debounce(async () => {
  connections = await get('/_provision/connections');
  const api = current();
  if (api) showConnections(connections, api);
});

const current = () => apis.find((it) => it.apiId === selectedId) ?? apis[0];

const show = () => {
  const api = current();
  showList(api);
  byId('no-api').hidden = Boolean(api);
  byId('one-api').hidden = !api;
  byId('account').textContent = api?.account ?? '–';
  byId('region').textContent = api?.region ?? '–';
  document.title = api ? `${api.name} – provision console` : 'provision console';
  if (!api) return;
  // Elements that did not change keep their focus, their selection and their open details.
  const text = JSON.stringify(api);
  if (text !== shownText) showApi(api);
  shownText = text;
  showConnections(connections, api);
  publishTo(api);
  selectApi(api.apiId);
};

const showList = (api) => {
  const focused = document.activeElement?.dataset?.api;
  const entry = (it) => {
    const where = `${it.region}, ${plural(it.namespaces.length, 'namespace')}`;
    const button = element('button', { type: 'button', 'data-api': it.apiId, 'aria-current': it === api ? 'true' : undefined }, it.name, element('small', {}, where));
    button.addEventListener('click', () => {
      selectedId = it.apiId;
      history.replaceState(null, '', `#${selectedId}`);
      show();
    });
    return element('li', {}, button);
  };
  const none = () => element('li', { class: 'hint' }, 'None yet.');
  byId('apis').replaceChildren(...(apis.length ? apis.map(entry) : [none()]));
  if (focused) byId('apis').querySelector(`[data-api="${CSS.escape(focused)}"]`)?.focus();
};

const showLink = (state, text) => {
  const link = byId('link');
  if (link.dataset.state === state && link.textContent === text) return;
  link.dataset.state = state;
  link.textContent = text;
};

const CONNECTION_ACTIVITIES = ['connected', 'disconnected', 'subscribed', 'unsubscribed'];

const watch = () => {
  const source = new EventSource('/_provision/feed');
  source.addEventListener('open', () => {
    showLink('live', 'Live');
    loadApis();
    loadConnections();
  });
  source.addEventListener('changed', loadApis);
  source.addEventListener('missed', ({ data }) => {
    addActivity({ happened: 'missed', count: Number(data) });
    loadConnections();
  });
  source.addEventListener('happening', ({ data }) => {
    const activity = JSON.parse(data);
    addActivity(activity);
    if (CONNECTION_ACTIVITIES.includes(activity.happened)) loadConnections();
  });
  source.addEventListener('error', () => {
    showLink('waiting', 'Reconnecting…');
    // Connected clients are disconnected with the server, or are reported again.
    connections = [];
    const api = current();
    if (api) showConnections(connections, api);
    if (source.readyState === EventSource.CLOSED) {
      source.close();
      setTimeout(watch, RECONNECT_MS);
    }
  });
};

const tick = () => {
  const time = now();
  const clock = byId('clock');
  clock.dateTime = time.toISOString();
  clock.textContent = isClockMoved() ? `${dayOf(time)} ${timeOf(time)}, adjusted` : timeOf(time);
};

startForm();
startStream();
watch();
tick();
setInterval(tick, 1000);

// The console of the emulator: its APIs and their activity. Everything comes from the program that serves
// this page; nothing is kept.
import { showApi, showConnections } from './api.js';
import { byId, dayOf, element, isMoved, now, plural, setClock, timeOf } from './dom.js';
import { publishTo, startForm } from './publish.js';
import { addHappening, ofApi, startStream } from './stream.js';

const SETTLE_MS = 60;
const AGAIN_MS = 1000;

let apis = [];
let connections = [];
let chosen = location.hash.slice(1);
let shown = '';

const get = async (path) => {
  const response = await fetch(path, { headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
};

/** Calls `load` soon, once for many reasons; a reason that comes meanwhile makes it do it again. */
const soon = (load) => {
  let timer;
  return () => {
    clearTimeout(timer);
    // If the program cannot be reached, the page updates when the stream is back.
    timer = setTimeout(() => load().catch(() => {}), SETTLE_MS);
  };
};

const loadApis = soon(async () => {
  const answer = await get('/_provision/apis');
  setClock(answer.nowEpochS);
  apis = answer.apis;
  show();
});

const loadConnections = soon(async () => {
  connections = await get('/_provision/connections');
  const api = current();
  if (api) showConnections(connections, api);
});

const current = () => apis.find((it) => it.apiId === chosen) ?? apis[0];

const show = () => {
  const api = current();
  showList(api);
  byId('no-api').hidden = Boolean(api);
  byId('one-api').hidden = !api;
  byId('account').textContent = api?.account ?? '–';
  byId('region').textContent = api?.region ?? '–';
  document.title = api ? `${api.name} – provision console` : 'provision console';
  if (!api) return;
  // What did not change keeps its focus, its selection and what is open.
  const text = JSON.stringify(api);
  if (text !== shown) showApi(api);
  shown = text;
  showConnections(connections, api);
  publishTo(api);
  ofApi(api.apiId);
};

const showList = (api) => {
  const focused = document.activeElement?.dataset?.api;
  const entry = (it) => {
    const where = `${it.region}, ${plural(it.namespaces.length, 'namespace')}`;
    const button = element('button', { type: 'button', 'data-api': it.apiId, 'aria-current': it === api ? 'true' : undefined }, it.name, element('small', {}, where));
    button.addEventListener('click', () => {
      chosen = it.apiId;
      history.replaceState(null, '', `#${chosen}`);
      show();
    });
    return element('li', {}, button);
  };
  const none = () => element('li', { class: 'hint' }, 'None yet.');
  byId('apis').replaceChildren(...(apis.length ? apis.map(entry) : [none()]));
  if (focused) byId('apis').querySelector(`[data-api="${CSS.escape(focused)}"]`)?.focus();
};

const tellLink = (state, text) => {
  const link = byId('link');
  if (link.dataset.state === state && link.textContent === text) return;
  link.dataset.state = state;
  link.textContent = text;
};

const OF_CONNECTIONS = ['connected', 'disconnected', 'subscribed', 'unsubscribed'];

const watch = () => {
  const source = new EventSource('/_provision/feed');
  source.addEventListener('open', () => {
    tellLink('live', 'Live');
    loadApis();
    loadConnections();
  });
  source.addEventListener('changed', loadApis);
  source.addEventListener('missed', ({ data }) => {
    addHappening({ happened: 'missed', count: Number(data) });
    loadConnections();
  });
  source.addEventListener('happening', ({ data }) => {
    const happening = JSON.parse(data);
    addHappening(happening);
    if (OF_CONNECTIONS.includes(happening.happened)) loadConnections();
  });
  source.addEventListener('error', () => {
    tellLink('waiting', 'Reconnecting…');
    // Clients that were connected are gone with the server, or are reported again.
    connections = [];
    const api = current();
    if (api) showConnections(connections, api);
    if (source.readyState === EventSource.CLOSED) {
      source.close();
      setTimeout(watch, AGAIN_MS);
    }
  });
};

const tick = () => {
  const time = now();
  const clock = byId('clock');
  clock.dateTime = time.toISOString();
  clock.textContent = isMoved() ? `${dayOf(time)} ${timeOf(time)}, moved` : timeOf(time);
};

startForm();
startStream();
watch();
tick();
setInterval(tick, 1000);

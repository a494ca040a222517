// One API: its endpoints, its auth modes, its keys and its connections.
import { byId, copyButton, dayOf, element, screenReaderText, modeName, now, plural, timeOf } from './dom.js';

export const showApi = (api) => {
  byId('api-name').textContent = api.name;
  byId('api-id').textContent = api.apiId;
  showEndpoints(api);
  showAccess(api);
  showCredentials(api);
  byId('channels').replaceChildren(...api.namespaces.map((it) => element('option', { value: `/${it.name}/` })));
};

const showEndpoints = ({ urls, hosts, domains }) => {
  const row = (title, text, what = title) =>
    element('div', {}, element('dt', {}, title), element('dd', {}, element('code', { title: text }, text), copyButton(text, what)));
  const list = element('dl', { class: 'endpoints' },
    row('Publish, TLS', urls.https, 'the URL to publish to, with TLS'),
    row('Realtime, TLS', urls.secureRealtime, 'the realtime URL, with TLS'),
    row('HTTP host', hosts.http), row('Realtime host', hosts.realtime),
    ...domains.map((it) => row('Domain', it)));
  const more = element('details', { class: 'more' }, element('summary', {}, 'With TLS, and AWS’s hosts'), list);
  byId('endpoints').replaceChildren(row('Publish', urls.http, 'the URL to publish to'), row('Realtime', urls.realtime, 'the realtime URL'));
  const section = byId('endpoints').parentElement;
  const before = section.querySelector('.more');
  more.open = before?.open ?? false;
  before?.remove();
  section.append(more);
};

const chips = (modes, kind = 'chip') => modes.map((it) => element('span', { class: kind, title: it }, modeName(it)));

const showAccess = (api) => {
  byId('connect').replaceChildren(...(api.connect.length ? chips(api.connect) : ['no one']));
  const cell = ({ modes, inherited }) => {
    const nodes = chips(modes, inherited ? 'chip' : 'chip own');
    const separated = nodes.flatMap((chip, n) => (n ? [screenReaderText(', '), chip] : [chip]));
    const origin = screenReaderText(inherited ? 'by the API’s default: ' : 'by the namespace’s own: ');
    return element('td', {}, origin, element('span', { class: 'chips' }, ...(separated.length ? separated : ['no one'])));
  };
  const row = (it) => {
    const handlers = it.handlers.length ? element('small', {}, it.handlers.join(', ')) : undefined;
    const name = element('th', { scope: 'row' }, element('code', {}, it.channels), handlers);
    return element('tr', {}, name, cell(it.publish), cell(it.subscribe));
  };
  const head = ['Channels', 'Publish', 'Subscribe'].map((it) => element('th', { scope: 'col' }, it));
  const none = () => element('tr', {}, element('td', { colspan: 3 }, 'No channel namespace yet: declare one in the spec, under namespaces.'));
  byId('access').replaceChildren(
    element('caption', { class: 'hidden' }, `Who may publish to and subscribe to the channels of ${api.name}`),
    element('thead', {}, element('tr', {}, ...head)),
    element('tbody', {}, ...(api.namespaces.length ? api.namespaces.map(row) : [none()])));
};

const WITHOUT_DETAIL = {
  API_KEY: ({ keys }) => plural(keys.length, 'key'),
  AWS_IAM: () => 'signed requests, SigV4',
};

/** Returns a key's description, and the address in the ownership marker at its end. */
const describeKey = (description) => {
  const [, text, address] = /^(.*?) ?\[provision:[^/\]]*\/([^#\]]*)[^\]]*\]$/s.exec(description ?? '') ?? [];
  return address ? [text || 'Key', element('code', {}, address)] : [description || 'Key without a description'];
};

const showCredentials = (api) => {
  const provider = (it) =>
    element('li', {}, ...chips([it.mode]), element('span', { class: 'detail hint' }, it.detail ?? WITHOUT_DETAIL[it.mode]?.(api) ?? it.mode));
  const key = (it) => {
    const end = new Date(it.expiresEpochS * 1000);
    const isExpired = end <= now();
    const until = element('span', { class: isExpired ? 'over' : 'hint' }, isExpired ? 'expired ' : 'expires ', element('time', { datetime: end.toISOString() }, `${dayOf(end)} ${timeOf(end).slice(0, 5)}`));
    const [text, address] = describeKey(it.description);
    return element('li', {}, element('span', { class: 'detail' }, text), address, until);
  };
  byId('proofs').replaceChildren(...api.providers.map(provider), ...api.keys.map(key));
};

export const showConnections = (connections, api) => {
  const ownConnections = connections.filter((it) => it.apiId === api.apiId);
  byId('connection-count').textContent = ownConnections.length;
  const row = (it) => {
    const since = new Date(it.sinceEpochS * 1000);
    const channels = it.subscriptions.map(({ channel }) => element('li', {}, element('code', {}, channel)));
    return element('li', {},
      element('strong', {}, `№ ${it.connection}`), ...chips([it.mode]),
      element('span', { class: 'hint' }, 'since ', element('time', { datetime: since.toISOString() }, timeOf(since))),
      channels.length ? element('ul', { class: 'channels', 'aria-label': 'Subscribed to' }, ...channels) : element('span', { class: 'hint' }, 'no subscriptions'));
  };
  const channel = api.namespaces[0]?.name ?? 'NAMESPACE';
  const none = element('li', { class: 'hint' }, element('span', {}, 'No client is connected. Try ', element('code', {}, `provision subscribe spec.yaml '/${channel}/*' --local`)));
  byId('connections').replaceChildren(...(ownConnections.length ? ownConnections.map(row) : [none]));
};

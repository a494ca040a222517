// What the modules of the page share: elements created from data, never from markup, and the names of auth modes.

export const byId = (id) => document.getElementById(id);

/** Creates an element. Children that are strings become text, never markup. */
export const element = (name, attributes = {}, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null) continue;
    if (key === 'class') node.className = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((it) => it !== undefined && it !== null));
  return node;
};

/** Creates text for screen readers only. */
export const screenReaderText = (text) => element('span', { class: 'hidden' }, text);

const MODES = {
  API_KEY: 'API key',
  AWS_IAM: 'IAM',
  AMAZON_COGNITO_USER_POOLS: 'Cognito',
  OPENID_CONNECT: 'OIDC',
  AWS_LAMBDA: 'Lambda',
  OWNER: 'admin',
};
export const modeName = (mode) => MODES[mode] ?? mode;

export const plural = (count, noun) => `${count} ${noun}${count === 1 ? '' : 's'}`;

// The emulator's clock, which may be set to another time than this machine's.
let offsetMs = 0;
export const setClock = (nowEpochS) => {
  offsetMs = nowEpochS * 1000 - Date.now();
};
export const now = () => new Date(Date.now() + offsetMs);
export const isClockMoved = () => Math.abs(offsetMs) > 5000;

const twoDigits = (number) => String(number).padStart(2, '0');
export const timeOf = (date) => [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
export const dayOf = (date) => `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}`;

/** Announces a text to screen readers. */
export const announce = (text) => {
  byId('status').textContent = text;
};

/** Creates a button that copies `text`. */
export const copyButton = (text, what) => {
  const button = element('button', { type: 'button', class: 'copy', 'aria-label': `Copy ${what}` }, 'Copy');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = 'Copied';
      announce(`Copied ${what}`);
    } catch {
      button.textContent = 'Denied';
      announce('The browser does not let this page copy');
    }
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 1500);
  });
  return button;
};

// What the parts of the page share: elements made of data, never of markup, and words for what AppSync calls things.

export const byId = (id) => document.getElementById(id);

/** An element. Text is text, whatever it holds. */
export const element = (name, given = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || value === null) continue;
    if (key === 'class') made.className = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((it) => it !== undefined && it !== null));
  return made;
};

/** Text for those who listen, not for those who look. */
export const heard = (text) => element('span', { class: 'hidden' }, text);

const MODES = {
  API_KEY: 'API key',
  AWS_IAM: 'IAM',
  AMAZON_COGNITO_USER_POOLS: 'Cognito',
  OPENID_CONNECT: 'OIDC',
  AWS_LAMBDA: 'Lambda',
  OWNER: 'owner',
};
export const modeName = (mode) => MODES[mode] ?? mode;

export const plural = (count, noun) => `${count} ${noun}${count === 1 ? '' : 's'}`;

// The clock of the emulator, which faults may have moved from this machine's.
let offMs = 0;
export const setClock = (nowEpochS) => {
  offMs = nowEpochS * 1000 - Date.now();
};
export const now = () => new Date(Date.now() + offMs);
export const isMoved = () => Math.abs(offMs) > 5000;

const two = (number) => String(number).padStart(2, '0');
export const timeOf = (date) => [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
export const dayOf = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;

/** Says something to those who listen. */
export const say = (text) => {
  byId('status').textContent = text;
};

/** A button that copies `text`. */
export const copyButton = (text, what) => {
  const button = element('button', { type: 'button', class: 'copy', 'aria-label': `Copy ${what}` }, 'Copy');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = 'Copied';
      say(`Copied ${what}`);
    } catch {
      button.textContent = 'Denied';
      say('The browser does not let this page copy');
    }
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 1500);
  });
  return button;
};

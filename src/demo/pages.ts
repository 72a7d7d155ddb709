import type { Person } from './people.js';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => entities[character] ?? character);

const style = `
  :root { color-scheme: light dark; --ink: light-dark(#1c2430, #e8ecf2); --paper: light-dark(#f4f6f9, #12161d);
    --card: light-dark(#fff, #1b212b); --line: light-dark(#dde3ea, #2c3441); --accent: #2f6fed; --faint: light-dark(#667, #98a2b3); }
  * { box-sizing: border-box; }
  body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
  main { max-width: 46rem; margin: 8vh auto; padding: 0 1rem; display: grid; gap: 1.25rem; }
  .narrow { max-width: 24rem; }
  section { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1.5rem 1.75rem; }
  h1 { font-size: 1.35rem; margin: 0 0 .25rem; } p { margin: .25rem 0 1rem; color: var(--faint); }
  label { display: block; margin: .75rem 0; font-size: .9rem; }
  input:not([type=hidden]) { width: 100%; padding: .6rem .7rem; margin-top: .25rem; font: inherit; color: inherit;
    background: transparent; border: 1px solid var(--line); border-radius: 8px; }
  button, .button { display: inline-block; padding: .5rem .95rem; font: inherit; font-weight: 600; cursor: pointer; border-radius: 8px;
    border: 1px solid var(--accent); background: var(--accent); color: #fff; text-decoration: none; }
  button.quiet { background: transparent; color: var(--accent); font-weight: 500; }
  button.small { padding: .15rem .5rem; font-size: .8rem; }
  section > form, section > .button { margin-bottom: .35rem; } button, .button { margin-bottom: .25rem; }
  iframe { width: 100%; height: 16rem; border: 0; color-scheme: light dark; } .end { text-align: right; }
  .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1.25rem; } .columns form { display: block; }
  form { display: inline; } .error { color: #d33; } code { font-size: .85em; overflow-wrap: anywhere; }
  table { width: 100%; border-collapse: collapse; } td { padding: .5rem .25rem; border-top: 1px solid var(--line); vertical-align: middle; }`;

function page(title: string, body: string, narrow = true): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><style>${style}</style></head>
<body><main${narrow ? ' class="narrow"' : ''}>${body}</main></body></html>`;
}

const post = (action: string, label: string, fields: Readonly<Record<string, string>> = {}, look = 'quiet'): string =>
  `<form method="post" action="${escaped(action)}">${Object.entries(fields)
    .map(([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`)
    .join('')}<button class="${look}">${escaped(label)}</button></form>`;

export function loginPage(uid: string, application: string, error?: string): string {
  return page(
    'Log in',
    `<section><h1>Log in</h1><p>to go on to <b>${escaped(application)}</b></p>
${error === undefined ? '' : `<p class="error">${escaped(error)}</p>`}
<form method="post" action="/interaction/${escaped(uid)}/login">
<label>Name <input name="username" autocomplete="username" autofocus required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Log in</button></form></section>`,
  );
}

export function consentPage(uid: string, application: string, scopes: readonly string[]): string {
  return page(
    'Allow?',
    `<section><h1>Allow ${escaped(application)}?</h1><p>It asks for: ${scopes.map((scope) => `<code>${escaped(scope)}</code>`).join(', ')}</p>
${post(`/interaction/${uid}/consent`, 'Allow', {}, '')}</section>`,
  );
}

/** @param form of oidc-provider, with its protection against forged requests */
export function logoutPage(form: string): string {
  return page(
    'Log out',
    `<section><h1>Log out?</h1><p>This ends your session at the identity server.</p>${form}
<button form="op.logoutForm" name="logout" value="yes">Log out</button>
<button form="op.logoutForm" class="quiet">Stay</button></section>`,
  );
}

export function messagePage(title: string, text: string): string {
  return page(
    title,
    `<section><h1>${escaped(title)}</h1><p>${escaped(text)}</p><a class="button" href="/">Back</a></section>`,
  );
}

const field = (label: string, name: string, more = ''): string =>
  `<label>${label} <input name="${name}" ${more} required></label>`;
const newPassword = 'type="password" minlength="8" autocomplete="new-password"';
const oldPassword = 'type="password" autocomplete="current-password"';

/** What the shop knows of who is logged in to it. */
export interface ShopView {
  readonly name: string;
  readonly scope: string;
  readonly refreshes: number;
  readonly revoked: boolean;
}

function shopCard(shop: ShopView | undefined): string {
  const body =
    shop === undefined
      ? `<p>A relying party of the identity server. Try alice / wonderland, or a wrong password.</p><a class="button" href="/shop/login">Log in</a>`
      : `<p>Hello, <b>${escaped(shop.name)}</b>. Scope: <code>${escaped(shop.scope)}</code>. Token refreshed ${shop.refreshes} times${shop.revoked ? ', <b>revoked</b>' : ''}.</p>
<a class="button" href="/shop/login">Log in again (single sign-on)</a>
${post('/shop/refresh', 'Refresh the token')} ${post('/shop/revoke', 'Revoke the token')} ${post('/shop/logout', 'Log out')}`;
  return `<section><h1>The shop</h1>${body}</section>`;
}

function accountCard(person: Person | undefined): string {
  if (person === undefined)
    return `<section><h1>Your account</h1><p>At the identity server itself.</p><div class="columns">
<form method="post" action="/account/register">${field('Name', 'username', 'placeholder="carol" autocomplete="username"')}
${field('Full name', 'name', 'placeholder="Carol"')}${field('Password', 'password', newPassword)}<button>Register</button></form>
<form method="post" action="/account/sign-in">${field('Name', 'username', 'autocomplete="username"')}
${field('Password', 'password', oldPassword)}<button class="quiet">Sign in</button></form></div></section>`;
  return `<section><h1>Your account</h1><p>Signed in as <b>${escaped(person.username)}</b>: ${escaped(person.name)}, ${escaped(person.email)}.
${post('/account/sign-out', 'Sign out', {}, 'quiet small')}</p><div class="columns">
<form method="post" action="/account/profile">${field('Full name', 'name', `value="${escaped(person.name)}"`)}<button class="quiet">Change the profile</button></form>
<form method="post" action="/account/password">${field('Password', 'current', oldPassword)}${field('New password', 'password', newPassword)}
<button class="quiet">Change the password</button></form>
<form method="post" action="/account/delete">${field('Password', 'password', oldPassword)}<button class="quiet">Delete the account</button></form></div></section>`;
}

function personRow({ id, username, name, banned }: Person): string {
  const about = { userId: id };
  const ban = banned
    ? post('/admin/unban', 'unban', about, 'quiet small')
    : post('/admin/ban', 'ban', about, 'quiet small');
  return `<tr><td><b>${escaped(username)}</b> ${banned ? '<small>(banned)</small>' : ''}<br><small>${escaped(name)}</small></td>
<td class="end">${ban} ${post('/admin/remove', 'remove', about, 'quiet small')}</td></tr>`;
}

function adminCard(person: Person | undefined, people: readonly Person[]): string {
  if (person?.role !== 'admin')
    return '<section><h1>Everybody</h1><p>Sign in as admin / administrator to ban, unban and remove people.</p></section>';
  const others = people.filter(({ id }) => id !== person.id);
  return `<section><h1>Everybody</h1><table>${others.map(personRow).join('')}</table></section>`;
}

/** @param person whose session the browser has at the identity server */
export function homePage(shop: ShopView | undefined, person: Person | undefined, people: readonly Person[]): string {
  return page(
    'Setwire demo',
    `${shopCard(shop)}${accountCard(person)}${adminCard(person, people)}
<section><h1>What the receivers have got</h1><p>Newest first; the terminal shows each attempt.</p>
<iframe src="/received" title="What the receivers have got"></iframe></section>`,
    false,
  );
}

/** A SET that a receiver has verified. */
export interface Arrival {
  readonly receiver: string;
  /** Short name of its event type. */
  readonly event: string;
  readonly jti: string;
}

/** It renews itself, within the home page. */
export function arrivalsPage(arrivals: readonly Arrival[]): string {
  const rows = arrivals.map(
    ({ receiver, event, jti }) =>
      `<tr><td>${escaped(receiver)}</td><td>${escaped(event)}</td><td><code>${escaped(jti.slice(0, 8))}</code></td></tr>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>Received</title><style>${style}
body { background: transparent; }</style></head><body><table>${rows.join('') || '<tr><td>Nothing yet.</td></tr>'}</table></body></html>`;
}

import { Browser } from './browser.js';

/** One step of what people and the client do, for the terminal. */
export type Tell = (step: string) => void;

function expectPage(browser: Browser, words: string): void {
  if (!browser.html.includes(words)) throw new Error(`expected a page that says "${words}"`);
}

/** Someone at the shop: a wrong password, the right one, single sign-on, refresh, revocation, logout. */
export async function playPerson(origin: string, tell: Tell): Promise<void> {
  const browser = new Browser(origin);
  await browser.open('/');
  tell('alice types a wrong password');
  await browser.open('/shop/login');
  await browser.submit('/login', { username: 'alice', password: 'looking-glass' });
  expectPage(browser, 'Name or password is wrong');
  tell('alice logs in, and allows the shop to know her');
  await browser.submit('/login', { username: 'alice', password: 'wonderland' });
  await browser.submit('/consent');
  expectPage(browser, 'Hello, <b>Alice</b>');
  tell('alice comes back: single sign-on');
  await browser.open('/shop/login');
  expectPage(browser, 'Hello, <b>Alice</b>');
  tell('the shop refreshes its token, and revokes it');
  await browser.submit('/shop/refresh');
  expectPage(browser, 'refreshed 1 times');
  await browser.submit('/shop/revoke');
  expectPage(browser, '<b>revoked</b>');
  tell('alice logs out');
  await browser.submit('/shop/logout');
  await browser.submit('/session/end/confirm', { logout: 'yes' });
  expectPage(browser, 'href="/shop/login">Log in</a>');
  expectPage(browser, 'Register');
}

/** A program with credentials of its own: once wrong, once right. */
export async function playClient(origin: string, secret: string, tell: Tell): Promise<void> {
  const ask = (password: string): Promise<Response> =>
    fetch(`${origin}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`machine:${password}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
  tell('the client "machine" shows a wrong secret');
  const refused = await ask('not-the-secret');
  if (refused.status !== 401) throw new Error(`a wrong client secret was answered with ${refused.status}`);
  tell('the client "machine" gets a token');
  const granted = await ask(secret);
  if (granted.status !== 200) throw new Error(`client credentials were answered with ${granted.status}`);
}

/** Somebody who guesses: so many failures of one user are suspicious. */
export async function playBurglar(origin: string, tell: Tell): Promise<void> {
  tell("somebody guesses bob's password, three times");
  const browser = new Browser(origin);
  await browser.open('/shop/login');
  for (const password of ['bob', 'bob1', 'bob123']) {
    await browser.submit('/login', { username: 'bob', password });
    expectPage(browser, 'Name or password is wrong');
  }
}

/** An account from its beginning to its end, with what an administrator does to it. */
export async function playAccount(origin: string, tell: Tell): Promise<void> {
  const [carol, other, admin] = [new Browser(origin), new Browser(origin), new Browser(origin)];
  const registration = { username: 'carol', name: 'Carol', password: 'secret-garden' };
  tell('carol registers; dave chooses a password that is too short');
  await carol.open('/');
  await carol.submit('/account/register', registration);
  expectPage(carol, 'Signed in as <b>carol</b>');
  await other.open('/');
  await other.submit('/account/register', { username: 'dave', name: 'Dave', password: 'short' });
  expectPage(other, 'This did not work');
  tell('carol changes her profile, and her password');
  await carol.submit('/account/profile', { name: 'Carol the Second' });
  expectPage(carol, 'Carol the Second');
  await carol.submit('/account/password', { current: 'secret-garden', password: 'walled-garden' });
  tell('carol goes to the shop: her session at the identity server is enough');
  await carol.open('/shop/login');
  await carol.submit('/consent');
  expectPage(carol, 'Hello, <b>Carol the Second</b>');
  tell('an administrator bans carol, who cannot sign in then, and unbans her');
  await admin.open('/');
  await admin.submit('/account/sign-in', { username: 'admin', password: 'administrator' });
  const carolsId = idOf(admin, 'carol');
  await admin.submit('/admin/ban', {}, carolsId);
  expectPage(admin, '(banned)');
  await other.open('/');
  await other.submit('/account/sign-in', { username: 'carol', password: 'walled-garden' });
  expectPage(other, 'This did not work');
  await admin.submit('/admin/unban', {}, carolsId);
  tell('carol signs in again, and deletes her account');
  await other.open('/');
  await other.submit('/account/sign-in', { username: 'carol', password: 'walled-garden' });
  await other.submit('/account/delete', { password: 'walled-garden' });
  expectPage(other, 'Register');
}

/** The id in the row of somebody in the administrator's list. */
function idOf(browser: Browser, username: string): string {
  const row = browser.html.split('<tr>').find((one) => one.includes(`<b>${username}</b>`));
  const id = /name="userId" value="([^"]+)"/.exec(row ?? '')?.[1];
  if (id === undefined) throw new Error(`the list has no ${username}`);
  return id;
}

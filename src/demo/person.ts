/** One step of what the person and the client do, for the terminal. */
export type Tell = (step: string) => void;

const get = (html: string, pattern: RegExp, what: string): string => {
  const found = pattern.exec(html)?.[1];
  if (found === undefined) throw new Error(`the page has no ${what}`);
  return found.replaceAll('&amp;', '&');
};

/** A person's browser: cookies, redirects, links and forms, and nothing else. */
class Browser {
  readonly #cookies = new Map<string, string>();
  #url: string;
  #html = '';

  constructor(origin: string) {
    this.#url = origin;
  }

  get html(): string {
    return this.#html;
  }

  async open(path: string, form?: Record<string, string>): Promise<void> {
    let body = form && new URLSearchParams(form);
    let target = new URL(path, this.#url);
    for (let hops = 0; hops < 20; hops++) {
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const headers = { cookie, 'user-agent': 'Setwire demo person' };
      const response = await fetch(target, {
        method: body ? 'POST' : 'GET',
        headers,
        body: body ?? null,
        redirect: 'manual',
      });
      for (const line of response.headers.getSetCookie()) this.#keep(line);
      const location = response.headers.get('location');
      if (location === null) {
        this.#url = target.href;
        this.#html = await response.text();
        if (response.status >= 500) throw new Error(`${target.pathname} answered ${response.status}`);
        return;
      }
      await response.arrayBuffer();
      target = new URL(location, target);
      body = undefined;
    }
    throw new Error('the redirects have no end');
  }

  /** Sends the form of the page whose action ends in `action`, its hidden fields included. */
  async submit(action: string, fields: Record<string, string> = {}): Promise<void> {
    const forms = this.#html.match(/<form[\s\S]*?<\/form>/g) ?? [];
    const form = forms.find((one) => get(one, /action="([^"]*)"/, 'action').endsWith(action));
    if (form === undefined) throw new Error(`the page has no form for ${action}`);
    const hidden = [...form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [
      name,
      value,
    ]);
    await this.open(get(form, /action="([^"]*)"/, 'action'), { ...Object.fromEntries(hidden), ...fields });
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(/;\s*/);
    const name = pair.slice(0, pair.indexOf('='));
    const value = pair.slice(name.length + 1);
    const expires = attributes.find((attribute) => /^expires=/i.test(attribute))?.slice('expires='.length);
    if (value === '' || (expires !== undefined && Date.parse(expires) <= Date.now())) this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }
}

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

/** An administrator, and what no bus of an identity provider knows: accounts. */
export async function playAdministrator(origin: string, tell: Tell): Promise<void> {
  const browser = new Browser(origin);
  await browser.open('/');
  tell('carol registers; someone tries her name again');
  await browser.submit('/accounts', { username: 'carol', password: 'secret-garden' });
  await browser.submit('/accounts', { username: 'carol', password: 'other-garden' });
  expectPage(browser, 'the name is taken');
  await browser.open('/');
  const id = get(browser.html, /<b>carol<\/b>[\s\S]*?action="\/accounts\/([^/"]+)\//, 'account of carol');
  for (const action of ['profile', 'password', 'lock', 'unlock', 'disable', 'enable', 'delete']) {
    tell(`the administrator chooses "${action}" for carol`);
    await browser.submit(`/accounts/${id}/${action}`);
  }
}

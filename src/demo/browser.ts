const get = (html: string, pattern: RegExp, what: string): string => {
  const found = pattern.exec(html)?.[1];
  if (found === undefined) throw new Error(`the page has no ${what}`);
  return found.replaceAll('&amp;', '&');
};

/** A person's browser: cookies, redirects, links and forms, and nothing else. */
export class Browser {
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
      const headers = { cookie, origin: target.origin, 'user-agent': 'Setwire demo person' };
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

  /**
   * Sends the form of the page whose action ends in `action`, its hidden fields included.
   *
   * @param holding what the form has to contain, where there are several
   */
  async submit(action: string, fields: Record<string, string> = {}, holding = ''): Promise<void> {
    const forms = this.#html.match(/<form[\s\S]*?<\/form>/g) ?? [];
    const form = forms.find((one) => get(one, /action="([^"]*)"/, 'action').endsWith(action) && one.includes(holding));
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

import { randomUUID } from 'node:crypto';
import { Authenticator } from './authenticator.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The id that the request had. */
  readonly requestId: string;
  /** The body, where it is JSON. */
  readonly body: Record<string, unknown>;
}

/** A person's browser at better-auth. */
export class Person {
  readonly #url: string;
  readonly #cookies = new Map<string, string>();
  /** Every cookie's value that was ever set, and every token and code in an answer: what must never leave. */
  readonly seen = new Set<string>();
  readonly authenticator = new Authenticator();

  constructor(url: string) {
    this.#url = url;
  }

  post(path: string, body: object = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#ask('POST', path, { 'content-type': 'application/json', ...headers }, JSON.stringify(body));
  }

  /** As an OAuth client's form. */
  form(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.#ask('POST', path, { ...type, ...headers }, String(new URLSearchParams(fields)));
  }

  get(path: string): Promise<Answer> {
    return this.#ask('GET', path, {});
  }

  /** Signs out without telling anybody: the cookies are gone. */
  forget(): void {
    this.#cookies.clear();
  }

  async #ask(method: string, path: string, headers: Record<string, string>, body?: string): Promise<Answer> {
    const requestId = `request-${randomUUID()}`;
    const response = await fetch(`${this.#url}/api/auth${path}`, {
      method,
      redirect: 'manual',
      headers: {
        origin: this.#url,
        cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        'user-agent': 'Person/1.0',
        'x-forwarded-for': '203.0.113.7',
        'x-request-id': requestId,
        ...headers,
      },
      ...(body !== undefined && { body }),
    });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
    const parsed: unknown = isJson ? JSON.parse(text) : {};
    const answer = typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
    for (const name of ['token', 'access_token', 'refresh_token', 'id_token', 'client_secret', 'totpURI']) {
      const secret = answer[name];
      if (typeof secret === 'string' && secret !== '') this.seen.add(secret);
    }
    const jwt = response.headers.get('set-auth-jwt');
    if (jwt !== null) this.seen.add(jwt);
    return { status: response.status, headers: response.headers, requestId, body: answer };
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(/;\s*/);
    const name = pair.slice(0, pair.indexOf('='));
    const value = pair.slice(name.length + 1);
    const gone = attributes.some((attribute) => /^max-age=0$/i.test(attribute));
    if (value !== '') this.seen.add(decodeURIComponent(value).split('.')[0] ?? '');
    if (value === '' || gone) this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }
}

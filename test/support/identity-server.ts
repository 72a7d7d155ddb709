import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type ClientMetadata, type Configuration } from 'oidc-provider';

/** What the person at the login form does: signs in as somebody, types a wrong password, or gives up. */
export type Person = { readonly accountId: string } | 'mistypes' | 'gives up';

export interface IdentityServer {
  readonly issuer: string;
  readonly provider: Provider;
  readonly secrets: Readonly<Record<string, string>> & { readonly web: string; readonly machine: string };
  /** Who sits there from now on. */
  person: Person;
  /** Whether the person allows the client what it asks for. */
  consents: boolean;
  /** What the login form does with a wrong password, beside answering 401. */
  mistyped?: (request: IncomingMessage, response: ServerResponse) => void;
  stop(): Promise<void>;
}

/** Seconds. */
export const ttl = {
  AccessToken: 600,
  AuthorizationCode: 60,
  ClientCredentials: 600,
  Grant: 3600,
  IdToken: 600,
  Interaction: 600,
  RefreshToken: 3600,
  Session: 3600,
};

const redirectUri = 'http://127.0.0.1/callback';

/**
 * A real oidc-provider on a free port, whose login form is filled in by whoever `person` is.
 *
 * @param clients beside `web` and `machine`; each gets a secret
 */
export async function startIdentityServer(
  configuration: Configuration = {},
  clients: readonly ClientMetadata[] = [],
): Promise<IdentityServer> {
  const newSecret = (): string => randomBytes(24).toString('base64url');
  const others = Object.fromEntries(clients.map(({ client_id }) => [client_id, newSecret()]));
  const secrets = { ...others, web: newSecret(), machine: newSecret() };
  const http = createServer();
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;

  // Which Node it would rather have, and that its stores are in memory, it says on the console.
  const { warn } = console;
  console.warn = () => undefined;
  const provider = new Provider(issuer, {
    ttl,
    clients: [
      {
        client_id: 'web',
        client_name: 'The shop',
        client_secret: secrets.web,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
      {
        client_id: 'machine',
        client_secret: secrets.machine,
        redirect_uris: [],
        grant_types: ['client_credentials'],
        response_types: [],
      },
      ...clients.map((client) => ({
        redirect_uris: [redirectUri],
        ...client,
        client_secret: others[client.client_id],
      })),
    ],
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    findAccount: (_ctx, id) => (id === 'ghost' ? undefined : { accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    ...configuration,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = form;
        },
        postLogoutSuccessSource: (ctx) => {
          ctx.body = 'logged out';
        },
      },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      ...configuration.features,
    },
  });
  console.warn = warn;
  // A fault of the provider is answered to the browser; it need not be printed as well.
  provider.on('server_error', () => undefined);

  const server: IdentityServer = {
    issuer,
    provider,
    secrets,
    person: { accountId: 'alice' },
    consents: true,
    stop() {
      return new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      });
    },
  };

  async function interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
    if (prompt.name === 'login') {
      const { person } = server;
      if (person === 'mistypes') {
        server.mistyped?.(request, response);
        response.writeHead(401).end('name or password is wrong');
        return;
      }
      const result =
        person === 'gives up'
          ? { error: 'access_denied', error_description: 'the user gave up' }
          : { login: { accountId: person.accountId, amr: ['pwd'] } };
      await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
      return;
    }
    if (!server.consents) {
      await provider.interactionFinished(request, response, { error: 'access_denied' });
      return;
    }
    const known = grantId === undefined ? undefined : await provider.Grant.find(grantId);
    const grant =
      known ?? new provider.Grant({ accountId: String(session?.accountId), clientId: String(params.client_id) });
    grant.addOIDCScope(String(params.scope));
    if (params.resource !== undefined) grant.addResourceScope(String(params.resource), 'read');
    await provider.interactionFinished(
      request,
      response,
      { consent: { grantId: await grant.save() } },
      { mergeWithLastSubmission: true },
    );
  }

  const callback = provider.callback();
  http.on('request', (request, response) => {
    if (!request.url?.startsWith('/interaction/')) {
      void callback(request, response);
      return;
    }
    interact(request, response).catch((error: Error) => response.writeHead(500).end(error.message));
  });
  return server;
}

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
  readonly error?: string;
}

/** A person's browser, and the shop behind it. */
export class Browser {
  readonly #server: IdentityServer;
  readonly #cookies = new Map<string, string>();
  /** Every cookie's value that was ever set, and every code and token: what must never leave. */
  readonly seen: Set<string>;

  constructor(server: IdentityServer, seen = new Set<string>()) {
    this.#server = server;
    this.seen = seen;
  }

  /** Goes to a page, and on along its redirects; resolves with the last one's address and text. */
  async open(path: string, form?: Record<string, string>): Promise<{ url: URL; text: string; status: number }> {
    let url = new URL(path, this.#server.issuer);
    let body = form && new URLSearchParams(form);
    for (let hops = 0; hops < 20; hops += 1) {
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(url, {
        method: body ? 'POST' : 'GET',
        headers: { cookie, 'user-agent': 'Person/1.0' },
        redirect: 'manual',
        ...(body && { body }),
      });
      for (const line of response.headers.getSetCookie()) this.#keep(line);
      const location = response.headers.get('location');
      const text = await response.text();
      if (location === null) return { url, text, status: response.status };
      url = new URL(location, url);
      body = undefined;
      if (url.href.startsWith(redirectUri)) return { url, text, status: response.status };
    }
    throw new Error('the redirects have no end');
  }

  /** Asks for authorization; resolves with the code, or with the error. */
  async authorize(more: Record<string, string> = {}): Promise<{ code: string; error: string }> {
    const query = new URLSearchParams({
      client_id: 'web',
      response_type: 'code',
      redirect_uri: redirectUri,
      scope: 'openid',
      ...more,
    });
    const { url } = await this.open(`/auth?${query}`);
    const code = url.searchParams.get('code') ?? '';
    if (code !== '') this.seen.add(code);
    return { code, error: url.searchParams.get('error') ?? '' };
  }

  async token(
    parameters: Record<string, string>,
    client = 'web',
    secret = this.#server.secrets[client],
  ): Promise<Tokens> {
    const { body } = await this.call<Tokens>('/token', parameters, client, secret);
    for (const name of ['access_token', 'refresh_token', 'id_token'] as const) {
      const token = body[name];
      if (token !== undefined) this.seen.add(token);
    }
    return body;
  }

  exchange(code: string, client = 'web'): Promise<Tokens> {
    return this.token({ grant_type: 'authorization_code', code, redirect_uri: redirectUri }, client);
  }

  async revoke(token: string, client = 'web'): Promise<number> {
    return (await this.#post('/token/revocation', { token }, client, this.#server.secrets[client] ?? '')).status;
  }

  /** What a client asks of the provider, as itself. */
  async call<T>(
    path: string,
    parameters: Record<string, string>,
    client: string,
    secret = this.#server.secrets[client],
  ): Promise<{ status: number; body: T }> {
    const response = await this.#post(path, parameters, client, secret ?? '');
    return { status: response.status, body: (await response.json()) as T };
  }

  async logout(): Promise<void> {
    await this.confirm(await this.open('/session/end'), { logout: 'yes' });
  }

  /** Sends the form of a page of the provider's, with its hidden fields. */
  async confirm({ text }: { text: string }, fields: Record<string, string> = {}): ReturnType<Browser['open']> {
    const action = /<form[^>]* action="([^"]*)"/.exec(text)?.[1] ?? '/no-form';
    const hidden = [...text.matchAll(/<input[^>]* name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [
      name,
      value,
    ]);
    return this.open(action, { ...Object.fromEntries(hidden), ...fields });
  }

  #post(path: string, parameters: Record<string, string>, client: string, secret: string): Promise<Response> {
    const authorization = `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}`;
    return fetch(new URL(path, this.#server.issuer), {
      method: 'POST',
      headers: { authorization },
      body: new URLSearchParams(parameters),
    });
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(/;\s*/);
    const name = pair.slice(0, pair.indexOf('='));
    const value = pair.slice(name.length + 1);
    if (value !== '' && !name.endsWith('.sig')) this.seen.add(value);
    const gone = attributes.some(
      (attribute) => /^expires=/i.test(attribute) && Date.parse(attribute.slice(8)) <= Date.now(),
    );
    if (value === '' || gone) this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }
}

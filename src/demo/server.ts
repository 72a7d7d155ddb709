import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Extensions, loadExtensions, type OidcAttachment, type Report, type ReportedEvent } from '../index.js';
import { type AccountAction, createAccounts, type Initiator } from './accounts.js';
import { formOf, redirect, sendPage } from './http.js';
import { createLogin } from './login.js';
import { homePage, messagePage } from './pages.js';
import { createProvider } from './provider.js';
import { createShop } from './shop.js';

/** The identity server's own config: `server.yaml`. */
export interface ServerConfig {
  /** 0: any that is free. */
  readonly port: number;
  readonly extensions: {
    readonly directory: string;
    readonly enabled: Readonly<Record<string, unknown>>;
  };
}

export interface IdentityServer {
  readonly origin: string;
  readonly extensions: Extensions;
  readonly clients: { readonly web: string; readonly machine: string };
  close(): Promise<void>;
}

/** Starts an identity server, and the extensions that its config enables. */
export async function startIdentityServer(config: ServerConfig, report: Report): Promise<IdentityServer> {
  const http = createServer();
  http.listen(config.port, '127.0.0.1');
  await once(http, 'listening');
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;

  let extensions: Extensions | undefined;
  const refused = (error: Error): void => report('error', `an event was not accepted: ${error.message}`);
  /** Tells Setwire what oidc-provider's bus does not know. A user never waits for it. */
  const emit = (event: ReportedEvent): void => {
    extensions?.get('setwire')?.emit(event).catch(refused);
  };
  const loginFailed: OidcAttachment['loginFailed'] = async (...of) => {
    await extensions
      ?.get('setwire')
      ?.loginFailed?.(...of)
      .catch(refused);
  };

  const clients = { web: randomBytes(24).toString('base64url'), machine: randomBytes(24).toString('base64url') };
  const accounts = createAccounts(emit);
  const provider = createProvider(origin, accounts, clients);
  const login = createLogin(provider, accounts, loginFailed);
  const shop = createShop({ issuer: origin, clientId: 'web', clientSecret: clients.web });
  extensions = await loadExtensions(config.extensions.directory, provider, {
    enabled: config.extensions.enabled,
    report,
  });

  /** What an administrator does. A real server would ask who that is. */
  async function administer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const [, , id, action] = url.pathname.split('/');
    const from: Omit<Initiator, 'type'> = { ip: request.socket.remoteAddress };
    if (id === undefined) {
      const form = await formOf(request);
      const outcome = accounts.register(form.get('username') ?? '', form.get('password') ?? '', {
        type: 'user',
        ...from,
      });
      if ('refused' in outcome) return sendPage(response, messagePage('No account', outcome.refused), 400);
    } else if (!accounts.act(action as AccountAction, id, { type: 'admin', ...from })) {
      return sendPage(response, messagePage('No account', 'There is no such account.'), 404);
    }
    redirect(response, '/');
  }

  const handleByProvider = provider.callback();
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const url = new URL(request.url ?? '/', origin);
    if (url.pathname === '/') return sendPage(response, homePage(shop.view(request), accounts.list()));
    if (url.pathname.startsWith('/interaction/')) return login(request, response, url);
    if (url.pathname.startsWith('/accounts') && request.method === 'POST') return administer(request, response, url);
    if (url.pathname.startsWith('/shop/')) {
      const problem = await shop.handle(request, response, url);
      return problem && sendPage(response, messagePage('This did not work', problem), 400);
    }
    return handleByProvider(request, response);
  }

  http.on('request', (request, response) => {
    handle(request, response).catch((error: Error) => {
      report('error', `${request.method} failed: ${error.message}`);
      if (!response.headersSent) sendPage(response, messagePage('This did not work', 'Please start again.'), 500);
    });
  });

  const loaded = extensions;
  return {
    origin,
    extensions: loaded,
    clients,
    async close() {
      const closed = once(http, 'close');
      http.close();
      http.closeAllConnections();
      await closed;
      await loaded.stop();
    },
  };
}

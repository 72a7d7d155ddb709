import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setwire } from '../better-auth.js';
import { type Extensions, loadExtensions, type Report } from '../index.js';
import { answerForm } from './account-forms.js';
import { sendPage } from './http.js';
import { createLogin } from './login.js';
import { type Arrival, arrivalsPage, homePage, messagePage } from './pages.js';
import { createPeople, type People } from './people.js';
import { createProvider, newSecrets } from './provider.js';
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

/**
 * Starts an identity server, and the extensions that its config enables: an oidc-provider for tokens and single sign-on, and
 * a better-auth for people and their accounts. Setwire listens to both.
 *
 * @param arrivals what the receivers have, newest first, to be shown on the home page
 */
export async function startIdentityServer(
  config: ServerConfig,
  report: Report,
  arrivals: () => readonly Arrival[],
): Promise<IdentityServer> {
  let handle = (_: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    response.setHeader('retry-after', '1');
    sendPage(response, messagePage('One moment', 'The identity server is starting.'), 503);
    return Promise.resolve();
  };
  const http = createServer((request, response) => {
    handle(request, response).catch((error: Error) => {
      report('error', `${request.method} failed: ${error.message}`);
      if (!response.headersSent) sendPage(response, messagePage('This did not work', 'Please start again.'), 500);
    });
  });
  http.listen(config.port, '127.0.0.1');
  await once(http, 'listening');
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;

  let people: People | undefined;
  const clients = newSecrets();
  const provider = createProvider(origin, (id) => people?.find(id), clients);
  const extensions = await loadExtensions(config.extensions.directory, provider, {
    enabled: config.extensions.enabled,
    report,
  });
  const events = extensions.get('setwire');
  const known = await createPeople(origin, events === undefined ? [] : [setwire({ attachment: events })]);
  people = known;

  // A logout at the provider is one from better-auth, too: its session would log in again at once.
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.oidc?.route === 'end_session_confirm' && ctx.oidc.params?.logout !== undefined && ctx.status === 303)
      await known.ask(ctx.req, ctx.res, '/sign-out', {});
  });
  const login = createLogin(provider, known);
  const shop = createShop({ issuer: origin, clientId: 'web', clientSecret: clients.web });

  const handleByProvider = provider.callback();
  handle = async (request, response) => {
    const url = new URL(request.url ?? '/', origin);
    const { pathname } = url;
    if (pathname === '/')
      return sendPage(response, homePage(shop.view(request), await known.signedIn(request), known.list()));
    if (pathname === '/received') return sendPage(response, arrivalsPage(arrivals()));
    if (pathname === '/ssf/jwks')
      return events?.jwksHandler?.(request, response) ?? handleByProvider(request, response);
    if (pathname.startsWith('/ssf/event-type/') && events?.eventTypesHandler)
      return events.eventTypesHandler(request, response);
    if (pathname.startsWith('/interaction/')) return login(request, response, url);
    if (pathname.startsWith('/shop/')) {
      const problem = await shop.handle(request, response, url);
      return problem && sendPage(response, messagePage('This did not work', problem), 400);
    }
    return (await answerForm(known, request, response, pathname)) || handleByProvider(request, response);
  };

  return {
    origin,
    extensions,
    clients,
    async close() {
      const closed = once(http, 'close');
      http.close();
      http.closeAllConnections();
      await closed;
      await extensions.stop();
    },
  };
}

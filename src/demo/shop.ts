import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { redirect } from './http.js';
import type { ShopView } from './pages.js';

/** How the shop is known to the identity server. */
export interface ShopClient {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

interface Visit {
  state: string;
  verifier: string;
  tokens?: {
    readonly access_token: string;
    readonly refresh_token: string;
    readonly id_token: string;
    readonly scope: string;
  };
  name: string;
  refreshes: number;
  revoked: boolean;
}

const random = (): string => randomBytes(32).toString('base64url');
const cookieName = 'shop_visit';

/** The `web` client: a relying party that uses the code flow with PKCE, refreshes, revokes and logs out. */
export function createShop({ issuer, clientId, clientSecret }: ShopClient) {
  const visits = new Map<string, Visit>();
  const callback = `${issuer}/shop/callback`;
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;

  const post = (path: string, form: Record<string, string>): Promise<Response> =>
    fetch(`${issuer}${path}`, { method: 'POST', headers: { authorization }, body: new URLSearchParams(form) });

  function visitOf(request: IncomingMessage): Visit | undefined {
    const match = new RegExp(`(?:^|; )${cookieName}=([\\w-]+)`).exec(request.headers.cookie ?? '');
    return visits.get(match?.[1] ?? '');
  }

  function startLogin(request: IncomingMessage, response: ServerResponse): void {
    let visit = visitOf(request);
    if (visit === undefined) {
      visit = { state: '', verifier: '', name: '', refreshes: 0, revoked: false };
      const key = random();
      visits.set(key, visit);
      response.setHeader('set-cookie', `${cookieName}=${key}; HttpOnly; SameSite=Lax; Path=/`);
    }
    visit.state = random();
    visit.verifier = random();
    const query = new URLSearchParams({
      client_id: clientId,
      response_type: 'code',
      redirect_uri: callback,
      scope: 'openid profile email',
      state: visit.state,
      code_challenge: createHash('sha256').update(visit.verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    redirect(response, `${issuer}/auth?${query}`);
  }

  async function finishLogin(request: IncomingMessage, query: URLSearchParams): Promise<string | undefined> {
    const visit = visitOf(request);
    const code = query.get('code');
    if (visit === undefined || code === null || query.get('state') !== visit.state) {
      return query.get('error_description') ?? 'This answer belongs to no login that was started here.';
    }
    const answer = await post('/token', {
      grant_type: 'authorization_code',
      code,
      redirect_uri: callback,
      code_verifier: visit.verifier,
    });
    if (!answer.ok) return 'The identity server did not accept the code.';
    visit.tokens = (await answer.json()) as NonNullable<Visit['tokens']>;
    visit.refreshes = 0;
    visit.revoked = false;
    const me = await fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${visit.tokens.access_token}` } });
    visit.name = ((await me.json()) as { name?: string }).name ?? 'stranger';
    return undefined;
  }

  async function refresh(visit: Visit): Promise<string | undefined> {
    const refresh_token = visit.tokens?.refresh_token ?? '';
    const answer = await post('/token', { grant_type: 'refresh_token', refresh_token });
    if (!answer.ok) return 'The identity server did not refresh the token: it has ended, or was revoked.';
    visit.tokens = { ...visit.tokens, ...((await answer.json()) as NonNullable<Visit['tokens']>) };
    visit.refreshes++;
    visit.revoked = false;
    return undefined;
  }

  async function revoke(visit: Visit): Promise<string | undefined> {
    const answer = await post('/token/revocation', { token: visit.tokens?.access_token ?? '' });
    visit.revoked = answer.ok;
    return answer.ok ? undefined : 'The identity server did not revoke the token.';
  }

  function logOut(visit: Visit, response: ServerResponse): void {
    const query = new URLSearchParams({
      id_token_hint: visit.tokens?.id_token ?? '',
      post_logout_redirect_uri: `${issuer}/`,
      client_id: clientId,
    });
    for (const [key, one] of visits) if (one === visit) visits.delete(key);
    redirect(response, `${issuer}/session/end?${query}`);
  }

  return {
    view(request: IncomingMessage): ShopView | undefined {
      const visit = visitOf(request);
      if (visit?.tokens === undefined) return undefined;
      return { name: visit.name, scope: visit.tokens.scope, refreshes: visit.refreshes, revoked: visit.revoked };
    },

    /** @returns what went wrong, to be shown; undefined: the request has been answered */
    async handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<string | undefined> {
      const call = `${request.method} ${url.pathname}`;
      if (call === 'GET /shop/login') {
        startLogin(request, response);
        return undefined;
      }
      const visit = visitOf(request);
      if (call === 'POST /shop/logout' && visit) {
        logOut(visit, response);
        return undefined;
      }
      const problem =
        call === 'GET /shop/callback'
          ? await finishLogin(request, url.searchParams)
          : call === 'POST /shop/refresh' && visit
            ? await refresh(visit)
            : call === 'POST /shop/revoke' && visit
              ? await revoke(visit)
              : 'There is nothing here, or you are not logged in.';
      if (problem === undefined) redirect(response, '/');
      return problem;
    },
  };
}

import type { ClientCredentials } from './endpoint.js';
import type { Post } from './post.js';

/** Where a token endpoint does not say how long a token lives. */
const defaultLifetimeMs = 5 * 60_000;

/** A token could not be had. The message holds no secret. */
export class TokenError extends Error {}

export interface TokenSource {
  /** A token that is good for a while yet. @throws TokenError */
  token(signal: AbortSignal): Promise<string>;
  /** The endpoint refused this token: the next call fetches another. */
  refuse(token: string): void;
}

/** RFC 6749, section 2.3.1: id and secret are form-encoded before they are joined. */
const formEncoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);

function requestOf(credentials: ClientCredentials): { body: string; headers: Record<string, string> } {
  const { clientId, clientSecret, clientAuth, scope, audience } = credentials;
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (scope !== undefined) form.set('scope', scope);
  if (audience !== undefined) form.set('audience', audience);
  const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' };
  if (clientAuth === 'post') {
    form.set('client_id', clientId);
    form.set('client_secret', clientSecret.reveal());
  } else {
    const pair = `${formEncoded(clientId)}:${formEncoded(clientSecret.reveal())}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  }
  return { body: form.toString(), headers };
}

function tokenOf(body: string): { token: string; lifetimeMs: number } | undefined {
  try {
    const { access_token: token, token_type: type, expires_in: seconds } = JSON.parse(body) as Record<string, unknown>;
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) return undefined;
    if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') return undefined;
    const lifetime = Number(seconds);
    return { token, lifetimeMs: Number.isFinite(lifetime) && lifetime > 0 ? lifetime * 1000 : defaultLifetimeMs };
  } catch {
    return undefined;
  }
}

/**
 * Access tokens by OAuth 2.0 client credentials (RFC 6749, section 4.4). A token is kept until shortly before it expires
 * (a minute, or a tenth of its life where that is less); callers that come together share one request, and the signal of
 * the first.
 */
export function clientCredentials(credentials: ClientCredentials, post: Post, now: () => number): TokenSource {
  let held: { token: string; goodUntil: number } | undefined;
  let fetching: Promise<string> | undefined;

  async function fetchToken(signal: AbortSignal): Promise<string> {
    const { body, headers } = requestOf(credentials);
    const answer = await post(credentials.tokenUrl, body, headers, signal);
    if (answer.kind === 'failure') throw new TokenError(`the token endpoint: ${answer.code}, ${answer.detail}`);
    if (answer.status !== 200) throw new TokenError(`the token endpoint answered ${answer.status}`);
    const granted = tokenOf(answer.body);
    if (granted === undefined) throw new TokenError('the token endpoint answered without a bearer token');
    const skewMs = Math.min(60_000, granted.lifetimeMs / 10);
    held = { token: granted.token, goodUntil: now() + granted.lifetimeMs - skewMs };
    return granted.token;
  }

  return {
    async token(signal) {
      if (held !== undefined && now() < held.goodUntil) return held.token;
      fetching ??= fetchToken(signal).finally(() => {
        fetching = undefined;
      });
      return await fetching;
    },
    refuse(token) {
      if (held?.token === token) held = undefined;
    },
  };
}

import { hash } from 'node:crypto';
import type { ReportedEvent } from '../events/identity-event.js';
import type { Token } from '../schema-types.js';
import {
  applicationOf,
  type CurrentContext,
  type Listeners,
  type OidcContext,
  type OidcToken,
  type Tell,
} from './oidc-request.js';

/** So many grants are remembered; past it the oldest are forgotten. */
const maxRemembered = 10_000;

interface Holder {
  readonly accountId?: string | undefined;
  readonly clientId?: string | undefined;
}

/** What one request has said of one grant: tokens of it by their hashes, or the whole. */
interface Told {
  readonly hashes: Set<string | undefined>;
  whole: boolean;
}

/**
 * Tokens, issued and revoked.
 *
 * What oidc-provider takes away in silence is not told: with an access token that is revoked all others of its grant go,
 * and nothing on the bus says so, nor how many there were. A grant that it does say to be revoked is told without a token.
 */
export function tokenListeners(tell: Tell, currentContext: CurrentContext): Listeners {
  /** By grant: whose it is. What revokes a grant does not always say. */
  const holders = new Map<string, Holder>();
  /** By request and grant: what has been told as revoked. */
  const revocations = new WeakMap<OidcContext, Map<string, Told>>();

  function remember(grantId: string, holder: Holder): void {
    holders.delete(grantId);
    holders.set(grantId, holder);
    for (const oldest of holders.keys()) {
      if (holders.size <= maxRemembered) return;
      holders.delete(oldest);
    }
  }

  function tokenIssued(token: OidcToken): void {
    const ctx = currentContext();
    const now = Date.now();
    const { accountId, clientId, grantId } = token;
    const grantType = ctx?.oidc?.params?.grant_type ?? token.gty;
    const scopes = token.scope?.split(' ').filter(Boolean) ?? [];
    if (grantId !== undefined) remember(grantId, { accountId, clientId });
    tell(
      ctx,
      {
        type: 'token.issued',
        user: userOf(token),
        application: applicationOf(ctx?.oidc?.client, clientId),
        token: {
          kind: kindOf(token),
          format: formatOf(token),
          hash: hashOf(token),
          id: isJwt(token) ? token.jti : undefined,
          grantType: typeof grantType === 'string' ? grantType : undefined,
          scopes: scopes.length > 0 ? scopes : undefined,
          issuedAt: now,
          expiresAt: token.expiresIn === undefined ? undefined : now + token.expiresIn * 1000,
        },
      },
      accountId === undefined ? 'application' : 'user',
    );
  }

  function toldOf(ctx: OidcContext | undefined, grantId: string | undefined): Told {
    if (ctx === undefined || grantId === undefined) return { hashes: new Set(), whole: false };
    const byGrant = revocations.get(ctx) ?? new Map<string, Told>();
    revocations.set(ctx, byGrant);
    const told = byGrant.get(grantId) ?? { hashes: new Set(), whole: false };
    byGrant.set(grantId, told);
    return told;
  }

  function tokenDestroyed(token: OidcToken): void {
    const ctx = currentContext();
    const described: Token = { kind: kindOf(token), format: formatOf(token), hash: hashOf(token) };
    const told = toldOf(ctx, token.grantId);
    if (told.whole || told.hashes.has(described.hash)) return;
    told.hashes.add(described.hash);
    const application = applicationOf(ctx?.oidc?.client, token.clientId);
    const by = token.accountId === undefined ? 'application' : 'user';
    tell(ctx, { type: 'token.revoked', user: userOf(token), application, token: described }, by);
  }

  function grantRevoked(ctx: OidcContext, grantId: string): void {
    const { client, session } = ctx.oidc ?? {};
    const holder = holders.get(grantId);
    holders.delete(grantId);
    const told = toldOf(ctx, grantId);
    const isTold = told.whole || told.hashes.size > 0;
    told.whole = true;
    if (isTold) return;
    const ofSession = Object.entries(session?.authorizations ?? {}).find(([, { grantId: id }]) => id === grantId);
    const accountId = holder?.accountId ?? (ofSession && session?.accountId);
    const application = applicationOf(client, holder?.clientId ?? ofSession?.[0] ?? client?.clientId);
    tell(ctx, { type: 'token.revoked', user: userOf({ accountId }), application }, 'user');
  }

  return {
    'access_token.saved': tokenIssued,
    'access_token.issued': tokenIssued,
    'client_credentials.saved': tokenIssued,
    'client_credentials.issued': tokenIssued,
    'refresh_token.saved': tokenIssued,
    'access_token.destroyed': tokenDestroyed,
    'client_credentials.destroyed': tokenDestroyed,
    'refresh_token.destroyed': tokenDestroyed,
    'grant.revoked': grantRevoked,
  };
}

const userOf = ({ accountId }: Holder): ReportedEvent['user'] =>
  accountId === undefined ? undefined : { id: accountId };

const isJwt = ({ format }: OidcToken): boolean => format !== undefined && format !== 'opaque';

const kindOf = ({ kind }: OidcToken): Token['kind'] => (kind === 'RefreshToken' ? 'refresh_token' : 'access_token');

const formatOf = (token: OidcToken): Token['format'] => (isJwt(token) ? 'jwt' : 'opaque');

/** An opaque token's `jti` is the token itself: a SHA-256 of it at most. */
const hashOf = ({ jti }: OidcToken): string | undefined =>
  jti === undefined ? undefined : hash('sha256', jti, 'base64url');

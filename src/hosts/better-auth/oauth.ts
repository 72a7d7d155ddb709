import { outcomeOf } from './call.js';
import { type AuthContext, type EndpointContext, isRow, pluginOptions, type Row, textIn } from './context.js';
import { claimsIn } from './jwt.js';
import {
  applicationOf,
  clientIdIn,
  describe,
  hashOf,
  type StoredKind,
  type StoredToken,
  storedTokens,
} from './tokens.js';
import type { Draft, Trail } from './trail.js';

/** What the jwt plugin has made of a session. */
export const jwtIssued = (token: string | undefined, userId: string | undefined): Draft[] =>
  token === undefined || userId === undefined
    ? []
    : [{ event: { type: 'token.issued', token: describe(token, 'access_token') }, userId }];

const pluginId = 'oauth-provider';

/** How the OAuth provider writes and stores tokens. */
interface TokenStyle {
  /** The hash under which it stores a token of this kind; undefined: it is not known. */
  storedAs(token: string, kind: StoredKind): string | undefined;
}

function styleOf(context: AuthContext): TokenStyle | undefined {
  const options = pluginOptions(context.options, pluginId);
  if (options === undefined) return undefined;
  const isHashed = (options.storeTokens ?? 'hashed') === 'hashed' && options.formatRefreshToken === undefined;
  const prefixes = { access_token: 'opaqueAccessToken', refresh_token: 'refreshToken' } as const;
  return {
    storedAs(token, kind) {
      const prefix = textIn(options.prefix, prefixes[kind]) ?? '';
      return isHashed && token.startsWith(prefix) ? hashOf(token.slice(prefix.length)) : undefined;
    },
  };
}

async function storedAs(
  ctx: EndpointContext,
  token: string,
  kinds: readonly StoredKind[],
): Promise<readonly StoredToken[]> {
  const style = styleOf(ctx.context);
  const found = kinds.map(async (kind) => {
    const stored = style?.storedAs(token, kind);
    return stored === undefined ? [] : storedTokens(ctx.context, 'token', stored, [kind]);
  });
  return (await Promise.all(found)).flat();
}

/**
 * Which stored tokens a request may revoke: the one that it names, or those of a code that it may show for the second time.
 * The plugin's tables have no hooks, and when it has answered they are gone; nobody waits for this to be read.
 */
export function tokensBeforehand(ctx: EndpointContext): Promise<readonly StoredToken[]> | undefined {
  const style = styleOf(ctx.context);
  if (style === undefined) return undefined;
  const token = textIn(ctx.body, 'token');
  if (ctx.path === '/oauth2/revoke' && token !== undefined)
    return storedAs(ctx, token.replace(/^(?:bearer|dpop)\s+/i, ''), ['access_token', 'refresh_token']);
  if (ctx.path !== '/oauth2/token') return undefined;
  const refreshToken = textIn(ctx.body, 'refresh_token');
  if (refreshToken !== undefined) return storedAs(ctx, refreshToken, ['refresh_token']);
  const code = textIn(ctx.body, 'code');
  return code === undefined ? undefined : storedTokens(ctx.context, 'authorizationCodeId', hashOf(code));
}

/** Of tokens that were there before: those that are gone now, or were revoked. */
async function revokedOf(
  context: AuthContext,
  before: readonly StoredToken[],
  isRevoked: (before: StoredToken, now: StoredToken | undefined) => boolean,
): Promise<readonly StoredToken[]> {
  const checked = before.map(async (token) => {
    const [now] = await storedTokens(context, 'id', token.id, [token.kind]);
    return isRevoked(token, now) ? [token] : [];
  });
  return (await Promise.all(checked)).flat();
}

/** `token.revoked` once for a user and a client, with the token where it is a single one. */
async function revocations(context: AuthContext, tokens: readonly StoredToken[]): Promise<Draft[]> {
  const groups = new Map<string, StoredToken[]>();
  for (const token of tokens) {
    const key = JSON.stringify([token.userId, token.clientId]);
    groups.set(key, [...(groups.get(key) ?? []), token]);
  }
  return Promise.all(
    [...groups.values()].map(async (group): Promise<Draft> => {
      const [token] = group as [StoredToken];
      const application = await applicationOf(token.clientId, context);
      const { kind, hash } = token;
      const told = { kind, format: 'opaque' as const, ...(hash !== undefined && { hash }) };
      return {
        event: {
          type: 'token.revoked',
          ...(application && { application }),
          ...(group.length === 1 && { token: told }),
        },
        ...(token.userId === undefined ? { by: 'application' } : { userId: token.userId, by: 'user' }),
      };
    }),
  );
}

/** Whose tokens they are: by the code, by the refresh token that was shown, by the stored token, or as the JWT says. */
async function ownerOf(
  ctx: EndpointContext,
  trail: Trail,
  before: readonly StoredToken[],
  accessToken: string,
): Promise<string | undefined> {
  if (textIn(ctx.body, 'grant_type') === 'client_credentials') return undefined;
  const known = trail.owner ?? before.find(({ kind }) => kind === 'refresh_token')?.userId;
  if (known !== undefined) return known;
  const [stored] = await storedAs(ctx, accessToken, ['access_token']);
  return stored?.userId ?? textIn(claimsIn(accessToken), 'sub');
}

async function issued(
  ctx: EndpointContext,
  answer: Row,
  trail: Trail,
  before: readonly StoredToken[],
): Promise<Draft[]> {
  const accessToken = textIn(answer, 'access_token');
  if (accessToken === undefined) return [];
  const grantType = textIn(ctx.body, 'grant_type');
  const scopes = textIn(answer, 'scope')?.split(' ').filter(Boolean);
  const userId = await ownerOf(ctx, trail, before, accessToken);
  const clientId = clientIdIn(ctx) ?? textIn(claimsIn(accessToken), 'azp');
  const application = await applicationOf(clientId, ctx.context);
  const lifetime = typeof answer.expires_in === 'number' ? answer.expires_in * 1000 : undefined;
  const draft = (token: string, kind: StoredKind): Draft => ({
    event: {
      type: 'token.issued',
      ...(application && { application }),
      token: {
        issuedAt: trail.startedAt,
        ...(kind === 'access_token' && lifetime !== undefined && { expiresAt: trail.startedAt + lifetime }),
        ...describe(token, kind),
        ...(grantType !== undefined && { grantType }),
        ...(scopes !== undefined && scopes.length > 0 && { scopes }),
      },
    },
    ...(userId === undefined ? { by: 'application' } : { userId, by: 'user' }),
  });
  const refreshToken = textIn(answer, 'refresh_token');
  return [
    draft(accessToken, 'access_token'),
    ...(refreshToken === undefined ? [] : [draft(refreshToken, 'refresh_token')]),
  ];
}

/** What the OAuth provider's endpoints have issued or revoked. */
export async function tokensAfterwards(ctx: EndpointContext, trail: Trail): Promise<readonly Draft[]> {
  const { returned } = ctx.context;
  const { status, code } = outcomeOf(returned);
  const before = (await trail.beforehand.tokens) ?? [];
  if (ctx.path === '/oauth2/token' && status === 200)
    return isRow(returned) ? issued(ctx, returned, trail, before) : [];
  if (before.length === 0) return [];
  if (ctx.path === '/oauth2/revoke') {
    const revoked = await revokedOf(
      ctx.context,
      before,
      (token, now) => now === undefined || (token.revokedAt === undefined && now.revokedAt !== undefined),
    );
    return revocations(ctx.context, revoked);
  }
  // A refresh token or a code that is shown again takes with it all that came of it.
  if (code !== 'invalid_grant') return [];
  return revocations(ctx.context, await revokedOf(ctx.context, before, (_, now) => now === undefined));
}

/** The tokens that the end of a session took with it; nothing where there is no OAuth provider. */
export function tokensOfSession(context: AuthContext, sessionId: string, since: number): Promise<Draft[]>[] {
  if (pluginOptions(context.options, pluginId) === undefined) return [];
  // Databases keep times to the second at the least.
  const isOfNow = ({ revokedAt }: StoredToken): boolean => revokedAt !== undefined && revokedAt >= since - 1000;
  const tokens = storedTokens(context, 'sessionId', sessionId);
  return [tokens.then((found) => revocations(context, found.filter(isOfNow)))];
}

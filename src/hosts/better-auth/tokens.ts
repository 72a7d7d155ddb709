import { hash } from 'node:crypto';
import type { Application, Token } from '../../schema-types.js';
import { type EndpointContext, isRow, type Row, textIn, timeIn } from './context.js';
import { claimsIn } from './jwt.js';
import { legible } from './person.js';

export const hashOf = (secret: string): string => hash('sha256', secret, 'base64url');

const isJwt = (token: string): boolean => /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token);

/** Milliseconds of a JWT's seconds. */
const msIn = (claims: Row, name: string): number | undefined => {
  const seconds = claims[name];
  return typeof seconds === 'number' && seconds > 1e9 && seconds < 9e9 ? Math.trunc(seconds * 1000) : undefined;
};

/** A token in words: what a JWT says of itself, of any other only its hash. */
export function describe(token: string, kind: 'access_token' | 'refresh_token'): Token {
  if (!isJwt(token)) return { kind, format: 'opaque', hash: hashOf(token) };
  const claims = claimsIn(token);
  const id = textIn(claims, 'jti');
  const issuedAt = msIn(claims, 'iat');
  const expiresAt = msIn(claims, 'exp');
  return {
    kind,
    format: 'jwt',
    hash: hashOf(token),
    ...(id !== undefined && { id: legible(id, 1024) }),
    ...(issuedAt !== undefined && { issuedAt }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

/** The client as it names itself: in the body, or in the header of Basic authentication. */
export function clientIdIn({ body, headers }: EndpointContext): string | undefined {
  const named = textIn(body, 'client_id');
  if (named !== undefined) return named;
  const [, encoded = ''] = /^basic\s+([\w+/=-]+)$/i.exec(headers?.get('authorization') ?? '') ?? [];
  const [name = ''] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  try {
    return name === '' ? undefined : decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** The application behind a client id, with its name where it can be found. */
export async function applicationOf(
  clientId: string | undefined,
  { adapter }: EndpointContext['context'],
): Promise<Application | undefined> {
  if (clientId === undefined) return undefined;
  const id = legible(clientId, 1024);
  const client = await adapter
    .findOne({ model: 'oauthClient', where: [{ field: 'clientId', value: clientId }] })
    .catch(() => undefined);
  const name = textIn(client, 'name');
  return { id, ...(name !== undefined && { name: legible(name, 1024) }), clientId: id };
}

/** A stored token: whose it is, and whether it still holds. */
export interface StoredToken {
  readonly id: string;
  readonly kind: 'access_token' | 'refresh_token';
  readonly hash: string | undefined;
  readonly userId: string | undefined;
  readonly clientId: string | undefined;
  readonly revokedAt: number | undefined;
}

const models = { access_token: 'oauthAccessToken', refresh_token: 'oauthRefreshToken' } as const;
export type StoredKind = keyof typeof models;

function storedOf(kind: StoredKind, row: unknown): StoredToken | undefined {
  const id = textIn(row, 'id');
  if (id === undefined || !isRow(row)) return undefined;
  // It is stored as its hash, by default as the same one that we take; never as itself.
  const stored = textIn(row, 'token');
  return {
    id,
    kind,
    hash: stored !== undefined && /^[\w-]{43}$/.test(stored) ? stored : undefined,
    userId: textIn(row, 'userId'),
    clientId: textIn(row, 'clientId'),
    revokedAt: timeIn(row, 'revoked'),
  };
}

/** The stored tokens of both kinds of which a field has a value. */
export async function storedTokens(
  { adapter }: EndpointContext['context'],
  field: 'id' | 'token' | 'sessionId' | 'authorizationCodeId',
  value: string,
  kinds: readonly StoredKind[] = ['access_token', 'refresh_token'],
): Promise<readonly StoredToken[]> {
  const found = await Promise.all(
    kinds.map(async (kind) => {
      const rows = await adapter.findMany({ model: models[kind], where: [{ field, value }], limit: 1000 });
      return rows.flatMap((row) => storedOf(kind, row) ?? []);
    }),
  );
  return found.flat();
}

import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import type { ReportedEvent } from '../events/identity-event.js';
import type { Application, Session } from '../schema-types.js';

/** What is read of oidc-provider's `session`; `jti` and `oldId` are the cookie's value and are not. */
export interface OidcSession {
  readonly uid?: string;
  readonly accountId?: string;
  /** Seconds. */
  readonly loginTs?: number;
  readonly amr?: readonly string[];
  readonly authorizations?: Readonly<Record<string, { readonly grantId?: string }>>;
}

export interface OidcClient {
  readonly clientId?: string;
  readonly clientName?: string;
}

export interface OidcInteraction {
  readonly prompt?: { readonly name?: string };
  readonly session?: { readonly accountId?: string };
  readonly lastSubmission?: { readonly login?: unknown };
  readonly result?: { readonly error?: unknown };
}

/** What is read of a request: Koa's context with oidc-provider's part. */
export interface OidcContext {
  readonly ip?: string;
  get?(header: string): string;
  readonly oidc?: {
    readonly client?: OidcClient;
    readonly session?: OidcSession;
    readonly params?: { readonly grant_type?: unknown };
    readonly result?: { readonly login?: { readonly accountId?: unknown } };
    readonly entities?: {
      readonly Interaction?: OidcInteraction;
    };
  };
}

/** What is read of a token or a code; `jti` is hashed where it may be the bearer token itself. */
export interface OidcToken {
  readonly kind?: string;
  readonly accountId?: string;
  readonly clientId?: string;
  readonly grantId?: string;
  readonly gty?: string;
  readonly scope?: string;
  readonly format?: string;
  /** Seconds. */
  readonly expiresIn?: number;
  readonly jti?: string;
}

/** Correlation ids by request: all that one request brings about has the same. */
export type Correlation = (ctx: OidcContext | undefined) => string | undefined;

/** An id that a proxy gave the request is taken over if it is of a harmless form. */
export function newCorrelation(): Correlation {
  const ids = new WeakMap<OidcContext, string>();
  return (ctx) => {
    if (ctx === undefined) return undefined;
    const known = ids.get(ctx);
    if (known !== undefined) return known;
    const given = ctx.get?.('x-request-id') || ctx.get?.('x-correlation-id') || '';
    const id = /^[\w.:-]{8,128}$/.test(given) ? given : randomUUID();
    ids.set(ctx, id);
    return id;
  };
}

/** Where a request came from. An address of a form that is none is left out: a proxy's header may be the client's own words. */
export function initiatorOf(
  ctx: OidcContext | undefined,
  type: 'user' | 'application',
): NonNullable<ReportedEvent['initiator']> {
  const ip = ctx?.ip?.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '') ?? '';
  const userAgent = ctx?.get?.('user-agent') ?? '';
  return { type, ...(isIP(ip) !== 0 && { ip }), ...(userAgent !== '' && { userAgent: userAgent.slice(0, 512) }) };
}

export function applicationOf(client: OidcClient | undefined, clientId = client?.clientId): Application | undefined {
  if (clientId === undefined) return undefined;
  const name = client?.clientId === clientId ? client?.clientName : undefined;
  return { id: clientId, ...(name !== undefined && name !== '' && { name }), clientId };
}

/** The session by its stable `uid`, with the applications that take part in it. */
export function sessionOf(
  session: OidcSession,
  client: OidcClient | undefined,
  lastAccessAt?: number,
): Session | undefined {
  if (session.uid === undefined) return undefined;
  const clients = new Set([
    ...Object.keys(session.authorizations ?? {}),
    ...(client?.clientId === undefined ? [] : [client.clientId]),
  ]);
  const applications = [...clients].flatMap((clientId) => applicationOf(client, clientId) ?? []);
  return {
    id: session.uid,
    ...(session.loginTs !== undefined && { startedAt: session.loginTs * 1000 }),
    ...(lastAccessAt !== undefined && { lastAccessAt }),
    ...(applications.length > 0 && { applications }),
  };
}

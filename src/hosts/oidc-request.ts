import { hash, randomUUID } from 'node:crypto';
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
  readonly acr?: string;
  readonly authorizations?: Readonly<Record<string, { readonly grantId?: string }>>;
}

export interface OidcClient {
  readonly clientId?: string;
  readonly clientName?: string;
}

/** What is read of an interaction; `uid` and `jti` are its cookie's value and are not. */
export interface OidcInteraction {
  /** The same through all prompts of one authorization request; no store is asked by it, and no cookie holds it. */
  readonly cid?: string;
  readonly prompt?: { readonly name?: string };
  readonly params?: { readonly client_id?: unknown };
  readonly session?: { readonly accountId?: string } | undefined;
  readonly lastSubmission?: { readonly login?: unknown } | undefined;
  readonly result?: { readonly error?: unknown } | undefined;
}

/** What is read of an error that the provider handled; its words may hold what somebody sent. */
export interface OidcError {
  readonly error?: unknown;
}

/** What is read of a request: Koa's context with oidc-provider's part. */
export interface OidcContext {
  readonly ip?: string;
  get?(header: string): string;
  readonly oidc?: {
    readonly route?: string;
    readonly client?: OidcClient;
    readonly session?: OidcSession;
    readonly params?: { readonly grant_type?: unknown };
    readonly result?: { readonly login?: { readonly accountId?: unknown } };
    readonly entities?: {
      readonly Interaction?: OidcInteraction;
      /** There once the user's account has been found. */
      readonly Account?: object;
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

/**
 * The id that a proxy gave a request, if it is of a harmless form; else that of the interaction that it belongs to, which
 * joins the attempts at a login form with the login that comes of them; else a new one.
 */
export function correlationIdOf(ctx: OidcContext, interaction: OidcInteraction | undefined): string {
  const given = ctx.get?.('x-request-id') || ctx.get?.('x-correlation-id') || '';
  if (/^[\w.:-]{8,128}$/.test(given)) return given;
  return interaction?.cid === undefined ? randomUUID() : uuidOf(interaction.cid);
}

/** A UUID, version 8 (RFC 9562, section 5.8), from a SHA-256. */
function uuidOf(text: string): string {
  const hex = hash('sha256', text, 'hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export function newCorrelation(): Correlation {
  const ids = new WeakMap<OidcContext, string>();
  return (ctx) => {
    if (ctx === undefined) return undefined;
    const id = ids.get(ctx) ?? correlationIdOf(ctx, ctx.oidc?.entities?.Interaction);
    ids.set(ctx, id);
    return id;
  };
}

/** Where a request came from. An address of a form that is none is left out: a proxy's header may be the client's own words. */
export function initiatorOf(ctx: OidcContext, type: 'user' | 'application'): NonNullable<ReportedEvent['initiator']> {
  const ip = ctx.ip?.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '') ?? '';
  const userAgent = ctx.get?.('user-agent') ?? '';
  return {
    type,
    ip: isIP(ip) === 0 ? undefined : ip,
    userAgent: userAgent === '' ? undefined : userAgent.slice(0, 512),
  };
}

export function applicationOf(client: OidcClient | undefined, clientId = client?.clientId): Application | undefined {
  if (clientId === undefined) return undefined;
  const name = client?.clientId === clientId ? client?.clientName : undefined;
  return { id: clientId, name: name === '' ? undefined : name, clientId };
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

/** The code of an error; the host may have made it up. */
export function codeOf(error: OidcError | undefined): string {
  const code = error?.error;
  return typeof code === 'string' && /^[\w.-]{1,64}$/.test(code) ? code : 'other';
}

/**
 * Tells an event of a request. Outside of one (the host's own code ended a session, say) nobody knows who asked for it, and
 * nothing is said of that.
 */
export type Tell = (ctx: OidcContext | undefined, event: ReportedEvent, by: 'user' | 'application') => void;

/** The request under way. */
export type CurrentContext = () => OidcContext | undefined;

export type Unmapped = (kind: string, why: string) => void;

/** By the provider's event names. */
export type Listeners = Readonly<Record<string, (...args: never[]) => void>>;

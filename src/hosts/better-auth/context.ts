/**
 * By what the hooks of one request know each other: better-auth copies its context from the request to the endpoint and to each hook, and
 * copies this along.
 */
export const trailKey: unique symbol = Symbol('setwire');

/** A row of better-auth's database, or anything else that is only looked into. It is never handed on as a whole. */
export interface Row {
  readonly [field: string]: unknown;
}

/** A session and its user, as better-auth has them at hand. `session.token` is the bearer token. */
export interface SessionAndUser {
  readonly session: Row;
  readonly user: Row;
}

/** What is read of better-auth's options. */
export interface AuthOptions {
  readonly baseURL?: unknown;
  readonly user?: { readonly additionalFields?: Readonly<Record<string, { readonly returned?: boolean }>> };
  readonly advanced?: {
    readonly ipAddress?: {
      readonly ipAddressHeaders?: readonly string[];
      readonly disableIpTracking?: boolean;
      readonly trustedProxies?: readonly string[];
    };
  };
  readonly secondaryStorage?: unknown;
  readonly session?: { readonly storeSessionInDatabase?: boolean };
  readonly plugins?: readonly { readonly id: string; readonly options?: unknown }[];
}

/** One condition of a query. */
interface Condition {
  readonly field: string;
  readonly value: string;
}

/** A query of better-auth's database adapter. */
export interface Query {
  readonly model: string;
  readonly where: Condition[];
  readonly limit?: number;
}

/** What every part of better-auth shares; for a request over HTTP it is the request's own copy. */
export interface AuthContext {
  readonly options: AuthOptions;
  readonly internalAdapter: {
    findUserById(id: string): Promise<Row | null>;
    findUserByEmail(email: string): Promise<{ readonly user: Row } | null>;
    findVerificationValue(identifier: string): Promise<Row | null>;
    findSession(token: string): Promise<SessionAndUser | null>;
    listSessions(userId: string): Promise<readonly Row[]>;
  };
  readonly adapter: {
    findOne(query: Query): Promise<unknown>;
    findMany(query: Query): Promise<unknown[]>;
  };
  readonly authCookies: { readonly sessionToken: { readonly name: string } };
  createAuthCookie(name: string): { readonly name: string };
  /** The session that the request came with, once an endpoint has read it. */
  readonly session?: SessionAndUser | null;
  /** The session that the request leads to. */
  readonly newSession?: SessionAndUser | null;
  /** What the endpoint has returned: a value, or an error that is also how better-auth redirects. */
  readonly returned?: unknown;
  readonly responseHeaders?: Headers | undefined;
  [trailKey]?: object;
}

/** A call of an endpoint, over HTTP or straight from the application. */
export interface EndpointContext {
  readonly path?: string;
  /** The endpoint's name, as `auth.api` has it. */
  readonly operationId?: string;
  readonly body?: unknown;
  readonly query?: unknown;
  readonly params?: unknown;
  readonly headers?: Headers | undefined;
  readonly context: AuthContext;
}

export const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null;

/** The text in a member; undefined for anything else, and for an empty one. */
export function textIn(value: unknown, field: string): string | undefined {
  const member = isRow(value) ? value[field] : undefined;
  return typeof member === 'string' && member !== '' ? member : undefined;
}

/** Milliseconds of a date, however the database gives it. */
export function timeIn(value: unknown, field: string): number | undefined {
  const member = isRow(value) ? value[field] : undefined;
  const time = member instanceof Date || typeof member === 'string' ? new Date(member).getTime() : Number.NaN;
  return Number.isFinite(time) ? time : undefined;
}

/** The options of one of better-auth's plugins; undefined: it is not there. */
export function pluginOptions(options: AuthOptions, id: string): Row | undefined {
  const plugin = options.plugins?.find((candidate) => candidate.id === id);
  if (plugin === undefined) return undefined;
  return isRow(plugin.options) ? plugin.options : {};
}

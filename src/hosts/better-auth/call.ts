import { type EndpointContext, isRow, type Row, textIn, timeIn } from './context.js';
import { legible } from './person.js';
import type { Call, SessionFact, Typed } from './trail.js';
import { isSignIn } from './ways.js';

/** Picks from a session's row; undefined where it is none. */
export function sessionFactOf(row: unknown): SessionFact | undefined {
  const id = textIn(row, 'id');
  const userId = textIn(row, 'userId');
  if (id === undefined || userId === undefined) return undefined;
  const startedAt = timeIn(row, 'createdAt');
  const expiresAt = timeIn(row, 'expiresAt');
  return {
    id,
    userId,
    ...(startedAt !== undefined && { startedAt }),
    ...(expiresAt !== undefined && { expiresAt }),
    isImpersonated: textIn(row, 'impersonatedBy') !== undefined,
  };
}

/** An error that better-auth throws on purpose: what it answers with, a redirect too. */
interface Thrown {
  readonly statusCode: number;
  readonly body: Row;
  readonly location: string | undefined;
}

function thrownOf(returned: unknown): Thrown | undefined {
  if (!(returned instanceof Error) || !isRow(returned)) return undefined;
  const { statusCode, body, headers } = returned as Error & Row;
  if (typeof statusCode !== 'number') return undefined;
  const location = headers instanceof Headers ? (headers.get('location') ?? undefined) : textIn(headers, 'location');
  return { statusCode, body: isRow(body) ? body : {}, location };
}

/** A code of better-auth's or of OAuth 2; what another server wrote into a redirect may be anything. */
const codeOf = (code: string | null | undefined): string => (code && /^[\w.-]{1,64}$/.test(code) ? code : 'unknown');

/** The status and the code of an answer. A redirect is an error, too, and may be a success or not. */
export function outcomeOf(returned: unknown): { status: number; code?: string } {
  const thrown = thrownOf(returned);
  if (thrown === undefined) return { status: 200 };
  const { statusCode: status, body, location } = thrown;
  if (status >= 400) return { status, code: codeOf(textIn(body, 'code') ?? textIn(body, 'error')) };
  const error = location === undefined ? null : errorIn(location);
  return error === null ? { status } : { status: 400, code: codeOf(error) };
}

function errorIn(location: string): string | null {
  const query = location.indexOf('?');
  return query < 0 ? null : new URLSearchParams(location.slice(query + 1).replace(/#.*$/, '')).get('error');
}

const typedFields = ['email', 'username', 'phoneNumber'] as const;

export function typedIn(body: unknown): Typed | undefined {
  for (const field of typedFields) {
    const value = textIn(body, field)?.trim();
    if (value) return { field, value: legible(value, 256) };
  }
  return undefined;
}

/** Whom an administrator's request is about. */
export const targetOf = ({ path = '', body }: EndpointContext): string | undefined =>
  path.startsWith('/admin/') ? textIn(body, 'userId') : undefined;

function providerOf({ path, body, params }: EndpointContext): string | undefined {
  const provider =
    path === '/one-tap/callback'
      ? 'google'
      : (textIn(params, 'id') ?? textIn(params, 'providerId') ?? textIn(body, 'provider'));
  return provider === undefined ? undefined : legible(provider, 256);
}

/** What an endpoint's answer tells, without what it holds. */
export function callOf(ctx: EndpointContext): Call {
  const path = ctx.path ?? '';
  // At a sign-in another plugin may have read a session that was there before: nobody has shown it.
  const session = isSignIn(path) ? undefined : sessionFactOf(ctx.context.session?.session);
  const provider = providerOf(ctx);
  const typed = typedIn(ctx.body);
  return {
    path,
    ...outcomeOf(ctx.context.returned),
    ...(provider !== undefined && { provider }),
    ...(typed !== undefined && { typed }),
    ...(isRow(ctx.body) && ctx.body.updatePhoneNumber === true && { isChange: true }),
    ...(session !== undefined && { session }),
  };
}

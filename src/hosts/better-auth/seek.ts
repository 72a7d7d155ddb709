import { sessionFactOf } from './call.js';
import { type EndpointContext, textIn } from './context.js';
import { personOf } from './person.js';
import type { Call, Trail } from './trail.js';

/** The value in a signed cookie. Its signature is not checked: an endpoint that has answered has done that. */
export function signedValue(headers: Headers | undefined, name: string): string | undefined {
  for (const pair of (headers?.get('cookie') ?? '').split(/;\s*/)) {
    if (!pair.startsWith(`${name}=`)) continue;
    try {
      const value = decodeURIComponent(pair.slice(name.length + 1));
      return value.slice(0, value.lastIndexOf('.')) || undefined;
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** The organization plugin hands its endpoints a context of their own, and keeps the session there. */
async function seekSession(call: Call, token: string, { people }: Trail, { context }: EndpointContext): Promise<void> {
  const found = await context.internalAdapter.findSession(token);
  const session = sessionFactOf(found?.session);
  const person = personOf(found?.user, context.options);
  if (session === undefined || person === undefined) return;
  if (!people.has(person.id)) people.set(person.id, person);
  call.session = session;
}

async function seekChallenged(call: Call, identifier: string, { context }: EndpointContext): Promise<void> {
  const userId = textIn(await context.internalAdapter.findVerificationValue(identifier), 'value');
  if (userId !== undefined) call.challenged = userId;
}

/** Whatever about a call has to be found out before it is told; undefined: nothing. Nobody waits for it. */
export function seek(call: Call, trail: Trail, ctx: EndpointContext): Promise<void> | undefined {
  const { authCookies, createAuthCookie } = ctx.context;
  if (call.path.startsWith('/organization/') && call.session === undefined && call.status !== 401) {
    const token = signedValue(ctx.headers, authCookies.sessionToken.name);
    return token === undefined ? undefined : seekSession(call, token, trail, ctx);
  }
  if (call.path.startsWith('/two-factor/verify-') && call.session === undefined && call.status >= 400) {
    const identifier = signedValue(ctx.headers, createAuthCookie('two_factor').name);
    const isForged = call.code === 'INVALID_TWO_FACTOR_COOKIE';
    return identifier === undefined || isForged ? undefined : seekChallenged(call, identifier, ctx);
  }
  return undefined;
}

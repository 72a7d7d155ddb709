import { sessionFactOf, targetOf } from './call.js';
import { type AuthContext, type EndpointContext, textIn } from './context.js';
import { signedValue } from './seek.js';
import type { SessionFact, Trail } from './trail.js';

/** Sessions in secondary storage alone: no hook is told when they go. */
const areElsewhere = ({ options }: AuthContext): boolean =>
  options.secondaryStorage !== undefined && options.session?.storeSessionInDatabase !== true;

/** Endpoints that may end sessions which were there before. */
const mayEnd =
  /^\/(?:sign-out|revoke-.*|change-password|(?:email-otp\/|phone-number\/)?reset-password|delete-user.*|delete-anonymous-user|two-factor\/.*|multi-session\/revoke|admin\/(?:ban-user|update-user|remove-user|revoke-.*|stop-impersonating))$/;

async function ownerOf(ctx: EndpointContext, trail: Trail): Promise<string | undefined> {
  const { internalAdapter, authCookies } = ctx.context;
  const target = targetOf(ctx);
  if (target !== undefined) return target;
  if (ctx.path === '/reset-password') {
    const token = textIn(ctx.body, 'token') ?? textIn(ctx.query, 'token');
    const reset = token === undefined ? null : await internalAdapter.findVerificationValue(`reset-password:${token}`);
    trail.owner = textIn(reset, 'value');
    return trail.owner;
  }
  const named = textIn(ctx.body, 'sessionToken') ?? signedValue(ctx.headers, authCookies.sessionToken.name);
  const session = named === undefined ? undefined : (await internalAdapter.findSession(named))?.session;
  return textIn(session, 'userId');
}

const sessionsOf = async ({ internalAdapter }: AuthContext, userId: string): Promise<SessionFact[]> =>
  (await internalAdapter.listSessions(userId)).flatMap((row) => sessionFactOf(row) ?? []);

/** Before an endpoint that may end sessions: remembers those of the user whom it is about. Undefined: there is no need. */
export function rememberSessions(trail: Trail, ctx: EndpointContext): Promise<void> | undefined {
  if (!areElsewhere(ctx.context) || !mayEnd.test(ctx.path ?? '')) return undefined;
  return ownerOf(ctx, trail).then(async (userId) => {
    if (userId !== undefined) trail.remembered.push(...(await sessionsOf(ctx.context, userId)));
  });
}

/** Once it has been answered: which of those that were there, or have begun since, are gone. Undefined: there is no need. */
export function seekEnded(trail: Trail): Promise<void> | undefined {
  const { context, remembered, begun, ended } = trail;
  if (context === undefined || !areElsewhere(context)) return undefined;
  const there = new Map([...remembered, ...begun].map((session) => [session.id, session]));
  for (const { id } of ended) there.delete(id);
  if (there.size === 0) return undefined;
  const users = new Set([...there.values()].map(({ userId }) => userId));
  return Promise.all([...users].map((userId) => sessionsOf(context, userId))).then((left) => {
    for (const { id } of left.flat()) there.delete(id);
    ended.push(...there.values());
  });
}

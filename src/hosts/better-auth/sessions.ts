import type { Session } from '../../schema-types.js';
import type { Call, Draft, SessionFact, Trail } from './trail.js';
import { methodsOf } from './ways.js';

const sessionOf = ({ id, startedAt }: SessionFact, lastAccessAt?: number): Session => ({
  id,
  ...(startedAt !== undefined && { startedAt }),
  ...(lastAccessAt !== undefined && { lastAccessAt }),
});

/** Whether the user's new session comes of an authentication, and does not take the place of the one that was presented. */
function isLogin(session: SessionFact, calls: readonly Call[]): boolean {
  if (session.isImpersonated) return false;
  return !calls.some((call) => call.session?.userId === session.userId);
}

/** Sessions that began and were still there when the request was answered, with the logins that they come of. */
export function sessionsBegun({ calls, begun, ended }: Trail): Draft[] {
  const gone = new Set(ended.map(({ id }) => id));
  const call = calls.at(-1);
  return begun
    .filter(({ id }) => !gone.has(id))
    .flatMap((session) => {
      const { userId } = session;
      const methods = call && methodsOf(call.path, call.provider);
      const seen = sessionOf(session);
      const login: Draft = {
        event: {
          type: 'login.success',
          session: seen,
          ...(methods !== undefined && { authenticationMethods: [...methods] }),
        },
        userId,
      };
      const established: Draft = {
        event: { type: 'session.established', session: seen },
        userId,
        ...(session.isImpersonated && { by: 'admin' as const }),
      };
      return isLogin(session, calls) ? [login, established] : [established];
    });
}

/** Sessions that ended, those of one user together; one that had run out ended by itself. */
export function sessionsEnded({ begun, ended, startedAt }: Trail): Draft[] {
  const fresh = new Set(begun.map(({ id }) => id));
  const groups = new Map<string, { readonly expired: boolean; readonly facts: SessionFact[] }>();
  for (const fact of ended) {
    if (fresh.has(fact.id)) continue;
    const expired = fact.expiresAt !== undefined && fact.expiresAt <= startedAt;
    const key = `${expired} ${fact.userId}`;
    const group = groups.get(key) ?? { expired, facts: [] };
    groups.set(key, group);
    group.facts.push(fact);
  }
  return [...groups.values()].flatMap(({ expired, facts }) => {
    const [{ userId }] = facts as [SessionFact];
    return chunks(facts, 1000).map(
      (part): Draft => ({
        event: {
          type: 'session.revoked',
          sessions: part.map((fact) => sessionOf(fact)),
          ...(expired && { reason: { code: 'expired' } }),
        },
        userId,
        ...(expired
          ? { by: 'system' as const }
          : facts.every(({ isImpersonated }) => isImpersonated) && { by: 'admin' as const }),
      }),
    );
  });
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}

/** The session that the request came with, unless it has more to tell of it: that it began, or ended. */
export function sessionPresented({ calls, begun, ended }: Trail, now: number): Draft[] {
  const session = calls.find((call) => call.session !== undefined)?.session;
  if (session === undefined || [...begun, ...ended].some(({ id }) => id === session.id)) return [];
  return [
    {
      event: { type: 'session.presented', session: sessionOf(session, now) },
      userId: session.userId,
      ...(session.isImpersonated && { by: 'admin' as const }),
    },
  ];
}

import type { ReportedEvent } from '../../events/identity-event.js';
import { accountsChanged, accountsCreated, accountsDeleted } from './accounts.js';
import { failureOf } from './attempts.js';
import { textIn } from './context.js';
import type { People } from './people.js';
import { sessionPresented, sessionsBegun, sessionsEnded } from './sessions.js';
import type { By, Draft, Trail, Typed } from './trail.js';

/** Everything that a request comes to, once each, in the order in which it makes sense. */
export function draftsOf(trail: Trail, now: number): Draft[] {
  return [
    ...sessionPresented(trail, now),
    ...trail.calls.flatMap((call) => failureOf(call) ?? []),
    ...accountsCreated(trail),
    ...accountsChanged(trail),
    ...trail.drafts,
    ...sessionsBegun(trail),
    ...sessionsEnded(trail),
    ...accountsDeleted(trail),
  ];
}

/** Who set it off: whoever it is about, an administrator, or nobody where the application acts without a request. */
function byWhom({ calls, origin }: Trail, userId: string | undefined): By {
  const actor = calls.find(({ session }) => session !== undefined)?.session;
  const path = calls.at(-1)?.path ?? '';
  if (actor?.isImpersonated === true) return 'admin';
  // The application may call what administrators call, without one.
  if (path.startsWith('/admin/')) return actor !== undefined || origin.isRequest ? 'admin' : 'system';
  // A browser may hold the sessions of several of its person's accounts.
  const isOwn = path.startsWith('/multi-session/');
  if (actor !== undefined && userId !== undefined && actor.userId !== userId && !isOwn) return 'admin';
  return actor !== undefined || origin.isRequest || path !== '' ? 'user' : 'system';
}

const nameOf = ({ value }: Typed): NonNullable<ReportedEvent['user']> => ({ username: value });

/** @param people users that are known, by id and by what they typed */
export function eventOf(draft: Draft, trail: Trail, people: People, time: number): ReportedEvent {
  const { event, userId, typed } = draft;
  const found = typed && people.byName(typed);
  const user =
    userId !== undefined
      ? (people.byId(userId)?.user ?? { id: userId })
      : typed && { ...(found && { id: found.id }), ...nameOf(typed) };
  const issuer = textIn(trail.context?.options, 'baseURL');
  const { ip, userAgent, correlationId } = trail.origin;
  return {
    ...event,
    time,
    correlationId,
    ...(issuer !== undefined && { issuer }),
    ...(user && { user }),
    initiator: {
      type: draft.by ?? byWhom(trail, userId),
      ...(ip !== undefined && { ip }),
      ...(userAgent !== undefined && { userAgent }),
    },
  };
}

import { asyncScheduler, connect, filter, merge, type Observable, type SchedulerLike, share } from 'rxjs';
import {
  canonicalTypes,
  type FlowName,
  flowTypes,
  type IdentityEvent,
  type ReportedEvent,
} from '../events/identity-event.js';
import { eachEvent } from './each-event.js';
import { detectBursts, type SuspiciousOptions } from './login.js';
import { type SessionOptions, sampleSessions } from './session.js';

/**
 * Identity events by flow: what has been sampled is not in them, what has been derived is. `other` has a host's own,
 * namespaced types.
 *
 * They are hot, and synchronous: all that comes of an event comes out before the `next` that brought it returns. A
 * subscriber's own `next` must not throw: RxJS would rethrow it where only the process can catch it.
 */
export type Flows = Readonly<Record<FlowName | 'other', Observable<IdentityEvent>>>;

export interface FlowOptions {
  readonly login: { readonly suspicious: SuspiciousOptions };
  readonly session: SessionOptions;
}

export interface FlowDeps {
  /** Makes an identity event of a derived one; what it throws goes to `onFailure`. */
  accept(reported: ReportedEvent): IdentityEvent;
  /** An event with which a flow could not do all that it should; the flow goes on. Must not throw. */
  onFailure(error: unknown, event: IdentityEvent): void;
  /** Whose clock counts; left out: the system's. */
  readonly scheduler?: Pick<SchedulerLike, 'now'>;
}

/** The six flows over `events`, which must be hot. Sampling and derivation happen once, however many subscribe. */
export function flowsOf(events: Observable<IdentityEvent>, options: FlowOptions, deps: FlowDeps): Flows {
  const now = (): number => (deps.scheduler ?? asyncScheduler).now();
  const ofTypes = (types: readonly string[]): Observable<IdentityEvent> => {
    const wanted = new Set(types);
    return events.pipe(filter(({ type }) => wanted.has(type)));
  };
  const canonical = new Set<string>(canonicalTypes);
  const bursts = detectBursts(options.login.suspicious, now);
  const sessions = sampleSessions(options.session, now);

  const derive = (event: IdentityEvent): readonly IdentityEvent[] =>
    bursts.derive(event).map((reported) => deps.accept(reported));

  return {
    login: ofTypes(flowTypes.login).pipe(
      // Two ways, so that a derivation that fails does not take the failed login itself with it.
      connect((logins) => merge(logins, logins.pipe(eachEvent(derive, deps.onFailure)))),
      share(),
    ),
    registration: ofTypes(flowTypes.registration),
    token: ofTypes(flowTypes.token),
    session: ofTypes(flowTypes.session).pipe(eachEvent(sessions.sample, deps.onFailure), share()),
    credential: ofTypes(flowTypes.credential),
    account: ofTypes(flowTypes.account),
    other: events.pipe(filter(({ type }) => !canonical.has(type))),
  };
}

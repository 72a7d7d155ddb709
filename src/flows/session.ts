import type { IdentityEvent } from '../events/identity-event.js';
import { recentOf } from './recent.js';

export interface SessionOptions {
  /** `session.presented` at most once per session in this time; 0: every one. */
  readonly presentedEveryMs: number;
  /** So many sessions are remembered for that; past it the one announced longest ago is forgotten. */
  readonly maxSessions: number;
}

export interface SessionSampling {
  /** The event itself, or nothing where it is left out. */
  sample(event: IdentityEvent): readonly IdentityEvent[];
  /** How many sessions are remembered. */
  readonly tracked: number;
}

/**
 * Thins out `session.presented`; established and revoked sessions always pass.
 *
 * A session's period starts when it is established (that it exists has been said) or announced as presented, not
 * when a presentation was left out. A session that was forgotten is announced once more than it need be.
 *
 * @param now milliseconds
 */
export function sampleSessions(options: SessionOptions, now: () => number): SessionSampling {
  const period = options.presentedEveryMs;
  // A clock that was set back must not silence a session until it has caught up.
  const isOver = (announcedAt: number): boolean => now() < announcedAt || now() - announcedAt >= period;
  const announced = recentOf<number>(options.maxSessions, isOver);

  function sample(event: IdentityEvent): readonly IdentityEvent[] {
    const id = event.session?.id;
    switch (event.type) {
      case 'session.established':
        if (id !== undefined) announced.put(id, now());
        return [event];
      case 'session.presented': {
        const announcedAt = id === undefined ? undefined : announced.get(id);
        if (announcedAt !== undefined && !isOver(announcedAt)) return [];
        if (id !== undefined) announced.put(id, now());
        return [event];
      }
      case 'session.revoked':
        if (id !== undefined) announced.forget(id);
        for (const session of event.sessions ?? []) announced.forget(session.id);
        return [event];
      default:
        return [event];
    }
  }

  return {
    sample: period === 0 ? (event) => [event] : sample,
    get tracked() {
      return announced.size;
    },
  };
}

import type { Report } from '../report.js';
import type { EndpointStatus } from './status.js';

/** How an endpoint is, as far as its answers tell. */
export interface Standing {
  readonly current: Pick<EndpointStatus, 'state' | 'reason' | 'since' | 'lastSuccessAt'>;
  /** Changes nothing where it is disabled. */
  become(state: EndpointStatus['state'], reason?: string): void;
  /** A SET has arrived at this time: steady, in milliseconds. */
  arrived(at: number): void;
  /** When the last one did: steady, in milliseconds; -Infinity: none has. */
  readonly lastArrival: number;
}

/**
 * @param now milliseconds
 * @param onDisabled called once
 */
export function standingOf(
  endpoint: string,
  { now, report, onDisabled }: { now: () => number; report: Report; onDisabled: (reason: string) => void },
): Standing {
  let { state, reason, since }: Standing['current'] = { state: 'active', since: now() };
  let lastSuccessAt: number | undefined;
  let lastArrival = Number.NEGATIVE_INFINITY;
  return {
    get current() {
      return {
        state,
        since,
        ...(reason !== undefined && { reason }),
        ...(lastSuccessAt !== undefined && { lastSuccessAt }),
      };
    },
    become(to, why) {
      // What was under way when the endpoint was disabled may be answered later.
      if (state === 'disabled') return;
      if (to === 'open' && state !== 'open')
        report('warn', 'circuit opened: the endpoint is only probed', { endpoint, why });
      if (to === 'active' && state === 'open') report('info', 'circuit closed', { endpoint });
      if (to !== state) since = now();
      state = to;
      reason = to === 'active' ? undefined : why;
      if (to === 'disabled') onDisabled(why ?? '');
    },
    arrived(at) {
      lastSuccessAt = now();
      lastArrival = at;
    },
    get lastArrival() {
      return lastArrival;
    },
  };
}

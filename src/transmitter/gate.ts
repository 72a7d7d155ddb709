import { firstValueFrom, fromEvent, merge, NEVER, Subject, take, timer } from 'rxjs';
import type { Breaker, Permit } from './breaker.js';

/** Where every attempt waits until the breaker lets it pass, and comes back with what it says about the endpoint. */
export interface Gate {
  readonly isOpen: Breaker['isOpen'];
  /** Leave to make an attempt, once there is; undefined: nothing is sent any more. Has to be given back by one of the others. */
  pass(): Promise<Permit | undefined>;
  succeeded(at: number): void;
  failed(permit: Permit, at: number, waitMs?: number): void;
  returned(permit: Permit): void;
}

const maxTimerMs = 2 ** 31 - 1;

/**
 * @param clock steady, in milliseconds
 * @param closing aborted: nothing is sent any more
 */
export function gateOf(breaker: Breaker, clock: () => number, closing: AbortSignal): Gate {
  const closed = fromEvent(closing, 'abort');
  const back = new Subject<void>();
  return {
    get isOpen() {
      return breaker.isOpen;
    },
    async pass() {
      while (!closing.aborted) {
        const answer = breaker.admit(clock());
        if (!('waitMs' in answer)) return answer;
        const later = Number.isFinite(answer.waitMs) ? timer(Math.min(answer.waitMs, maxTimerMs)) : NEVER;
        await firstValueFrom(merge(later, back, closed).pipe(take(1)));
      }
      return undefined;
    },
    succeeded(at) {
      breaker.succeeded(at);
      back.next();
    },
    failed(permit, at, waitMs) {
      breaker.failed(permit, at, waitMs);
      back.next();
    },
    returned(permit) {
      breaker.returned(permit);
      back.next();
    },
  };
}

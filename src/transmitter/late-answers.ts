import { EMPTY, filter, fromEvent, Subject, switchMap, takeUntil, timer } from 'rxjs';
import { delayOf } from './backoff.js';
import type { Decision } from './decision.js';
import type { RetryPolicy } from './endpoint.js';
import type { Ledger } from './ledger.js';

/** Asks for the answers that a receiver has left open. */
export interface LateAnswers {
  /** What an attempt has come to. They come with the answers to other requests, and are waited for anew with each. */
  heard(decision: Decision, isPoll: boolean): void;
}

/**
 * Where there are no other requests, they are asked for by themselves: further and further apart, one request at a time.
 *
 * @param ask makes a request that has no SET in it
 * @param closing aborted: nothing is asked any more
 */
export function lateAnswersFor(
  ledger: Pick<Ledger, 'open'>,
  patience: RetryPolicy,
  { ask, fault, closing }: { ask: () => void; fault: (error: unknown) => void; closing: AbortSignal },
): LateAnswers {
  const answered = new Subject<void>();
  let fruitless = 0;
  let isAsking = false;
  answered
    .pipe(
      switchMap(() => (ledger.open > 0 ? timer(delayOf(fruitless + 1, patience, () => 1)) : EMPTY)),
      filter(() => ledger.open > 0 && !isAsking),
      takeUntil(fromEvent(closing, 'abort')),
    )
    .subscribe({
      next() {
        isAsking = true;
        ask();
      },
      error: fault,
    });
  return {
    heard(decision, isPoll) {
      if (isPoll) isAsking = false;
      const isAnswered =
        decision.kind === 'partly' && [...decision.fates.values()].some(({ kind }) => kind !== 'again');
      if (isAnswered) fruitless = 0;
      else if (isPoll) fruitless += 1;
      answered.next();
    },
  };
}

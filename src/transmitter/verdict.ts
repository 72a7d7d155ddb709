import { delayOf, isPatienceExhausted } from './backoff.js';
import type { Answer, Outcome, RetryPolicy } from './endpoint.js';
import type { Verdict } from './record.js';
import type { EndpointStatus } from './status.js';

/** What has been tried when an outcome is judged. */
export interface Tried {
  /** Counted from 1. */
  readonly attempt: number;
  /** When the first attempt was made, and when this one ended, in milliseconds. */
  readonly firstAt: number;
  readonly at: number;
  /** Nothing more is to be sent to this endpoint. */
  readonly closed: boolean;
}

/** What becomes of a batch after an attempt. */
export interface Judgement {
  /** As the log says it. */
  readonly verdict: Verdict;
  /** The state in which the endpoint is now; undefined: as before. */
  readonly state?: EndpointStatus['state'];
  /** `settle`: it is done with; `again`: after this many milliseconds; `keep`: it stays unsettled. */
  readonly next: 'settle' | 'keep' | { readonly againInMs: number };
}

const nothingMore = 'nothing more is sent until the next start';

/** Judges an outcome: whether the endpoint's patience is at its end, and when to try again. */
export function judge(
  outcome: Outcome,
  answer: Answer,
  tried: Tried,
  policy: RetryPolicy,
  random: () => number,
): Judgement {
  if (outcome.kind === 'delivered') return { verdict: { outcome: 'delivered' }, state: 'active', next: 'settle' };
  const { detail } = outcome;
  if (outcome.kind === 'disable') {
    return { verdict: { outcome: 'retry', detail: `${detail}; ${nothingMore}` }, state: 'disabled', next: 'keep' };
  }
  const error = outcome.error === undefined ? {} : { error: outcome.error };
  if (outcome.kind === 'dead') {
    return { verdict: { outcome: 'dead', reason: outcome.reason, detail, ...error }, next: 'settle' };
  }
  const refused = answer.kind === 'answer' && (answer.status === 401 || answer.status === 403);
  const state = refused ? 'unauthorised' : 'failing';
  const { attempt, firstAt, at, closed } = tried;
  if (isPatienceExhausted(attempt, firstAt, at, policy)) {
    return { verdict: { outcome: 'dead', reason: 'patience_exhausted', detail, ...error }, state, next: 'settle' };
  }
  if (closed)
    return { verdict: { outcome: 'retry', detail: `${detail}; ${nothingMore}`, ...error }, state, next: 'keep' };
  const againInMs = delayOf(attempt, policy, random, outcome.notBeforeMs);
  const nextRetryAt = new Date(at + againInMs).toISOString();
  return { verdict: { outcome: 'retry', detail, nextRetryAt, ...error }, state, next: { againInMs } };
}

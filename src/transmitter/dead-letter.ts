import { deadIdOf } from '../journal/dead-letters.js';
import type { DeadLetter, DeadReason } from '../schema-types.js';
import type { Answer } from './endpoint.js';
import type { Held } from './parcel.js';

/** Why an event is given up, and what the last attempt met with. */
export interface DeadWhy {
  readonly reason: DeadReason;
  readonly detail?: string;
  readonly error?: string;
  readonly answer?: Answer;
}

/** So much of an answer is kept. */
const maxAnswer = 2000;

/**
 * What is kept of an event that is given up.
 *
 * @param jti of its SET
 */
export function letterOf(
  endpoint: string,
  { offset, event, tries }: Held,
  jti: string,
  { reason, detail, error, answer }: DeadWhy,
  { now, clock }: { readonly now: () => number; readonly clock: () => number },
): DeadLetter {
  const diedAt = now();
  const firstAt = tries.firstAt === undefined ? undefined : diedAt - Math.max(0, clock() - tries.firstAt);
  return {
    id: deadIdOf(endpoint, jti),
    endpoint,
    jti,
    reason,
    ...(detail !== undefined && { detail: detail.slice(0, 1024) }),
    ...(error !== undefined && { error: error.slice(0, 128) }),
    ...(answer?.kind === 'answer' && { status: answer.status, answer: answer.body.slice(0, maxAnswer) }),
    attempts: tries.attempts,
    ...(firstAt !== undefined && { firstAttemptAt: new Date(Math.round(firstAt)).toISOString() }),
    diedAt: new Date(diedAt).toISOString(),
    offset,
    event,
  };
}

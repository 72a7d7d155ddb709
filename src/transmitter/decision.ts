import type { DeadReason } from '../schema-types.js';
import { delayOf, isPatienceExhausted } from './backoff.js';
import type { Answer, RetryPolicy } from './endpoint.js';
import { retryAfterOf } from './retry-after.js';

/** What has been tried when an answer is judged. */
export interface Tried {
  /** SETs in the request. */
  readonly sets: number;
  /** How often this very batch has failed, with this attempt if it did. */
  readonly failures: number;
  /** Attempts of that of its SETs which has the fewest, with this one. */
  readonly attempts: number;
  /** For how long that SET has been tried, in milliseconds. */
  readonly forMs: number;
  /** How often a SET that was separated from others has failed alone while others passed, with this attempt. */
  readonly aloneFailures: number;
}

/** What becomes of a batch after an attempt. */
export type Decision =
  | { readonly kind: 'delivered' }
  | (Failure & { readonly kind: 'dead'; readonly reason: DeadReason })
  | (Failure & { readonly kind: 'halve' })
  | (Failure & {
      readonly kind: 'retry';
      readonly inMs: number;
      /** The receiver wants nothing at all before so long, in milliseconds. */
      readonly waitMs?: number;
    })
  | (Failure & { readonly kind: 'disable' });

interface Failure {
  readonly detail: string;
  /** Of the failure, or the receiver's own. */
  readonly error?: string;
  /** Whether it is about who we are. */
  readonly isUnauthorised?: boolean;
  /** Whether it says that the endpoint is in trouble: a SET that is refused does not. */
  readonly isTrouble: boolean;
}

/** A SET that fails alone so often while others pass is what is wrong. */
export const poisonFailures = 5;
/** A batch that fails so often is halved. */
const failuresBeforeHalving = 2;

/** Codes that may be a matter of credentials that are about to be renewed (RFC 8935, section 2.4). */
const credentialCodes = new Set(['authentication_failed', 'access_denied']);

/** Answers that are about the endpoint as a whole, whatever was sent to it. */
const aboutEndpoint = new Set([401, 403, 404, 405, 407, 408, 410, 421, 425, 426, 429]);

/**
 * The `err` of an RFC 8935 error answer, made safe to log; undefined where the body is anything else. Its `description` is
 * left alone: a receiver may repeat in it what it was sent, and no claim may stand in the log.
 */
function errorCodeOf(body: string): string | undefined {
  try {
    const { err } = (JSON.parse(body) ?? {}) as { err?: unknown };
    return typeof err === 'string' && err !== '' ? err.slice(0, 64).replace(/\p{C}/gu, '\ufffd') : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The failure policy: what follows from one attempt. Its rows stand in the README in the same order.
 *
 * @param now milliseconds, for a Retry-After that is a date
 * @param random 0 to 1
 */
export function decide(
  answer: Answer,
  tried: Tried,
  policy: RetryPolicy,
  { now, random }: { readonly now: number; readonly random: () => number },
): Decision {
  /** Again, unless patience is at its end. */
  function again(failure: Omit<Failure, 'isTrouble'>, waitMs?: number): Decision {
    const { failures, attempts, forMs } = tried;
    // Whoever refuses our credentials loses nothing by it.
    if (failure.isUnauthorised !== true && isPatienceExhausted(attempts, forMs, policy))
      return { kind: 'dead', reason: 'patience_exhausted', ...failure, isTrouble: true };
    const inMs = delayOf(Math.max(1, failures), policy, random, waitMs);
    const capped = waitMs === undefined ? undefined : Math.min(waitMs, policy.maxRetryAfterMs);
    return { kind: 'retry', inMs, ...failure, isTrouble: true, ...(capped !== undefined && { waitMs: capped }) };
  }

  /** The same, for an answer that may be about one of the SETs. */
  function againOrApart(failure: Omit<Failure, 'isTrouble'>): Decision {
    const { sets, failures, aloneFailures } = tried;
    if (sets > 1 && failures >= failuresBeforeHalving) return { kind: 'halve', ...failure, isTrouble: true };
    if (sets === 1 && aloneFailures >= poisonFailures)
      return { kind: 'dead', reason: 'poison', ...failure, isTrouble: false };
    return again(failure);
  }

  if (answer.kind === 'failure') return again({ error: answer.code, detail: answer.detail });
  const { status, headers, body } = answer;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 400) {
    const error = errorCodeOf(body);
    if (error === undefined) return againOrApart({ detail: 'answered 400 without an RFC 8935 error code' });
    const detail = `the receiver answered ${error}`;
    if (credentialCodes.has(error)) return again({ error, detail, isUnauthorised: true });
    if (tried.sets > 1) return { kind: 'halve', error, detail, isTrouble: false };
    return { kind: 'dead', reason: 'rejected_by_receiver', error, detail, isTrouble: false };
  }
  if (status === 401 || status === 403)
    return again({ detail: `answered ${status}: not authorised`, isUnauthorised: true });
  if (status === 410) return { kind: 'disable', detail: 'answered 410: gone', isTrouble: true };
  if (status === 413 && tried.sets > 1) return { kind: 'halve', detail: 'answered 413: too large', isTrouble: false };
  if (status === 408 || status === 429 || status >= 500) {
    const waitMs = retryAfterOf(headers['retry-after'], now);
    if (waitMs !== undefined) return again({ detail: `answered ${status}` }, waitMs);
  }
  if (status >= 300 && status < 400) return again({ detail: `answered ${status}: redirects are not followed` });
  if (aboutEndpoint.has(status) || status < 400) return again({ detail: `answered ${status}` });
  return againOrApart({ detail: `answered ${status}` });
}

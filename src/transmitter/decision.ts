import type { DeadReason } from '../schema-types.js';
import { answerDelayOf, delayOf, isPatienceExhausted } from './backoff.js';
import type { Answer, Endpoint } from './endpoint.js';
import { errorCodeOf } from './error-code.js';
import { answersOf } from './formats/multi-push.js';
import { retryAfterOf } from './retry-after.js';

/** What has been tried with a SET. */
export interface SetTried {
  /** With this one. */
  readonly attempts: number;
  /** For how long, in milliseconds. */
  readonly forMs: number;
}

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
  /** Where SETs are answered one by one: those of the request, and what is known of any that was sent and is not settled. */
  readonly each?: { readonly jtis: readonly string[]; known(jti: string): SetTried | undefined };
  /** How often the same SETs have been left without an answer. */
  readonly unanswered: number;
}

/** What becomes of a batch after an attempt. */
export type Decision =
  | { readonly kind: 'delivered'; readonly detail?: string }
  /** Each of its SETs has a fate of its own, and so may others have that were sent before. */
  | {
      readonly kind: 'partly';
      readonly fates: ReadonlyMap<string, Fate>;
      /** When those that are to come again do. */
      readonly inMs: number;
      readonly detail?: string;
    }
  | (Failure & { readonly kind: 'dead'; readonly reason: DeadReason })
  | (Failure & { readonly kind: 'halve' /** Requests of its size are too large. */; readonly isTooLarge?: boolean })
  | (Failure & {
      readonly kind: 'retry';
      readonly inMs: number;
      /** The receiver wants nothing at all before so long, in milliseconds. */
      readonly waitMs?: number;
    })
  | (Failure & { readonly kind: 'disable' });

/** What becomes of one SET. */
export type Fate =
  | { readonly kind: 'delivered' }
  | {
      readonly kind: 'dead';
      readonly reason: DeadReason;
      readonly detail: string;
      readonly error?: string;
      /** What the receiver has said of it. */
      readonly text?: string;
    }
  | { readonly kind: 'again' };

interface Failure {
  readonly detail: string;
  /** Of the failure, or the receiver's own. */
  readonly error?: string;
  /** Whether it is about who we are. */
  readonly isUnauthorised?: boolean;
  /** Whether it says that the endpoint is in trouble: a SET that is refused does not. */
  readonly isTrouble: boolean;
}

/** What of the endpoint the decision depends on. */
export type Policy = Pick<Endpoint, 'delivery' | 'retry'>;

/** A SET that fails alone so often while others pass is what is wrong. */
export const poisonFailures = 5;
/** A batch that fails so often is halved. */
const failuresBeforeHalving = 2;

/** Codes that may be a matter of credentials that are about to be renewed (RFC 8935, section 2.4). */
const credentialCodes = new Set(['authentication_failed', 'access_denied']);

/** Answers that are about the endpoint as a whole, whatever was sent to it. */
const aboutEndpoint = new Set([401, 403, 404, 405, 407, 408, 410, 421, 425, 426, 429]);

/** What is odd about a success: RFC 8935, section 2.2, has 202 and no body, the draft 202. */
function oddityOf(status: number, body: string, delivery: Endpoint['delivery']): string | undefined {
  if (delivery === 'webhook') return undefined;
  if (status !== 202) return `answered ${status}, where 202 is meant`;
  return delivery === 'push' && body.trim() !== '' ? 'answered 202 with a body, where none is meant' : undefined;
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
  { delivery, retry: policy }: Policy,
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

  /** SET by SET: an error is final, for the draft allows no `jti` to be sent again that has been answered. */
  function eachOf(
    body: string,
    each: NonNullable<Tried['each']>,
  ): Pick<Decision & { kind: 'partly' }, 'kind' | 'fates' | 'inMs'> | undefined {
    const answers = answersOf(body);
    if (answers === undefined) return undefined;
    const fates = new Map<string, Fate>();
    for (const jti of each.jtis) {
      const { attempts = 0, forMs = 0 } = each.known(jti) ?? {};
      const detail = 'the receiver has left it without an answer';
      if (isPatienceExhausted(attempts, forMs, policy))
        fates.set(jti, { kind: 'dead', reason: 'patience_exhausted', detail });
      else fates.set(jti, { kind: 'again' });
    }
    for (const jti of answers.acknowledged) if (each.known(jti)) fates.set(jti, { kind: 'delivered' });
    // What is acknowledged and refused at once may not have arrived: as a dead letter it is not lost.
    for (const [jti, { code, text }] of answers.refused) {
      const detail = `the receiver answered ${code}`;
      if (each.known(jti)) fates.set(jti, { kind: 'dead', reason: 'rejected_by_receiver', error: code, detail, text });
    }
    return { kind: 'partly', fates, inMs: answerDelayOf(tried.unanswered + 1, policy, random) };
  }

  if (answer.kind === 'failure') return again({ error: answer.code, detail: answer.detail });
  const { status, headers, body } = answer;
  if (status >= 200 && status < 300) {
    const oddity = oddityOf(status, body, delivery);
    const detail = oddity === undefined ? {} : { detail: oddity };
    if (tried.each === undefined) return { kind: 'delivered', ...detail };
    const partly = eachOf(body, tried.each);
    return partly ? { ...partly, ...detail } : again({ detail: `answered ${status} without saying what of each SET` });
  }
  const isAboutRequest =
    status === 400 || (delivery === 'multi-push' && status > 400 && status < 500 && status !== 429);
  const error = isAboutRequest ? errorCodeOf(body) : undefined;
  const said = error === undefined ? {} : { error };
  if (status === 413 || error === 'too_many_sets') {
    const detail = status === 413 ? 'answered 413: too large' : 'the receiver answered too_many_sets';
    if (tried.sets > 1) return { kind: 'halve', ...said, detail, isTrouble: false, isTooLarge: true };
  }
  if (error !== undefined && credentialCodes.has(error))
    return again({ error, detail: `the receiver answered ${error}`, isUnauthorised: true });
  if (status === 400) {
    if (error === undefined) return againOrApart({ detail: 'answered 400 without an RFC 8935 error code' });
    const detail = `the receiver answered ${error}`;
    // Its copy of our keys may be an old one, and be renewed.
    if (error === 'invalid_key') return again({ error, detail });
    // What is wrong with one SET would stand beside it.
    if (tried.each !== undefined) return againOrApart({ error, detail });
    if (tried.sets > 1) return { kind: 'halve', error, detail, isTrouble: false };
    return { kind: 'dead', reason: 'rejected_by_receiver', error, detail, isTrouble: false };
  }
  if (status === 401 || status === 403)
    return again({ ...said, detail: `answered ${status}: not authorised`, isUnauthorised: true });
  if (status === 410) return { kind: 'disable', detail: 'answered 410: gone', isTrouble: true };
  if (status === 408 || status === 429 || status >= 500) {
    const waitMs = retryAfterOf(headers['retry-after'], now);
    if (waitMs !== undefined) return again({ ...said, detail: `answered ${status}` }, waitMs);
  }
  if (status >= 300 && status < 400) return again({ detail: `answered ${status}: redirects are not followed` });
  if (aboutEndpoint.has(status) || status < 400) return again({ ...said, detail: `answered ${status}` });
  return againOrApart({ ...said, detail: `answered ${status}` });
}

import type { RetryPolicy } from './endpoint.js';

/**
 * How long to wait after a failed attempt: exponential with full jitter, at least as long as the receiver asked for.
 *
 * @param attempt the one that failed, counted from 1
 * @param random 0 to 1
 * @param notBeforeMs the receiver's Retry-After, honoured up to `maxRetryAfterMs`
 * @returns milliseconds
 */
export function delayOf(attempt: number, policy: RetryPolicy, random: () => number, notBeforeMs = 0): number {
  // 2^1024 is Infinity, and 0 times that is no number.
  const ceiling = Math.min(policy.maxMs, policy.initialMs * 2 ** Math.min(attempt - 1, 1000));
  return Math.max(Math.round(random() * ceiling), Math.min(notBeforeMs, policy.maxRetryAfterMs));
}

/**
 * How long to wait for an answer about SETs that a receiver has taken without one, before they are sent again: it may be
 * at work on them, so it has twice the time of a back-off, and half of that for certain.
 *
 * @param times how often they have been left without one, counted from 1
 * @param random 0 to 1
 * @returns milliseconds
 */
export function answerDelayOf(times: number, policy: RetryPolicy, random: () => number): number {
  const ceiling = Math.min(policy.maxMs, policy.initialMs * 2 ** Math.min(times, 1000));
  return Math.round(ceiling * (0.5 + random() / 2));
}

/**
 * Whether a SET has been tried for as long, or as often, as its endpoint's patience allows.
 *
 * @param forMs since its first attempt, in milliseconds
 */
export function isPatienceExhausted(attempts: number, forMs: number, policy: RetryPolicy): boolean {
  return (policy.maxAttempts > 0 && attempts >= policy.maxAttempts) || forMs >= policy.maxAgeMs;
}

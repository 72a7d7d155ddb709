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
 * Whether a SET has been tried for as long, or as often, as its endpoint's patience allows.
 *
 * @param forMs since its first attempt, in milliseconds
 */
export function isPatienceExhausted(attempts: number, forMs: number, policy: RetryPolicy): boolean {
  return (policy.maxAttempts > 0 && attempts >= policy.maxAttempts) || forMs >= policy.maxAgeMs;
}

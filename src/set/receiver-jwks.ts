import type { Report } from '../report.js';
import type { EncryptionAlg } from '../schema-types.js';
import { type ReceiverKey, ReceiverKeyError, receiverKeyOf } from './receiver-key.js';

/**
 * Gets what a receiver's JWKS URL has: one request, bounded in time and size, cut short by `signal`.
 *
 * @throws ReceiverKeyError (as a rejection)
 */
export type FetchJwks = (url: string, signal?: AbortSignal) => Promise<string>;

/** What is needed to keep up with a receiver's keys. */
export interface JwksDeps {
  readonly fetchJwks: FetchJwks;
  /** Milliseconds; never goes back. */
  readonly clock: () => number;
  readonly report: Report;
}

/** For so long a key is taken as it is. */
const freshMs = 10 * 60_000;
/** For so long the last one is good while the URL is down. A receiver that loses its key has to take it off the URL. */
const lastGoodMs = 24 * 3_600_000;
/** A URL that is down is asked no more often. */
const againMs = 10_000;

/**
 * The key of a JWKS URL, fetched when it is needed and older than ten minutes; callers that come together share one request,
 * and the signal of the first. While the URL is down the last good key is used for at most a day. A set that came and has no key that fits takes
 * the old one away: the receiver has withdrawn it.
 *
 * @param endpoint its name, for the log
 */
export function keyAt(
  endpoint: string,
  url: string,
  alg: EncryptionAlg | undefined,
  { fetchJwks, clock, report }: JwksDeps,
): (signal?: AbortSignal) => Promise<ReceiverKey> {
  let held: { readonly key: ReceiverKey; readonly at: number } | undefined;
  let failed: { readonly why: ReceiverKeyError; readonly at: number } | undefined;
  let fetching: Promise<void> | undefined;

  function fail(why: ReceiverKeyError): void {
    // Without a key every attempt says so.
    if (failed === undefined && held !== undefined) {
      const note = 'the last key is used for 24h at most';
      report('warn', "a receiver's JWK Set cannot be had", { endpoint, why: why.message, note });
    }
    failed = { why, at: clock() };
  }

  async function renew(signal?: AbortSignal): Promise<void> {
    try {
      const key = receiverKeyOf(await fetchJwks(url, signal), alg);
      failed = undefined;
      held = key && { key, at: clock() };
      if (key === undefined)
        fail(
          new ReceiverKeyError(
            alg === undefined ? 'its JWK Set has no key that we can encrypt to' : `its JWK Set has no key for ${alg}`,
          ),
        );
    } catch (error) {
      // Nothing is known of the URL then.
      if (signal?.aborted) return;
      fail(error instanceof ReceiverKeyError ? error : new ReceiverKeyError('its JWK Set cannot be had'));
    }
  }

  return async (signal) => {
    const isYounger = (since: { readonly at: number } | undefined, ms: number): boolean =>
      since !== undefined && clock() - since.at < ms;
    if (!isYounger(held, freshMs) && !isYounger(failed, againMs)) {
      fetching ??= renew(signal).finally(() => {
        fetching = undefined;
      });
    }
    // A URL that is known to be down holds nothing up as long as there is a key.
    if (fetching !== undefined && (failed === undefined || !isYounger(held, lastGoodMs))) await fetching;
    if (held !== undefined && isYounger(held, lastGoodMs)) return held.key;
    throw failed?.why ?? new ReceiverKeyError('its JWK Set cannot be had');
  };
}

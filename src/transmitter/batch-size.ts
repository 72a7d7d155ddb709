/** How many SETs an endpoint is sent at once, as it has turned out. */
export interface BatchSize {
  readonly max: number;
  /** So many were too many, at this time (steady, in milliseconds). */
  refused(count: number, at: number): void;
  /** So many were taken. */
  taken(count: number, at: number): void;
}

/** So long what was refused is not tried again. */
const rememberMs = 10 * 60_000;

/**
 * Half of what was refused, and slowly more again as long as it is taken: a tenth at a time, below what was refused last
 * until that is ten minutes ago.
 *
 * @param most what the config allows
 */
export function batchSizeOf(most: number): BatchSize {
  let max = most;
  let tooMany = Number.POSITIVE_INFINITY;
  let refusedAt = Number.NEGATIVE_INFINITY;
  return {
    get max() {
      return max;
    },
    refused(count, at) {
      tooMany = at - refusedAt < rememberMs ? Math.min(tooMany, count) : count;
      refusedAt = at;
      max = Math.max(1, Math.min(max, Math.floor(count / 2)));
    },
    taken(count, at) {
      if (max === most || count < max) return;
      const below = at - refusedAt < rememberMs ? tooMany - 1 : most;
      max = Math.max(max, Math.min(most, below, max + Math.ceil(max / 10)));
    },
  };
}

import type { CircuitPolicy } from './endpoint.js';

/** Leave to make one attempt. */
export interface Permit {
  readonly isProbe: boolean;
}

/**
 * Keeps an endpoint that fails too often from being tried again and again: closed it lets everything through, open one
 * probe at a time, further and further apart, until one succeeds. Pure: all times come in, steady, in milliseconds.
 */
export interface Breaker {
  readonly isOpen: boolean;
  /** Leave for an attempt, or how long to wait (Infinity: until a probe has come back). Leave has to be given back by one of the others. */
  admit(at: number): Permit | { readonly waitMs: number };
  succeeded(at: number): void;
  /** @param waitMs the endpoint has asked not to be sent anything for so long */
  failed(permit: Permit, at: number, waitMs?: number): void;
  /** The attempt was not made, or says nothing about the endpoint. */
  returned(permit: Permit): void;
}

const slices = 10;

/** Counts of attempts, for the time since `from`. */
interface Slice {
  readonly from: number;
  all: number;
  failed: number;
}

/** @param random 0 to 1: probes of several endpoints behind one gateway spread out */
export function breakerOf(policy: CircuitPolicy, random: () => number): Breaker {
  let counted: Slice[] = [];
  /** The next probe may be made then; undefined: closed. */
  let probeAt: number | undefined;
  let probes = 0;
  let isProbing = false;
  let notBefore = Number.NEGATIVE_INFINITY;

  function count(at: number, failed: boolean): void {
    counted = counted.filter(({ from }) => at - from < policy.windowMs);
    let slice = counted.at(-1);
    if (slice === undefined || at - slice.from >= policy.windowMs / slices) {
      slice = { from: at, all: 0, failed: 0 };
      counted.push(slice);
    }
    slice.all += 1;
    if (failed) slice.failed += 1;
  }

  function isTooMuch(): boolean {
    const all = counted.reduce((sum, slice) => sum + slice.all, 0);
    const failed = counted.reduce((sum, slice) => sum + slice.failed, 0);
    return policy.minAttempts > 0 && all >= policy.minAttempts && failed / all >= policy.failureRate;
  }

  function waitForProbe(at: number): void {
    const wait = Math.min(policy.maxProbeMs, policy.probeMs * 2 ** Math.min(probes, 1000));
    probeAt = at + wait * (0.5 + random() / 2);
    probes += 1;
  }

  return {
    get isOpen() {
      return probeAt !== undefined;
    },
    admit(at) {
      if (at < notBefore) return { waitMs: notBefore - at };
      if (probeAt === undefined) return { isProbe: false };
      if (isProbing) return { waitMs: Number.POSITIVE_INFINITY };
      if (at < probeAt) return { waitMs: probeAt - at };
      isProbing = true;
      return { isProbe: true };
    },
    succeeded(at) {
      if (probeAt !== undefined) counted = [];
      probeAt = undefined;
      probes = 0;
      isProbing = false;
      count(at, false);
    },
    failed({ isProbe }, at, waitMs = 0) {
      if (waitMs > 0) notBefore = Math.max(notBefore, at + waitMs);
      if (isProbe) isProbing = false;
      if (probeAt === undefined) count(at, true);
      // What was under way when it opened says nothing new.
      if (probeAt === undefined ? isTooMuch() : isProbe) waitForProbe(at);
    },
    returned({ isProbe }) {
      if (isProbe) isProbing = false;
    },
  };
}

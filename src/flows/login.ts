import { createHash } from 'node:crypto';
import type { IdentityEvent, ReportedEvent } from '../events/identity-event.js';
import { recentOf } from './recent.js';

/** What failed logins have in common. */
export type BurstKind = 'user' | 'ip';

export interface SuspiciousOptions {
  /** So many failures within the window are a burst; 0: never. */
  readonly failures: number;
  readonly windowMs: number;
  readonly by: readonly BurstKind[];
  /** So many users, and so many addresses, are remembered; past it the one whose last failure is longest ago is forgotten. */
  readonly maxTracked: number;
}

export interface BurstDetection {
  /** The `login.suspicious` that a failed login is the last straw for: none as a rule, two where user and address tip together. */
  derive(event: IdentityEvent): readonly ReportedEvent[];
  /** How many are remembered. */
  tracked(kind: BurstKind): number;
}

interface Failures {
  /** When they happened, fewer than `failures` of them; undefined once they are a burst. */
  readonly times: readonly number[] | undefined;
  readonly last: number;
}

/** A key of bounded length, whatever was typed as a name. */
const bounded = (key: string): string =>
  key.length <= 128 ? key : createHash('sha256').update(key).digest('base64url');

/**
 * Whom a failure counts against: the user's id, else the name that was typed, whatever its case, in its tenant and
 * organization (the same name in two of them is two users); or the address, IPv4 also where it is written as IPv6.
 */
const keyOf: Record<BurstKind, (event: IdentityEvent) => string | undefined> = {
  user({ user, tenant, organization }) {
    const name = user?.id ?? user?.username?.toLowerCase();
    if (name === undefined) return undefined;
    return bounded([tenant?.id, organization?.id, user?.id === undefined ? 'name' : 'id', name].join('\n'));
  },
  ip: ({ initiator }) => initiator?.ip?.toLowerCase().replace(/^::ffff:(?=\d+\.)/, ''),
};

/** Says what all failures of the burst share, and nothing that only the last one had. */
const derivedFrom: Record<BurstKind, (event: IdentityEvent) => Partial<ReportedEvent>> = {
  user: ({ user, tenant, organization }) => ({
    user: { id: user?.id, username: user?.username },
    tenant,
    organization,
  }),
  ip: ({ initiator }) => ({ initiator: { ip: initiator?.ip } }),
};

/**
 * Finds bursts of failed logins: `failures` of one user or from one address within `windowMs`. A burst is reported once,
 * when it is recognised, and lasts until no failure came for `windowMs`; a successful login neither ends it nor
 * clears the count, since a guess that succeeds after many that failed is what an operator wants to see.
 *
 * Users and addresses are remembered apart, so that a flood of user names does not push the addresses out.
 *
 * @param now milliseconds
 */
export function detectBursts(options: SuspiciousOptions, now: () => number): BurstDetection {
  const { failures, windowMs, maxTracked } = options;
  // A clock that was set back starts a count anew: times to come would never leave the window.
  const isOver = (time: number, at: number): boolean => at < time || at - time >= windowMs;
  const newMemory = () => recentOf<Failures>(maxTracked, ({ last }) => isOver(last, now()));
  const memory = { user: newMemory(), ip: newMemory() };

  /** Counts a failure; true when it makes a burst of those before it. */
  function tips(kind: BurstKind, key: string): boolean {
    const at = now();
    const known = memory[kind].get(key);
    const before = known === undefined || isOver(known.last, at) ? [] : known.times;
    const times = before && [...before.filter((time) => !isOver(time, at)), at];
    const isBurst = times === undefined || times.length >= failures;
    memory[kind].put(key, { times: isBurst ? undefined : times, last: at });
    return isBurst && times !== undefined;
  }

  function derive(event: IdentityEvent): readonly ReportedEvent[] {
    if (event.type !== 'login.failure') return [];
    return options.by.flatMap((kind) => {
      const key = keyOf[kind](event);
      if (key === undefined || !tips(kind, key)) return [];
      const { time, correlationId, issuer } = event;
      const burst = { by: kind, count: failures, windowMs };
      return [{ type: 'login.suspicious', time, correlationId, issuer, ...derivedFrom[kind](event), burst }];
    });
  }

  return {
    derive: failures === 0 ? () => [] : derive,
    tracked: (kind) => memory[kind].size,
  };
}

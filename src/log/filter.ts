import { matchesPattern } from '../events/type-pattern.js';
import type { DeliveryRecord } from '../schema-types.js';

/** Which records are wanted. Several values of one member: any of them; several members: all of them. Empty: every record. */
export interface RecordFilter {
  readonly endpoints?: readonly string[];
  /** Event types or patterns: `login.failure`, `login.*`, `*`. A record matches by any of its SETs. */
  readonly events?: readonly string[];
  readonly outcomes?: readonly string[];
  /** Whole or by their first characters, as a line shows them. */
  readonly jtis?: readonly string[];
  /** In milliseconds since 1970. */
  readonly since?: number;
}

const any = (values: readonly string[] | undefined, matches: (value: string) => boolean): boolean =>
  values === undefined || values.length === 0 || values.some(matches);

export function matches(record: DeliveryRecord, filter: RecordFilter): boolean {
  return (
    (filter.since === undefined || Date.parse(record.time) >= filter.since) &&
    any(filter.endpoints, (endpoint) => record.endpoint === endpoint) &&
    any(filter.outcomes, (outcome) => record.outcome === outcome) &&
    any(filter.events, (pattern) => record.sets.some(({ event }) => matchesPattern(pattern, event))) &&
    any(filter.jtis, (jti) => record.sets.some((set) => set.jti.startsWith(jti)))
  );
}

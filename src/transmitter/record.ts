import type { IdentityEvent } from '../events/identity-event.js';
import type { DeadReason, DeliveryRecord } from '../schema-types.js';
import type { Answer } from './endpoint.js';
import type { PackedBatch } from './parcel.js';

/** So many SETs stand in one record at most. */
const maxSetsInRecord = 1000;

const timeOf = (ms: number): string => new Date(ms).toISOString();

/** The user of an event as it may stand in the log. */
export function userOf(event: IdentityEvent, hashUser: (userId: string) => string): string | undefined {
  const name = event.user?.id ?? event.user?.username;
  return name === undefined ? undefined : hashUser(name);
}

export type Verdict = Pick<DeliveryRecord, 'outcome' | 'error' | 'reason' | 'detail' | 'nextRetryAt'>;

/** One attempt. Members stand in the order of the schema; what is not known is left out. */
export function attemptRecord(
  endpoint: string,
  batch: PackedBatch,
  attempt: number,
  answer: Answer,
  verdict: Verdict,
  now: number,
): DeliveryRecord {
  const { outcome, error, reason, detail, nextRetryAt } = verdict;
  return {
    time: timeOf(now),
    endpoint,
    outcome,
    batch: batch.id,
    attempt,
    ...(answer.kind === 'answer' && { status: answer.status }),
    ...(error !== undefined && { error: error.slice(0, 128) }),
    ...(reason !== undefined && { reason }),
    ...(detail !== undefined && { detail: detail.slice(0, 1024) }),
    durationMs: Math.round(answer.durationMs * 10) / 10,
    bytes: answer.bytes,
    ...(nextRetryAt !== undefined && { nextRetryAt }),
    sets: batch.parcels.map(({ set, user }) => ({
      jti: set.jti,
      event: set.eventType,
      ...(user !== undefined && { user }),
    })),
  };
}

/** A SET that was given up without an attempt. */
export function unsentRecord(
  endpoint: string,
  event: IdentityEvent,
  jti: string,
  { reason, detail }: { readonly reason: DeadReason; readonly detail?: string },
  { hashUser, now }: { readonly hashUser: (userId: string) => string; readonly now: () => number },
): DeliveryRecord {
  const user = userOf(event, hashUser);
  return {
    time: timeOf(now()),
    endpoint,
    outcome: 'dead',
    attempt: 0,
    reason,
    ...(detail !== undefined && { detail: detail.slice(0, 1024) }),
    sets: [{ jti, event: event.type, ...(user !== undefined && { user }) }],
  };
}

/** Events that were given up before any of their SETs was made. */
export function deadRecords(
  endpoint: string,
  events: readonly IdentityEvent[],
  why: { readonly reason: DeadReason; readonly detail?: string },
  deps: { readonly hashUser: (userId: string) => string; readonly now: () => number },
): DeliveryRecord[] {
  const records: DeliveryRecord[] = [];
  for (let start = 0; start < events.length; start += maxSetsInRecord) {
    const sets = events.slice(start, start + maxSetsInRecord).map((event) => {
      const user = userOf(event, deps.hashUser);
      return { jti: event.id, event: event.type, ...(user !== undefined && { user }) };
    });
    const { reason, detail } = why;
    records.push({
      time: timeOf(deps.now()),
      endpoint,
      outcome: 'dead',
      attempt: 0,
      reason,
      ...(detail !== undefined && { detail: detail.slice(0, 1024) }),
      sets,
    });
  }
  return records;
}

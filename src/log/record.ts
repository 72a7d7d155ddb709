import type { DeliveredSet, DeliveryRecord } from '../schema-types.js';

const outcomes: ReadonlySet<unknown> = new Set<DeliveryRecord['outcome']>(['delivered', 'retry', 'dead']);

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const count = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

function setOf(value: unknown): DeliveredSet | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { jti, event, user } = value as Record<string, unknown>;
  if (typeof jti !== 'string' || typeof event !== 'string') return undefined;
  return { jti, event, ...(typeof user === 'string' && { user }) };
}

/**
 * A line of the delivery log, read with tolerance: a member that another version has added, or has written otherwise,
 * is left out. undefined: the line is no record at all.
 */
export function recordOf(line: string): DeliveryRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // A log may hold a line that a crash has cut off: the caller counts it.
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const members = value as Record<string, unknown>;
  const { time, endpoint, outcome, sets } = members;
  if (typeof time !== 'string' || Number.isNaN(Date.parse(time)) || typeof endpoint !== 'string') return undefined;
  if (!outcomes.has(outcome) || !Array.isArray(sets)) return undefined;
  const optional = {
    batch: text(members.batch),
    status: count(members.status),
    error: text(members.error),
    reason: text(members.reason) as DeliveryRecord['reason'],
    detail: text(members.detail),
    durationMs: count(members.durationMs),
    bytes: count(members.bytes),
    nextRetryAt: text(members.nextRetryAt),
  };
  return {
    time,
    endpoint,
    outcome: outcome as DeliveryRecord['outcome'],
    attempt: count(members.attempt) ?? 0,
    ...Object.fromEntries(Object.entries(optional).filter(([, member]) => member !== undefined)),
    sets: sets.map(setOf).filter((set) => set !== undefined),
  };
}

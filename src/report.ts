/** How a part tells the operator something that is not an attempt at delivery. Fields hold no personal data and no secret. */
export type Report = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

/** Counts what may happen again and again; each kind is reported the first time only. */
export interface Tally {
  add(kind: string, why: string): void;
  /** How often each kind was seen. */
  counts(): Readonly<Record<string, number>>;
}

const maxKinds = 200;

/**
 * @param words what is counted, as the report says it: `not mapped`
 *
 * Kinds past the 200th are counted together as `other`, so that a host that makes up names cannot fill the memory.
 */
export function tallyWith(report: Report, words: string): Tally {
  const counts = new Map<string, number>();
  return {
    add(kind, why) {
      const key = counts.has(kind) || counts.size < maxKinds ? kind : 'other';
      const before = counts.get(key) ?? 0;
      counts.set(key, before + 1);
      if (before === 0) report('warn', `${words}: ${key}`, { why, note: 'counted from now on, not logged again' });
    },
    counts: () => Object.fromEntries(counts),
  };
}

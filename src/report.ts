/** How a part tells the operator something that is not an attempt at delivery. Fields hold no personal data and no secret. */
export type Report = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

/** Counts what may happen again and again; each kind is reported the first time only. */
export interface Tally {
  /** @param times how often it happened now (1) */
  add(kind: string, why: string, times?: number): void;
  /** How often each kind was seen. */
  counts(): Readonly<Record<string, number>>;
}

const maxKinds = 200;

/**
 * @param words what is counted, as the report says it: `not mapped`
 * @param level how bad it is
 *
 * Kinds past the 200th are counted together as `other`, so that a host that makes up names cannot fill the memory.
 */
export function tallyWith(report: Report, words: string, level: 'warn' | 'error' = 'warn'): Tally {
  const counts = new Map<string, number>();
  return {
    add(kind, why, times = 1) {
      const key = counts.has(kind) || counts.size < maxKinds ? kind : 'other';
      const before = counts.get(key) ?? 0;
      counts.set(key, before + times);
      if (before > 0) return;
      const note = 'counted from now on, not logged again';
      report(level, `${words}: ${key}`, { why, ...(times > 1 && { times }), note });
    },
    counts: () => Object.fromEntries(counts),
  };
}

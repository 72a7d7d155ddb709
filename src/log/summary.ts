import type { DeliveryRecord } from '../schema-types.js';
import { durationText } from './format.js';
import { visible } from './visible.js';

const maxEndpoints = 6;
/** Past so many SETs they are no longer told apart. */
const maxSets = 1_000_000;

/** Counts the records that were shown. */
export interface Summary {
  add(record: DeliveryRecord): void;
  /** `20 attempts: 17 delivered, 2 retry, 1 dead · 41 SETs · p50 12 ms · endpoints crm 12, siem 8` */
  text(): string;
}

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

export function newSummary(): Summary {
  const outcomes = { delivered: 0, retry: 0, dead: 0 };
  const endpoints = new Map<string, number>();
  const sets = new Set<string>();
  const durations: number[] = [];
  let attempts = 0;
  return {
    add({ outcome, endpoint, durationMs, sets: ofRecord }) {
      attempts += 1;
      outcomes[outcome] += 1;
      endpoints.set(endpoint, (endpoints.get(endpoint) ?? 0) + 1);
      if (durationMs !== undefined) durations.push(durationMs);
      for (const { jti } of ofRecord) if (sets.size < maxSets) sets.add(`${endpoint}\n${jti}`);
    },
    text() {
      if (attempts === 0) return 'no attempts';
      const counts = Object.entries(outcomes).filter(([, count]) => count > 0);
      const byCount = [...endpoints].sort(([, a], [, b]) => b - a);
      const named = byCount.slice(0, maxEndpoints).map(([name, count]) => `${visible(name)} ${count}`);
      const more = byCount.length > maxEndpoints ? [`${byCount.length - maxEndpoints} more`] : [];
      const median = durations.sort((a, b) => a - b)[Math.floor((durations.length - 1) / 2)];
      return [
        `${plural(attempts, 'attempt')}: ${counts.map(([outcome, count]) => `${count} ${outcome}`).join(', ')}`,
        `${sets.size >= maxSets ? 'over ' : ''}${plural(sets.size, 'SET')}`,
        ...(median === undefined ? [] : [`p50 ${durationText(median)}`]),
        `${endpoints.size === 1 ? 'endpoint' : 'endpoints'} ${[...named, ...more].join(', ')}`,
      ].join(' · ');
    },
  };
}

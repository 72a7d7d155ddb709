import { SetwireError } from '../errors.js';
import type { Journal, JournalLoss } from './journal.js';
import { journalOn } from './journal-on.js';
import type { Store, Table, Writing } from './store.js';

export interface MemoryLimits {
  readonly maxEvents: number;
  /** Counted as the length of each event's JSON, in characters. */
  readonly maxBytes: number;
}

/** Keys in the order in which LMDB has them. */
function isBefore(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return (a as string) < (b as string);
  const at = a.findIndex((part, index) => part !== b[index]);
  return at >= 0 && a[at] < b[at];
}

/** A table in memory. What is put in comes last, as a rule: anything else costs a search. */
function tableInMemory<K, V>(): Table<K, V> {
  const nameOf = (key: K): unknown => (Array.isArray(key) ? key.join('\0') : key);
  const values = new Map<unknown, V>();
  // The first `gone` keys have been removed and are cut away now and then.
  let keys: K[] = [];
  let gone = 0;

  /** Index of the first key at or behind `key`. */
  function placeOf(key: K): number {
    let [low, high] = [gone, keys.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(keys[middle], key)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    get: (key) => values.get(nameOf(key)),
    put(key, value) {
      if (!values.has(nameOf(key))) keys.splice(placeOf(key), 0, key);
      values.set(nameOf(key), value);
    },
    remove(key) {
      if (!values.delete(nameOf(key))) return;
      const place = placeOf(key);
      if (place > gone) {
        keys.splice(place, 1);
        return;
      }
      gone += 1;
      // Cutting half of the array at once keeps a removal O(1) on average.
      if (gone > 1024 && gone > keys.length / 2) {
        keys = keys.slice(gone);
        gone = 0;
      }
    },
    *range({ start, end, limit = Number.POSITIVE_INFINITY }) {
      const from = start === undefined ? gone : placeOf(start);
      for (const key of keys.slice(from, Math.min(keys.length, from + limit))) {
        if (end !== undefined && !isBefore(key, end)) return;
        yield { key, value: values.get(nameOf(key)) as V };
      }
    },
    count: () => values.size,
  };
}

function storeInMemory(): Store {
  const tables: Writing = {
    events: tableInMemory(),
    ids: tableInMemory(),
    readers: tableInMemory(),
    lease: tableInMemory(),
    deadLetters: tableInMemory(),
    deadIds: tableInMemory(),
    requests: tableInMemory(),
    totals: { end: 1, bytes: 0, dead: {} },
  };
  const readable = { ...tables, totals: () => tables.totals };
  let closed = false;
  return {
    async write(change) {
      if (closed) throw new SetwireError('SETWIRE_JOURNAL_UNWRITABLE', 'the journal is closed');
      return change(tables);
    },
    tables: () => readable,
    isShared: false,
    error: undefined,
    close() {
      closed = true;
      return Promise.resolve();
    },
  };
}

/**
 * A journal in memory: what is in it ends with the process.
 *
 * Bounded: when it is full the oldest entries go, and `onLoss` is told for each reader which of them it had not begun.
 * Entries that every reader is past go at once; without readers nothing is kept.
 */
export function memoryJournal(limits: MemoryLimits, onLoss: (loss: JournalLoss) => void): Journal {
  return journalOn(storeInMemory(), {
    always: {
      limits: {
        maxAgeMs: Number.POSITIVE_INFINITY,
        maxBytes: 0,
        hardLimitBytes: limits.maxBytes,
        hardLimitEvents: limits.maxEvents,
        removedReaderMs: Number.POSITIVE_INFINITY,
      },
      onLoss,
    },
  });
}

import { SetwireError } from '../errors.js';
import type { IdentityEvent } from '../events/identity-event.js';
import type { Journal, JournalEntry, JournalLoss, Offset } from './journal.js';

export interface MemoryLimits {
  readonly maxEvents: number;
  /** Counted as the length of each event's JSON, in characters. */
  readonly maxBytes: number;
}

interface Kept extends JournalEntry {
  readonly bytes: number;
}

/**
 * A journal in memory: what is in it ends with the process.
 *
 * Bounded: when it is full the oldest entries go, and `onLoss` is told for each reader which of them it had not finished.
 * Entries that every reader is past go at once; without readers nothing is kept.
 */
export function memoryJournal(limits: MemoryLimits, onLoss: (loss: JournalLoss) => void): Journal {
  // Entries [first, end) stand at index offset - base; what is before `first` has been let go and is cut away now and then.
  let kept: (Kept | undefined)[] = [];
  let base: Offset = 1;
  let first: Offset = 1;
  let end: Offset = 1;
  let bytes = 0;
  let closed = false;
  const positions = new Map<string, Offset>();
  const waiting = new Set<() => void>();

  const at = (offset: Offset): Kept | undefined => kept[offset - base];

  function letGoTo(offset: Offset): void {
    for (; first < offset; first += 1) {
      bytes -= at(first)?.bytes ?? 0;
      kept[first - base] = undefined;
    }
    // Cutting half of the array at once keeps an append O(1) on average.
    if (first - base > 1024 && first - base > kept.length / 2) {
      kept = kept.slice(first - base);
      base = first;
    }
  }

  const trim = (): void => letGoTo(positions.size === 0 ? end : Math.min(...positions.values()));

  function dropOldest(): void {
    let cut = first;
    let freed = 0;
    while (end - cut > limits.maxEvents || (bytes - freed > limits.maxBytes && end - cut > 1)) {
      freed += at(cut)?.bytes ?? 0;
      cut += 1;
    }
    if (cut === first) return;
    const dropped = kept.slice(first - base, cut - base) as Kept[];
    letGoTo(cut);
    for (const [reader, position] of positions) {
      const entries = dropped.filter(({ offset }) => offset >= position);
      if (entries.length === 0) continue;
      positions.set(reader, cut);
      onLoss({ reader, entries });
    }
  }

  function wake(): void {
    for (const resume of waiting) resume();
    waiting.clear();
  }

  return {
    get end() {
      return end;
    },
    append(event: IdentityEvent) {
      if (closed) return Promise.reject(new SetwireError('SETWIRE_NOT_RUNNING', 'the journal is closed'));
      const size = JSON.stringify(event).length;
      const offset = end;
      end += 1;
      kept.push({ offset, event, bytes: size });
      bytes += size;
      if (positions.size === 0) letGoTo(end);
      else dropOldest();
      wake();
      return Promise.resolve(offset);
    },
    read(from, max) {
      const start = Math.max(from, first);
      return Promise.resolve(kept.slice(start - base, Math.min(start + max, end) - base) as Kept[]);
    },
    async has(from, signal) {
      while (!closed && !signal.aborted && end <= from) {
        await new Promise<void>((resolve) => {
          const resume = (): void => {
            signal.removeEventListener('abort', resume);
            waiting.delete(resume);
            resolve();
          };
          signal.addEventListener('abort', resume);
          waiting.add(resume);
        });
      }
      return !closed && !signal.aborted;
    },
    open(reader) {
      if (!positions.has(reader)) positions.set(reader, end);
      return Promise.resolve();
    },
    position: (reader) => positions.get(reader) ?? end,
    commit(reader, position) {
      if (position > (positions.get(reader) ?? position)) {
        positions.set(reader, Math.min(position, end));
        trim();
      }
      return Promise.resolve();
    },
    close() {
      closed = true;
      wake();
      return Promise.resolve();
    },
  };
}

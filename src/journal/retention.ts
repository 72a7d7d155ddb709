import { parsed } from './entry.js';
import type { JournalEntry, JournalLoss, KnownReader, Offset, Retention } from './journal.js';
import type { Writing } from './store.js';

/** So many entries are looked at in one transaction: others write in between. */
const maxAtOnce = 1000;

export interface Trimmed {
  readonly losses: readonly JournalLoss[];
  /** Whether there may be more to let go of. */
  readonly more: boolean;
}

/**
 * Lets go of the oldest entries: those that every reader has finished, once they are too old or too much, and past the
 * hard limit those that a reader has not begun. What a reader is at (`pending`) stays.
 *
 * @param now milliseconds
 */
export function trim(tables: Writing, readers: readonly KnownReader[], limits: Retention, now: number): Trimmed {
  const { events, totals } = tables;
  const needed = Math.min(...readers.map(({ position }) => position.next));
  const pending = new Set(readers.flatMap(({ position }) => position.pending.map(({ offset }) => offset)));
  const lost: JournalEntry[] = [];
  let removed = 0;
  let count = events.count();
  const hasIds = tables.ids.count() > 0;

  for (const { key, value } of events.range({ limit: maxAtOnce + pending.size })) {
    if (pending.has(key)) continue;
    // The newest stays, however large it is.
    const isTooMuch = (totals.bytes > limits.hardLimitBytes && count > 1) || count > limits.hardLimitEvents;
    if (key >= needed) {
      if (!isTooMuch) break;
      const entry = parsed(key, value);
      if (entry !== undefined) lost.push(entry);
    } else if (!isTooMuch && totals.bytes <= limits.maxBytes && !isOlder(key, value, now - limits.maxAgeMs)) {
      break;
    }
    events.remove(key);
    if (hasIds) forget(tables, key, value);
    totals.bytes -= value.length;
    count -= 1;
    removed += 1;
  }

  const losses = readers.flatMap(({ reader, position }) => {
    const entries = lost.filter(({ offset }) => offset >= position.next);
    return entries.length === 0 ? [] : [{ reader, entries }];
  });
  for (const { reader, entries } of losses) skip(tables, reader, (entries.at(-1)?.offset ?? 0) + 1);
  return { losses, more: removed >= maxAtOnce };
}

/** What is removed may be reported anew; `id` is an event's first member. */
function forget({ ids }: Writing, offset: Offset, text: string): void {
  const [, id] = /^\{"id":"([^"\\]+)"/.exec(text) ?? [];
  if (id !== undefined && ids.get(id) === offset) ids.remove(id);
}

/** @param time milliseconds */
function isOlder(offset: Offset, text: string, time: number): boolean {
  const entry = parsed(offset, text);
  return entry === undefined || entry.event.acceptedAt < time;
}

function skip({ readers }: Writing, reader: string, next: Offset): void {
  const row = readers.get(reader);
  if (row !== undefined && row.next < next) readers.put(reader, { ...row, next });
}

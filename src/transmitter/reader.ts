import { filter, firstValueFrom, fromEvent, type Observable, Subject, takeUntil } from 'rxjs';
import type { Journal, JournalEntry, Offset } from '../journal/journal.js';
import { watermarkFrom } from '../journal/position.js';
import type { Report } from '../report.js';

/** What one endpoint has read from the journal, and how far it has got with it. */
export interface Reader {
  /** Reads on, as there are entries and room for them, until `signal` aborts; goes on where it stopped when called again. */
  entries(signal: AbortSignal): AsyncGenerator<readonly JournalEntry[]>;
  /** These have been delivered, given up or left out; the endpoint's position follows. */
  settle(offsets: readonly Offset[]): void;
  /** Says that something has been settled. */
  readonly settled: Observable<void>;
  holds(offset: Offset): boolean;
  /** Read and not settled. */
  readonly unsettled: number;
  /** First offset that is not settled. */
  readonly position: Offset;
  /** Everything in the journal that is not settled, read or not. */
  rest(): Promise<readonly JournalEntry[]>;
}

/** Read from the journal at once. */
const maxRead = 500;

/** @param maxUnsettled it reads no further ahead than so many entries: RxJS has no back-pressure of its own */
export function readerOf(name: string, journal: Journal, maxUnsettled: number, report: Report): Reader {
  const unsettled = new Map<Offset, JournalEntry>();
  const settled = new Subject<void>();
  const watermark = watermarkFrom(journal.position(name));
  let next: Offset | undefined;

  async function room(signal: AbortSignal): Promise<void> {
    const freed = settled.pipe(
      filter(() => unsettled.size < maxUnsettled),
      takeUntil(fromEvent(signal, 'abort')),
    );
    if (unsettled.size >= maxUnsettled) await firstValueFrom(freed, { defaultValue: undefined });
  }

  return {
    async *entries(signal) {
      await journal.open(name);
      if (next === undefined) {
        // A reader that is new starts at the end, which may have moved while it was opened.
        next = journal.position(name);
        watermark.skipTo(next);
      }
      for (;;) {
        await room(signal);
        if (signal.aborted || !(await journal.has(next, signal))) return;
        const read = await journal.read(next, Math.min(maxRead, maxUnsettled - unsettled.size));
        const [first, last] = [read[0], read.at(-1)];
        if (first === undefined || last === undefined) continue;
        // What the journal has dropped in between is lost, and reported by it.
        if (first.offset > next) watermark.skipTo(first.offset);
        next = last.offset + 1;
        for (const entry of read) unsettled.set(entry.offset, entry);
        yield read;
      }
    },
    settle(offsets) {
      for (const offset of offsets) {
        unsettled.delete(offset);
        watermark.settle(offset);
      }
      journal.commit(name, watermark.position).catch((error: unknown) => {
        report('error', 'the position could not be stored', { endpoint: name, error: String(error) });
      });
      settled.next();
    },
    settled: settled.asObservable(),
    holds: (offset) => unsettled.has(offset),
    get unsettled() {
      return unsettled.size;
    },
    get position() {
      return watermark.position;
    },
    async rest() {
      const unread = await journal.read(next ?? journal.position(name), Number.MAX_SAFE_INTEGER);
      return [...unsettled.values(), ...unread];
    },
  };
}

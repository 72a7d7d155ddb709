import { setImmediate as givenBack } from 'node:timers/promises';
import { filter, firstValueFrom, fromEvent, type Observable, Subject, takeUntil, timer } from 'rxjs';
import type { Journal, JournalEntry, Offset, Position, Track } from '../journal/journal.js';
import { type Held, heldOf, type Source } from './parcel.js';

/** What one endpoint has read from the journal, and how far it has got with it. */
export interface Reader extends Source {
  /** Reads on, as there are entries and room for them, until `signal` aborts; goes on where it stopped when called again. */
  entries(signal: AbortSignal): AsyncGenerator<readonly Held[]>;
  /** Says that something has been settled. */
  readonly settled: Observable<void>;
  /** Whether an entry has been read and is not settled. */
  holds(offset: Offset): boolean;
  /** Whether an entry has been read and settled. */
  isDone(offset: Offset): boolean;
  /** Read and not settled. */
  readonly unsettled: number;
  /** In the journal and not settled. */
  readonly lag: number;
  /** When the oldest entry that is not settled was accepted, in milliseconds; undefined where there is none. */
  readonly oldestAt: number | undefined;
  /** Everything in the journal that is not settled, read or not. */
  rest(): Promise<readonly JournalEntry[]>;
  /** Resolves when the position as it is now is stored; nothing is read any more. */
  close(): Promise<void>;
}

/** Read from the journal at once: so many SETs are made before the host's thread is given back. */
const maxRead = 100;
const readAgainMs = 20;

/**
 * @param maxUnsettled it reads no further ahead than so many entries: RxJS has no back-pressure of its own
 * @param clock steady, in milliseconds
 */
export function readerOf(name: string, journal: Journal, maxUnsettled: number, clock: () => number): Reader {
  /** Once full, it reads on when so many can be read at once: entry by entry costs more than all that is done with one. */
  const readsOnAt = maxUnsettled - Math.ceil(Math.min(maxRead, maxUnsettled / 2));
  const unsettled = new Map<Offset, Held>();
  const settled = new Subject<void>();
  let next: Offset | undefined;
  let track: Track | undefined;

  function position(): Position {
    if (next === undefined) return journal.position(name);
    const pending = Array.from(unsettled.values(), ({ offset, tries: { attempts, firstAt }, done }) => ({
      offset,
      attempts,
      forMs: firstAt === undefined ? 0 : clock() - firstAt,
      ...(done && { done }),
    }));
    return { next, pending };
  }

  function hold(entries: readonly Held[]): readonly Held[] {
    for (const entry of entries) unsettled.set(entry.offset, entry);
    return entries;
  }

  /** Takes up what was being worked on when the position was stored. */
  async function resume(): Promise<readonly Held[]> {
    const stored = journal.position(name);
    const entries = await journal.entries(stored.pending.map(({ offset }) => offset));
    const tried = new Map(stored.pending.map((each) => [each.offset, each]));
    const held = entries.map((entry): Held => {
      const { attempts = 0, forMs = 0, done } = tried.get(entry.offset) ?? {};
      const tries = { attempts, ...(attempts > 0 && { firstAt: clock() - forMs }) };
      return heldOf(entry, tries, done);
    });
    hold(held);
    next = stored.next;
    track = journal.track(name, position);
    return held;
  }

  async function room(signal: AbortSignal): Promise<void> {
    if (unsettled.size < maxUnsettled) return;
    const freed = settled.pipe(
      filter(() => unsettled.size <= readsOnAt),
      takeUntil(fromEvent(signal, 'abort')),
    );
    await firstValueFrom(freed, { defaultValue: undefined });
  }

  return {
    async *entries(signal) {
      if (next === undefined) {
        const held = await resume();
        if (held.length > 0) yield held;
      }
      for (;;) {
        await room(signal);
        if (signal.aborted || !(await journal.has(next ?? 1, signal))) return;
        const read = await journal.read(next ?? 1, Math.min(maxRead, maxUnsettled - unsettled.size));
        const last = read.at(-1);
        // It is said to be there: what cannot be read yet will be.
        if (last === undefined) {
          await firstValueFrom(timer(readAgainMs));
          continue;
        }
        next = last.offset + 1;
        yield hold(read.map((entry) => heldOf(entry)));
        // A backlog is read without a pause otherwise, and neither the host nor a request under way gets its turn.
        if (read.length > 1) await givenBack();
      }
    },
    settle(entries) {
      for (const { offset } of entries) unsettled.delete(offset);
      track?.moved();
      settled.next();
    },
    moved() {
      track?.moved();
    },
    settled: settled.asObservable(),
    holds: (offset) => unsettled.has(offset),
    isDone(offset) {
      const { next: end, pending } = position();
      return offset < end && !pending.some((each) => each.offset === offset);
    },
    get unsettled() {
      return unsettled.size;
    },
    get lag() {
      const { next: from, pending } = position();
      return Math.max(0, journal.end - from) + pending.length;
    },
    get oldestAt() {
      const [first] = unsettled.values();
      return first?.event.acceptedAt;
    },
    async rest() {
      const unread = await journal.read(position().next, Number.MAX_SAFE_INTEGER);
      return [...unsettled.values(), ...unread];
    },
    async close() {
      await track?.stored();
      track?.end();
    },
  };
}

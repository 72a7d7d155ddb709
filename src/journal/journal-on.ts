import { randomUUID } from 'node:crypto';
import { SetwireError } from '../errors.js';
import { deadLettersIn } from './dead-letters.js';
import { parsed } from './entry.js';
import type { Journal, JournalLoss, KnownReader, Offset, Position, Retention, StartFrom } from './journal.js';
import { leaseIn, pause } from './lease.js';
import { requestsIn } from './requests.js';
import { trim } from './retention.js';
import type { ReaderRow, Store, Tables, Writing } from './store.js';

/** How soon a position is stored after it has moved: what is delivered in between is sent twice after a crash. */
const storePositionMs = 50;
/** How often it is asked whether another process has appended. */
const askAgainMs = 50;

export interface JournalOptions {
  /** As whom this process asks for the lead; left out: as one that nobody else is. */
  readonly owner?: string;
  /** Kept to at every append, rather than when `retain` is called. */
  readonly always?: { readonly limits: Retention; readonly onLoss: (loss: JournalLoss) => void };
}

const positionOf = ({ next, pending }: ReaderRow): Position => ({
  next,
  pending: pending.map(([offset, attempts, forMs, done]) => ({ offset, attempts, forMs, ...(done && { done }) })),
});

const rowOf = ({ next, pending }: Position): Pick<ReaderRow, 'next' | 'pending'> => ({
  next,
  pending: pending.map(({ offset, attempts, forMs, done }) => {
    const tried = [offset, attempts, Math.round(forMs)] as const;
    return done === undefined ? tried : [...tried, done];
  }),
});

/** First offset whose event was accepted at `time` (milliseconds) or later: acceptance goes up with the offset, by and large. */
function offsetAt(tables: Pick<Tables, 'events'>, end: Offset, time: number): Offset {
  const nextAfter = (from: Offset) => [...tables.events.range({ start: from, limit: 1 })][0];
  let low = nextAfter(1)?.key ?? end;
  let high = end;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = nextAfter(middle);
    const acceptedAt = found && parsed(found.key, found.value)?.event.acceptedAt;
    if (found === undefined || found.key >= high || (acceptedAt ?? time) >= time) high = middle;
    else low = found.key + 1;
  }
  return low;
}

/** Where the event of an id stands; undefined: it is not, or no longer, in the journal. */
function placeOf({ events, ids }: Pick<Tables, 'events' | 'ids'>, id: string): Offset | undefined {
  const place = ids.get(id);
  return place === undefined || events.get(place) === undefined ? undefined : place;
}

/** What this process knows of a journal, whatever becomes of it. */
interface Seen {
  /** No event that is stored has this offset or a later one, as far as it knows. */
  end: Offset;
  readonly readers: Set<string>;
}

/**
 * A store that was begun anew, because what was there is damaged, goes on where this process knows the old one to have
 * ended: no offset comes twice, and readers get what comes.
 */
function goingOn(store: Store, seen: Seen): Store {
  async function write<T>(change: (tables: Writing) => T): Promise<T> {
    let end = 0;
    const result = await store.write((tables) => {
      const { totals, readers } = tables;
      if (totals.end < seen.end) {
        totals.end = seen.end;
        for (const reader of seen.readers)
          if (readers.get(reader) === undefined) readers.put(reader, { next: seen.end, pending: [] });
      }
      const done = change(tables);
      end = totals.end;
      return done;
    });
    seen.end = Math.max(seen.end, end);
    return result;
  }
  // Its other members may be getters: they stay what they are.
  return Object.create(store, { write: { value: write } }) as Store;
}

const none: ReadonlyMap<number, string> = new Map();

/** A journal whose tables are in `store`. */
export function journalOn(kept: Store, { always, owner = randomUUID() }: JournalOptions = {}): Journal {
  const seen: Seen = { end: 1, readers: new Set() };
  const store = goingOn(kept, seen);
  const lease = leaseIn(store, owner);
  const tracked = new Map<string, () => Position>();
  const waiting = new Set<() => void>();
  const closing = new AbortController();
  /** What is lost to readers that had not begun it ends here: nobody begins it while its removal is being stored. */
  let cut: Offset = 1;
  let watching: NodeJS.Timeout | undefined;

  const endOf = (): Offset => {
    seen.end = Math.max(seen.end, store.tables()?.totals().end ?? 0);
    return seen.end;
  };

  function wake(): void {
    for (const resume of [...waiting]) resume();
  }

  /** What other processes append is not told to this one: it looks, as long as somebody waits. */
  function watch(): void {
    if (!store.isShared || watching !== undefined) return;
    const before = seen.end;
    watching = setTimeout(() => {
      watching = undefined;
      if (endOf() > before) wake();
      if (waiting.size > 0) watch();
    }, askAgainMs).unref();
  }

  function knownIn(tables: Pick<Tables, 'readers'>): KnownReader[] {
    return [...tables.readers.range({})].map(({ key, value }) => {
      const { disabled, removedAt } = value;
      const position = tracked.get(key)?.() ?? positionOf(value);
      return {
        reader: key,
        position,
        ...(disabled && { disabled }),
        ...(removedAt !== undefined && { removedAt }),
      };
    });
  }

  function trimAlways(tables: Writing): readonly JournalLoss[] {
    return always === undefined ? [] : trim(tables, knownIn(tables), always.limits, 0).losses;
  }

  /** A little past its limits: to trim at every append would take the longer, the more is under way. */
  function isFull({ events, readers, totals }: Writing): boolean {
    if (always === undefined) return false;
    const { hardLimitBytes, hardLimitEvents } = always.limits;
    if (readers.count() === 0) return true;
    return totals.bytes > hardLimitBytes || events.count() > Math.floor(hardLimitEvents * 1.01);
  }

  function tell(losses: readonly JournalLoss[]): void {
    for (const loss of losses) always?.onLoss(loss);
  }

  function startOf(tables: Writing, from: StartFrom): Offset {
    const { end } = tables.totals;
    return from === 'now' ? end : offsetAt(tables, end, from === 'beginning' ? Number.NEGATIVE_INFINITY : from);
  }

  async function savePosition(reader: string, position: () => Position): Promise<void> {
    const losses = await store.write((tables) => {
      const row = tables.readers.get(reader);
      // Another has taken over: its positions count now.
      if (row === undefined || (store.isShared && !lease.isOurs(lease.read(tables)))) return [];
      tables.readers.put(reader, { ...row, ...rowOf(position()) });
      return trimAlways(tables);
    });
    tell(losses);
  }

  function changeReader(reader: string, change: (row: ReaderRow) => ReaderRow): Promise<void> {
    return store.write(({ readers, totals }) => {
      readers.put(reader, change(readers.get(reader) ?? { next: totals.end, pending: [] }));
    });
  }

  async function appendAll(texts: readonly string[], once: ReadonlyMap<number, string> = none): Promise<Offset> {
    if (closing.signal.aborted) throw new SetwireError('SETWIRE_NOT_RUNNING', 'the journal is closed');
    const [offset, losses] = await store.write((tables) => {
      const { totals } = tables;
      const places = texts.map((text, index) => {
        const id = once.get(index);
        const before = id === undefined ? undefined : placeOf(tables, id);
        if (before !== undefined) return before;
        const place = totals.end;
        tables.events.put(place, text);
        if (id !== undefined) tables.ids.put(id, place);
        totals.end += 1;
        totals.bytes += text.length;
        return place;
      });
      return [places[0] ?? totals.end, isFull(tables) ? trimAlways(tables) : []] as const;
    });
    tell(losses);
    wake();
    return offset;
  }

  return {
    get end() {
      return endOf();
    },
    append: (text, id) => appendAll([text], id === undefined ? none : new Map([[0, id]])),
    appendAll,
    holds(id) {
      const tables = store.tables();
      return tables !== undefined && placeOf(tables, id) !== undefined;
    },
    async read(from, max) {
      const found = [...(store.tables()?.events.range({ start: Math.max(from, cut), limit: max }) ?? [])];
      return found.flatMap(({ key, value }) => parsed(key, value) ?? []);
    },
    async entries(offsets) {
      const { events } = store.tables() ?? {};
      return offsets.flatMap((offset) => {
        const text = events?.get(offset);
        return text === undefined ? [] : (parsed(offset, text) ?? []);
      });
    },
    async has(from, signal) {
      // As a rule it is known, and takes neither a look into the store nor a signal of its own.
      if (seen.end > from && !signal.aborted && !closing.signal.aborted) return true;
      const either = AbortSignal.any([signal, closing.signal]);
      while (!either.aborted && endOf() <= from) {
        await new Promise<void>((resolve) => {
          function resume(): void {
            either.removeEventListener('abort', resume);
            waiting.delete(resume);
            resolve();
          }
          either.addEventListener('abort', resume);
          waiting.add(resume);
          watch();
        });
      }
      return !either.aborted;
    },
    offsetAt(time) {
      const tables = store.tables();
      return tables === undefined ? endOf() : offsetAt(tables, endOf(), time);
    },
    open(reader, from = 'now') {
      return store.write((tables) => {
        const { readers } = tables;
        const row = readers.get(reader);
        if (row === undefined) readers.put(reader, { next: startOf(tables, from), pending: [] });
        seen.readers.add(reader);
      });
    },
    position(reader) {
      const row = store.tables()?.readers.get(reader);
      return tracked.get(reader)?.() ?? (row ? positionOf(row) : { next: endOf(), pending: [] });
    },
    track(reader, position) {
      tracked.set(reader, position);
      let saving = false;
      let again = false;
      const ended = new AbortController();

      async function save(): Promise<void> {
        saving = true;
        do {
          await pause(storePositionMs, ended.signal);
          again = false;
          if (!ended.signal.aborted) await savePosition(reader, position);
        } while (again && !ended.signal.aborted);
        saving = false;
      }

      return {
        moved() {
          again = true;
          // Rejected only when the store has been closed, and then nobody asks any more.
          if (!saving) save().catch(() => undefined);
        },
        stored: () => savePosition(reader, position),
        end() {
          ended.abort();
          if (tracked.get(reader) === position) tracked.delete(reader);
        },
      };
    },
    readers() {
      const tables = store.tables();
      return tables === undefined ? [] : knownIn(tables);
    },
    disable: (reader, disabled) =>
      changeReader(reader, ({ disabled: _, ...row }) => ({ ...row, ...(disabled && { disabled }) })),
    configured: (names, now) =>
      store.write(({ readers }) => {
        for (const { key, value } of [...readers.range({})]) {
          const { removedAt, ...row } = value;
          if (names.includes(key) === (removedAt === undefined)) continue;
          readers.put(key, names.includes(key) ? row : { ...row, removedAt: now });
        }
      }),
    lead: (signal) => lease.acquire(AbortSignal.any([signal, closing.signal])),
    get isLed() {
      return lease.isHeld();
    },
    async retain(limits, now) {
      const losses: JournalLoss[] = [];
      const trimOnce = () =>
        store.write((tables) => {
          for (const { key, value } of [...tables.readers.range({})]) {
            const isForgotten = value.removedAt !== undefined && now - value.removedAt >= limits.removedReaderMs;
            if (isForgotten) tables.readers.remove(key);
          }
          const trimmed = trim(tables, knownIn(tables), limits, now);
          for (const { entries } of trimmed.losses) cut = Math.max(cut, (entries.at(-1)?.offset ?? 0) + 1);
          return trimmed;
        });
      try {
        for (let more = true; more; ) {
          const trimmed = await trimOnce();
          losses.push(...trimmed.losses);
          ({ more } = trimmed);
        }
      } catch (error) {
        // It was closed in between: what is lost until then is lost all the same.
        if (losses.length === 0) throw error;
      }
      return losses;
    },
    deadLetters: deadLettersIn(store),
    requests: requestsIn(store),
    get status() {
      const tables = store.tables();
      const { error } = store;
      return {
        events: tables?.events.count() ?? 0,
        bytes: tables?.totals().bytes ?? 0,
        ...(error !== undefined && { error }),
      };
    },
    async close() {
      closing.abort();
      wake();
      await store.close();
    },
  };
}

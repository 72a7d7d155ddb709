import type { DeadLetter } from '../schema-types.js';
import type { Offset } from './entry.js';
import type { Disabled, Pending } from './position.js';
import type { Request } from './request.js';

/** An ordered table of a store. Writing is allowed within `Store.write` only. */
export interface Table<K, V> {
  get(key: K): V | undefined;
  put(key: K, value: V): void;
  remove(key: K): void;
  /** From `start` on, before `end`. What is removed meanwhile does not disturb it. */
  range(bounds: { readonly start?: K; readonly end?: K; readonly limit?: number }): Iterable<{ key: K; value: V }>;
  count(): number;
}

/** A pending entry as it is stored: offset, attempts, milliseconds of trying, and what of it is done. */
export type PendingRow = readonly [Offset, Pending['attempts'], Pending['forMs'], Pending['done']?];

/** A reader as it is stored. */
export interface ReaderRow {
  readonly next: Offset;
  readonly pending: readonly PendingRow[];
  readonly disabled?: Disabled;
  readonly removedAt?: number;
}

/** Who transmits. It counts `beat` up as long as it lives. */
export interface LeaseRow {
  readonly owner: string;
  readonly pid: number;
  /** Of whose processes `pid` is one: machine, start and process namespace. */
  readonly space: string;
  readonly beat: number;
}

export interface Totals {
  /** Offset that the next event gets. */
  end: Offset;
  /** Of the texts of all events. */
  bytes: number;
  /** Dead letters, by endpoint. */
  dead: Record<string, number>;
}

/** Endpoint, time of death, id. */
export type DeadKey = readonly [endpoint: string, diedAt: string, id: string];

export interface Tables {
  /** Each event's JSON. */
  readonly events: Table<Offset, string>;
  /** Where the event of an id stands: of those only whose reporter gave the id, since it may be reported again. */
  readonly ids: Table<string, Offset>;
  readonly readers: Table<string, ReaderRow>;
  readonly lease: Table<string, LeaseRow>;
  readonly deadLetters: Table<DeadKey, DeadLetter>;
  /** Where the dead letter of an id stands. */
  readonly deadIds: Table<string, DeadKey>;
  readonly requests: Table<string, Request>;
  readonly totals: () => Readonly<Totals>;
}

export interface Writing extends Omit<Tables, 'totals'> {
  /** Changed in place; stored with the rest. */
  readonly totals: Totals;
}

/** Where a journal keeps its tables: on disk (`lmdb.ts`) or in memory (`memory.ts`). */
export interface Store {
  /**
   * Runs `change` within a transaction, together with others that wait, and resolves with its result when it is stored.
   * While nothing can be stored it waits, and `change` may run again. Rejects with what `change` throws, and with
   * SETWIRE_JOURNAL_UNWRITABLE where the store was closed before.
   */
  write<T>(change: (tables: Writing) => T): Promise<T>;
  /** What is stored now; undefined: it cannot be read. */
  tables(): Tables | undefined;
  /** Whether others than this process may write it. */
  readonly isShared: boolean;
  /** Why it cannot be written now. */
  readonly error: string | undefined;
  close(): Promise<void>;
}

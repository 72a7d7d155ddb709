import type { IdentityEvent } from '../events/identity-event.js';

/** Place of an event in the journal: a whole number from 1, without gaps, in the order of appending. */
export type Offset = number;

export interface JournalEntry {
  readonly offset: Offset;
  readonly event: IdentityEvent;
}

/** Entries that were dropped before a reader had finished them. */
export interface JournalLoss {
  readonly reader: string;
  readonly entries: readonly JournalEntry[];
}

/**
 * The ordered log of identity events: written once for each event, read by every endpoint at its own position.
 * What `append` has resolved stays until every reader is past it, or is reported through `onLoss`.
 */
export interface Journal {
  /** Resolves with the entry's offset once it is stored. Rejects with SETWIRE_NOT_RUNNING after `close`. */
  append(event: IdentityEvent): Promise<Offset>;
  /** Up to `max` entries from `from` on, in order; empty where there is none yet. Starts at the oldest that is left. */
  read(from: Offset, max: number): Promise<readonly JournalEntry[]>;
  /** Resolves true as soon as an entry at or past `from` exists; false when `signal` aborts or the journal closes. */
  has(from: Offset, signal: AbortSignal): Promise<boolean>;
  /** Registers a reader: from now on entries are kept until it is past them. A new one starts at the end. */
  open(reader: string): Promise<void>;
  /** Offset of the next entry that the reader has not finished. */
  position(reader: string): Offset;
  /** The reader has finished everything before `position`. Never moves back. */
  commit(reader: string, position: Offset): Promise<void>;
  /** Offset that the next append will get. */
  readonly end: Offset;
  close(): Promise<void>;
}

import type { DeadLetters } from './dead-letters.js';
import type { JournalEntry, Offset } from './entry.js';
import type { Disabled, KnownReader, Position, StartFrom } from './position.js';
import type { Requests } from './requests.js';

export type { Disabled, JournalEntry, KnownReader, Offset, Position, StartFrom };

/** Entries that were dropped before a reader had finished them. */
export interface JournalLoss {
  readonly reader: string;
  readonly entries: readonly JournalEntry[];
}

/** How much of the journal is kept. Ages are milliseconds; sizes are counted as the length of each event's JSON. */
export interface Retention {
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly hardLimitBytes: number;
  readonly hardLimitEvents: number;
  /** How long the position of a reader is kept that is gone from the config. */
  readonly removedReaderMs: number;
}

/** A reader at work. */
export interface Track {
  /** Its position has changed, and is stored soon. Does nothing in a process that has lost the lead. */
  moved(): void;
  /** Resolves when its position as it is now is stored. */
  stored(): Promise<void>;
  end(): void;
}

/** The right to transmit, which one process at a time has. */
export interface Lead {
  /** Aborted when another process has taken it over, because this one did not show itself for seconds. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/**
 * The ordered log of identity events: written once for each event, read by every endpoint at its own position.
 * What `append` has resolved stays until every reader is past it, or is reported as a loss by `retain`.
 *
 * Several processes may append to one journal; readers belong to the one that has the lead.
 */
export interface Journal {
  /**
   * Resolves with the entry's offset once it is stored. While it cannot be stored (a full disk) it waits.
   *
   * @param text an event as JSON
   * @param id of one that is to be stored once: where it was appended so and is in the journal still, it is not written again,
   *   and the offset is that one's. Left out: an id that nobody else has
   * @throws SetwireError (as a rejection) SETWIRE_NOT_RUNNING after `close`, SETWIRE_JOURNAL_UNWRITABLE where the journal
   *   was closed before it could be written
   */
  append(text: string, id?: string): Promise<Offset>;
  /**
   * Appends several in one transaction; resolves with the first one's offset.
   *
   * @param once by place, the ids of those that are appended `once`
   */
  appendAll(texts: readonly string[], once?: ReadonlyMap<number, string>): Promise<Offset>;
  /** Whether an event that was appended `once` is in it still. */
  holds(id: string): boolean;
  /** Up to `max` entries from `from` on, in order; empty where there is none yet. Starts at the oldest that is left. */
  read(from: Offset, max: number): Promise<readonly JournalEntry[]>;
  /** These entries, in their order, as far as they are left. */
  entries(offsets: readonly Offset[]): Promise<readonly JournalEntry[]>;
  /** Resolves true as soon as an entry at or past `from` exists; false when `signal` aborts or the journal closes. */
  has(from: Offset, signal: AbortSignal): Promise<boolean>;
  /** Offset that the next append will get, as far as this process knows. */
  readonly end: Offset;
  /** Where what was accepted at a time (milliseconds) and later begins. */
  offsetAt(time: number): Offset;
  /** Registers a reader: from now on entries are kept until it is past them. One that is known stays where it is. */
  open(reader: string, from?: StartFrom): Promise<void>;
  /** How far a reader has got; a reader that is not known is at the end. */
  position(reader: string): Position;
  /** A reader begins to read: its position is asked for when it is needed. */
  track(reader: string, position: () => Position): Track;
  readers(): readonly KnownReader[];
  /** Stops or goes on sending to a reader, for good. */
  disable(reader: string, disabled: Disabled | undefined): Promise<void>;
  /** Says which readers the config has: the others are gone, and forgotten after a while. */
  configured(readers: readonly string[], now: number): Promise<void>;
  /** Resolves with the right to transmit once no other process has it; undefined when `signal` aborts or the journal closes. */
  lead(signal: AbortSignal): Promise<Lead | undefined>;
  /** Whether a process transmits now, be it this one. */
  readonly isLed: boolean;
  /** Lets go of what nobody needs any more, and of what is too much; resolves with what readers have lost by it. */
  retain(limits: Retention, now: number): Promise<readonly JournalLoss[]>;
  readonly deadLetters: DeadLetters;
  readonly requests: Requests;
  readonly status: JournalStatus;
  close(): Promise<void>;
}

export interface JournalStatus {
  /** Events in it. */
  readonly events: number;
  readonly bytes: number;
  /** Why it cannot be written now. */
  readonly error?: string;
}

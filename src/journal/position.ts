import type { Offset } from './entry.js';

/** An entry that a reader has read and not finished, and what has been tried with it. */
export interface Pending {
  readonly offset: Offset;
  readonly attempts: number;
  /** For how long it has been tried, in milliseconds. */
  readonly forMs: number;
  /** Those of its SETs that are done while others are not, by `jti`. */
  readonly done?: readonly string[];
}

/** How far a reader has got: it has finished everything before `next` but what is `pending`. */
export interface Position {
  readonly next: Offset;
  readonly pending: readonly Pending[];
}

/** Where a reader begins that is new: behind the last entry, at the oldest that is left, or with what was accepted since a time (milliseconds). */
export type StartFrom = 'now' | 'beginning' | number;

/** Why nothing is sent to an endpoint. */
export interface Disabled {
  readonly reason: string;
  /** Milliseconds. */
  readonly since: number;
}

/** A reader that the journal knows, and when it was seen to be gone from the config (milliseconds). */
export interface KnownReader {
  readonly reader: string;
  readonly position: Position;
  readonly disabled?: Disabled;
  readonly removedAt?: number;
}

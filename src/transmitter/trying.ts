import { batchOf } from './packer.js';
import type { PackedBatch } from './parcel.js';

/** A batch, and how often it has failed as it is, or been left without an answer. */
export interface Trying {
  readonly batch: PackedBatch;
  readonly failures: number;
  readonly unanswered: number;
  /** There is nothing in it: late answers are asked for. */
  readonly isPoll?: boolean;
}

/** The next attempt, and the time until then, in milliseconds. */
export interface Again {
  readonly again: Trying;
  readonly inMs: number;
}

export const first = (batch: PackedBatch): Trying => ({ batch, failures: 0, unanswered: 0 });
export const poll: Trying = { ...first(batchOf([])), isPoll: true };

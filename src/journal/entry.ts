import type { IdentityEvent } from '../events/identity-event.js';

/** Place of an event in the journal: a whole number from 1, in the order of appending. Offsets are never used again. */
export type Offset = number;

export interface JournalEntry {
  readonly offset: Offset;
  readonly event: IdentityEvent;
}

/** An entry from what is stored of it; undefined where that cannot be read. */
export function parsed(offset: Offset, text: string): JournalEntry | undefined {
  try {
    return { offset, event: JSON.parse(text) as IdentityEvent };
  } catch {
    return undefined;
  }
}

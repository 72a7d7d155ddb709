import type { IdentityEvent } from '../events/identity-event.js';
import type { JournalEntry } from '../journal/journal.js';
import type { SecurityEventToken } from '../set/set.js';

/** What has been tried with a SET. */
export interface Tries {
  attempts: number;
  /** When the first was made, by a steady clock in milliseconds: a clock that is set costs no patience. */
  firstAt?: number;
  /** Once it has been separated from the others of a batch that failed: how often it failed alone, and since when. */
  alone?: { failures: number; readonly since: number };
}

/** An entry that is sent again; `only`: not all of its SETs, but these, by `jti`. */
export interface EntryAgain extends JournalEntry {
  readonly only?: readonly string[];
}

/** An entry that is being worked on. */
export interface Held extends JournalEntry {
  /** Of that of its SETs which has been tried most. */
  readonly tries: Tries;
  /** Only these of its SETs are meant, by `jti`; undefined: all. */
  readonly only: readonly string[] | undefined;
  /** Its SETs that are not settled, once they have been made. */
  unsettled: number;
  /** Its SETs that are settled while others are not, by `jti`. */
  done: readonly string[] | undefined;
  /** Whether one of them is dead. */
  isDead: boolean;
}

/** With all its members from the start: an object that gets more of them later costs as much again. */
export const heldOf = (
  { offset, event, only }: EntryAgain,
  tries: Tries = { attempts: 0 },
  done?: readonly string[],
): Held => ({ offset, event, tries, only, unsettled: 0, done, isDead: false });

/** What became of an entry. */
export type Fate = 'delivered' | 'dead' | 'unwanted';

/** Where entries come from, and who is told what became of them. */
export interface Source {
  settle(entries: readonly Held[], fate: Fate): void;
  /** Some of the SETs of an entry are settled. */
  moved?(): void;
  /** Whether what comes from it has been sent, or given up, before. */
  readonly isAgain?: boolean;
}

/** A SET on its way to one endpoint, with where it came from. */
export interface Parcel {
  readonly held: Held;
  readonly source: Source;
  readonly set: SecurityEventToken;
  readonly tries: Tries;
  /** Whom it is about: parcels of one lane keep their order. Undefined: it has no order to keep. */
  readonly lane: string | undefined;
  /** As it may stand in the log. */
  readonly user: string | undefined;
  /** It has come to its end. */
  isSettled: boolean;
}

/** Parcels that leave in one request. */
export interface PackedBatch {
  readonly id: string;
  readonly parcels: readonly Parcel[];
}

/** Whom an event is about, the most telling first: the user, the session, the client. */
export function laneOf(event: IdentityEvent): string | undefined {
  const { user, session, sessions, application } = event;
  const session0 = session ?? sessions?.[0];
  if (user?.id !== undefined) return `user ${user.id}`;
  if (user?.username !== undefined) return `username ${user.username}`;
  if (session0 !== undefined) return `session ${session0.id}`;
  return application?.clientId === undefined ? undefined : `client ${application.clientId}`;
}

import type { JournalStatus } from '../journal/journal.js';
import type { DeliveryLog } from '../log/delivery-log.js';
import type { Report } from '../report.js';
import type { IdentityEvent } from '../schema-types.js';
import type { EndpointStatus } from '../transmitter/status.js';

/** What the worker thread begins with. */
export interface Begin {
  /** `Settings`, made sendable: with their secrets. */
  readonly settings: unknown;
  readonly issuer?: string;
  /** As whom it asks for the lead: the same for each thread that takes another's place. */
  readonly owner: string;
  /** Nothing is sent for so many milliseconds: events are put into the journal at once. */
  readonly holdMs: number;
  /** How endpoints were when the thread before it ended: what was counted goes on. */
  readonly before: Snapshot['endpoints'];
  /** One 32-bit word, which the answer to `last` makes 1. */
  readonly answered: SharedArrayBuffer;
}

/** How the delivery is. */
export interface Snapshot {
  readonly endpoints: Readonly<Record<string, EndpointStatus>>;
  readonly journal: JournalStatus;
  readonly log: DeliveryLog['status'];
  readonly isLeading: boolean;
}

/** What the host's thread tells the worker. */
export type Order =
  /** Events for the journal, as JSON; `once` as in `Journal.appendAll`. Answered by `stored` or `refused`. */
  | {
      readonly kind: 'append';
      readonly group: number;
      readonly texts: readonly string[];
      readonly once: ReadonlyMap<number, string>;
    }
  /** An event that could not be put into the journal. */
  | { readonly kind: 'miss'; readonly event: IdentityEvent }
  /** Other settings, made sendable. */
  | { readonly kind: 'apply'; readonly settings: unknown }
  | { readonly kind: 'reopen-log' }
  /** The process ends: what was handed over is stored, the log is written. Answered in `Begin.answered`. */
  | { readonly kind: 'last' }
  /** Delivers what it can in the time and closes the journal. Answered by `journal-closed`. */
  | { readonly kind: 'stop' }
  /** Everything has been said that belongs into the log: the thread ends. */
  | { readonly kind: 'finish' };

/** What the worker tells the host's thread. */
export type News =
  /** The journal knows all endpoints: what is appended from now on is delivered to them. */
  | { readonly kind: 'begun'; readonly snapshot: Snapshot }
  | { readonly kind: 'stored'; readonly group: number }
  | { readonly kind: 'refused'; readonly group: number; readonly why: string }
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  | {
      readonly kind: 'report';
      readonly level: Parameters<Report>[0];
      readonly words: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  /** Events are lost: of which endpoint and for what reason, as a tally has it. */
  | { readonly kind: 'lost'; readonly what: string; readonly why: string; readonly times: number }
  | { readonly kind: 'journal-closed' };

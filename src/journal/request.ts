import type { Offset } from './entry.js';

/** What is to be sent again. */
export type Wish =
  | {
      /** Events of the journal, from one offset to before another. */
      readonly kind: 'replay';
      readonly from: Offset;
      readonly to: Offset;
      /** Patterns of event types; left out: all that the endpoint gets. */
      readonly events?: readonly string[];
      /** A user's id or name. */
      readonly subject?: string;
      /** Only what was accepted within these times (milliseconds). */
      readonly since?: number;
      readonly until?: number;
    }
  /** Dead letters, by id. */
  | { readonly kind: 'retry'; readonly ids: readonly string[] };

/** What an operator wants of the process that transmits, and how far it is. */
export interface Request {
  readonly id: string;
  readonly endpoint: string;
  readonly wish: Wish;
  /** Events a second at most. */
  readonly rate: number;
  /** Milliseconds. */
  readonly askedAt: number;
  readonly progress: Progress;
}

export interface Progress {
  readonly state: 'waiting' | 'running' | 'done' | 'failed';
  /** Why it failed. */
  readonly error?: string;
  /** Of a replay: everything before it is done with. Of a retry: so many of its letters are. */
  readonly cursor: number;
  readonly delivered: number;
  readonly dead: number;
  /** Not wanted by the endpoint, on its way anyway, or gone. */
  readonly skipped: number;
}

import type { IncomingHttpHeaders } from 'node:http';
import type { ReportedEvent } from '../events/identity-event.js';

/** What is wrong with what a source said: members and rules, never a value. */
export interface Fault {
  /** Of a body of several lines, counted from 1. */
  readonly line?: number;
  readonly detail: string;
}

/** What was made of what a source said. */
export type Reading =
  | {
      readonly kind: 'events';
      /** Each with an `id` that is the same whenever the same is said again, where the source allows it. */
      readonly events: readonly ReportedEvent[];
      /** In which line of the body each stands, where it has several. */
      readonly lines?: readonly number[];
      /** What of it is no event: then none of them is taken. */
      readonly faults?: readonly Fault[];
      /** What Setwire has no event for, by kind: it is counted. */
      readonly unmapped?: string;
    }
  | { readonly kind: 'wrong'; readonly faults: readonly Fault[] };

export const wrong = (detail: string): Reading => ({ kind: 'wrong', faults: [{ detail }] });

/** A server that posts its events. */
export interface HttpSource {
  readonly name: string;
  readonly path: string;
  /** What `Content-Type` may say. */
  readonly mediaTypes: readonly string[];
  /** Whether it is worth reading the body: a token is shown where one is asked for. */
  admits(headers: IncomingHttpHeaders): boolean;
  /** The body's text; undefined: who sent it is not who it should be. */
  textOf(body: Buffer, headers: IncomingHttpHeaders): string | undefined;
  read(text: string, mediaType: string): Reading;
}

/** The media type of a source that posts JSON. */
export const json = 'application/json';

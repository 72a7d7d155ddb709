import type { ReportedEvent } from '../events/identity-event.js';

/** Stops listening: every listener that `on` added is removed. */
export type Detach = () => void;

/**
 * An identity server as Setwire sees it.
 *
 * Whoever implements it keeps: a listener on the server's bus never throws, never waits, and picks fields (no row or
 * object of the server is handed on); bearer tokens, cookies and password hashes are never picked, a SHA-256 at most.
 */
export interface Host {
  readonly name: string;
  /** Issuer URL, where the server knows its own. */
  readonly issuer?: string;
  /**
   * @param listener called synchronously with each thing that happened; it never throws
   * @param unmapped called for what the bus said and Setwire has no event for; `kind` is from a bounded set
   */
  on(listener: (event: ReportedEvent) => void, unmapped: (kind: string, why: string) => void): Detach;
}

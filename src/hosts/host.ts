import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { ReportedEvent } from '../events/identity-event.js';

/** A request to a login form, and its response; Koa's context has them as `ctx.req` and `ctx.res`. */
export type FormRequest = IncomingMessage | Http2ServerRequest;
export type FormResponse = ServerResponse | Http2ServerResponse;

/** What a host knows of a request to its login form. */
export type LoginContext = Pick<ReportedEvent, 'application' | 'correlationId' | 'initiator'>;

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
  /** Resolves when all that has happened until now has been told. Left out: it is told as it happens. */
  settled?(): Promise<void>;
  /** Left out: it has no login form that Setwire knows of. What is not known of a request is left out, too. */
  loginContext?(request: FormRequest, response: FormResponse): Promise<LoginContext>;
}

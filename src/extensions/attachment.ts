import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { SetwireError } from '../errors.js';
import type { IdentityEvent } from '../schema-types.js';

type Reported = Omit<IdentityEvent, 'id' | 'time' | 'acceptedAt'> & { id?: string; time?: number };

/** What an extension's `attach` gives back to the server. */
export interface ExtensionAttachment {
  /** Reports what the server's bus does not know. Rejects for an event that cannot be accepted. */
  emit(event: Reported): Promise<void>;
  /** Reports a login that failed at the server's own form, with what the request to it tells; left out: `emit` is for that. */
  loginFailed?(
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
    failure?: Omit<Reported, 'type'>,
  ): Promise<void>;
  /**
   * Listens to another bus of the server as well, until it is detached or what this returns is called; left out: it
   * knows the host that it was attached to alone.
   */
  listen?(host: unknown): () => void;
  /** Stops listening and finishes what is under way. */
  detach(): Promise<void>;
  /** Serves the keys that receivers verify its signatures with, to mount at any path; left out: it signs with none. */
  jwksHandler?(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Serves what its own event types mean, to mount where their URIs lead. */
  eventTypesHandler?(request: IncomingMessage, response: ServerResponse): void;
  /** How it is doing, for a health page. */
  status?(): unknown;
  /** Settles when the extension has started, or could not. Left out: it has started once `attach` has returned. */
  readonly ready?: Promise<void>;
}

export type Attach = (host: unknown, options: object) => unknown;

type Members = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Members =>
  value !== null && (typeof value === 'object' || typeof value === 'function');

const invalid = (reason: string): SetwireError => new SetwireError('SETWIRE_EXTENSION_INVALID', reason);

/** The `attach` of a module's default export; one that was compiled from ES modules to CommonJS hides it one level deeper. */
export function attachOf(module: unknown): Attach {
  const outer = isObject(module) ? module.default : undefined;
  for (const candidate of [outer, isObject(outer) ? outer.default : undefined]) {
    if (isObject(candidate) && typeof candidate.attach === 'function') {
      return (host, options) => Reflect.apply(candidate.attach as Attach, candidate, [host, options]);
    }
  }
  const found = outer === undefined ? 'no default export' : 'a default export without an attach function';
  throw invalid(`its module has ${found}; it must default-export { attach(host, options) }`);
}

/** Checks what `attach` gave back. */
export function attachmentOf(value: unknown): ExtensionAttachment {
  const missing = isObject(value)
    ? ['emit', 'detach'].filter((name) => typeof value[name] !== 'function')
    : ['emit', 'detach'];
  if (missing.length > 0) {
    throw invalid(
      `its attach gave back something without ${missing.join(' and ')}; it must give back { emit, detach, status }`,
    );
  }
  return value as ExtensionAttachment;
}

import type { Secret } from '../secret.js';
import type { SecurityEventToken } from '../set/set.js';

/** What the transmitter needs to know of a receiver. Times are milliseconds, sizes bytes. */
export interface Endpoint {
  readonly name: string;
  readonly url: string;
  /** `webhook`: as `batch.format` says; `push`: RFC 8935; `multi-push`: draft-deshpande-secevent-http-multi-set-push. */
  readonly delivery: 'webhook' | 'push' | 'multi-push';
  /** Which text of the draft: the published one, or its editor's copy. */
  readonly wire: 'draft-02' | 'secevents';
  /** Patterns: `login.failure`, `login.*`, `*`. */
  readonly events: readonly string[];
  /** A sift query over the identity event. */
  readonly where: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, Secret>>;
  readonly auth?: Auth;
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: Secret; readonly passphrase?: Secret };
  readonly signature?: Signature;
  readonly timeoutMs: number;
  readonly concurrency: number;
  /** `subject`: what is about one user, session or client arrives in the order in which it happened. */
  readonly order: 'subject' | 'none';
  readonly batch: BatchLimits;
  readonly retry: RetryPolicy;
  readonly circuit: CircuitPolicy;
}

export type Auth =
  /** `splunk`: for its HTTP event collector. */
  | { readonly type: 'bearer' | 'splunk'; readonly token: Secret }
  | { readonly type: 'basic'; readonly username: string; readonly password: Secret }
  | ({ readonly type: 'oauth2' } & ClientCredentials);

export interface ClientCredentials {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly scope?: string;
  readonly audience?: string;
  readonly clientAuth: 'basic' | 'post';
}

export interface Signature {
  readonly scheme: 'wso2' | 'hub' | 'standard-webhooks';
  readonly secret: Secret;
  readonly previousSecret?: Secret;
}

export interface BatchLimits {
  readonly format: 'single' | 'array' | 'ndjson' | 'cloudevents' | 'cloudevents-batch' | 'splunk-hec';
  readonly maxEvents: number;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
}

export interface RetryPolicy {
  readonly initialMs: number;
  readonly maxMs: number;
  readonly maxAgeMs: number;
  /** 0: no limit. */
  readonly maxAttempts: number;
  readonly maxRetryAfterMs: number;
}

export interface CircuitPolicy {
  /** Opens when this share of the attempts within the window has failed. */
  readonly failureRate: number;
  readonly windowMs: number;
  /** So many attempts are needed to judge by. 0: it never opens. */
  readonly minAttempts: number;
  /** The wait before the first probe; it doubles up to `maxProbeMs`. */
  readonly probeMs: number;
  readonly maxProbeMs: number;
}

/** A SET in a request. */
export interface BatchedSet extends SecurityEventToken {
  /** When what it tells happened, in milliseconds. */
  readonly time: number;
}

/** SETs that travel in one request. */
export interface Batch {
  /** The same for the same SETs, so that a receiver can tell a repeated request. */
  readonly id: string;
  /** With `multi-push` there may be none: only answers are asked for. */
  readonly sets: readonly BatchedSet[];
}

/** What one attempt met with: an answer, or the failure that stood in its place. */
export type Answer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      /** Lower-case names. */
      readonly headers: Readonly<Record<string, string | undefined>>;
      /** How it begins: 64 KB; with `multi-push` 1 KB more for each SET that a request may hold. */
      readonly body: string;
      readonly durationMs: number;
      /** Of the request's body. */
      readonly bytes: number;
    }
  | {
      readonly kind: 'failure';
      /** System or library code: ECONNREFUSED, ETIMEDOUT, DEPTH_ZERO_SELF_SIGNED_CERT. */
      readonly code: string;
      /** In words, without URL credentials or secrets. */
      readonly detail: string;
      readonly durationMs: number;
      readonly bytes: number;
    };

/** Makes one attempt: no retry, no redirect. Never rejects. `signal` cuts it short (a failure with code `ABORTED`). */
export type Deliver = (batch: Batch, signal: AbortSignal) => Promise<Answer>;

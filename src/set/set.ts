import type { CanonicalType, DeadReason, IdentityEvent } from '../schema-types.js';

/** A Security Event Token, made, checked and serialised. */
export interface SecurityEventToken {
  readonly jti: string;
  /** Type of the identity event it was made from. */
  readonly eventType: string;
  /** Member name in `events` (RFC 8417, section 2.2). */
  readonly eventTypeUri: string;
  /** Its claims as JSON: what is sent in the wso2 profile, what is signed in the ssf profile. */
  readonly text: string;
  /** Length in UTF-8 of what is sent of it. */
  readonly bytes: number;
}

/** What became of an event on its way to a SET. Dead: it will not become one, however often it is tried. */
export type SetResult =
  | { readonly kind: 'set'; readonly set: SecurityEventToken }
  | { readonly kind: 'dead'; readonly jti: string; readonly reason: DeadReason; readonly detail: string };

/**
 * Makes the SETs of an event for one endpoint: one, or more where it is several events to the profile; they are sent in
 * this order. Deterministic, the `jti`s too. What it throws (it may hold a value of the event) is a mapping that failed.
 */
export type MakeSets = (event: IdentityEvent) => readonly SetResult[];

/** What the claims of SETs become before they are sent: compact JWSs, or JWEs around them (RFC 7515, RFC 7516). */
export interface Sealer {
  /** How long the outcome is in UTF-8, at most, for claims of so many bytes. */
  sizeOf(bytes: number): number;
  /**
   * Seals several at once, in their order, with the key that is current now.
   *
   * @throws SealError (as a rejection) nothing may be sent
   */
  seal(claims: readonly string[]): Promise<readonly string[]>;
}

/** SETs that cannot be signed or encrypted now. The message holds no key and no claim. */
export class SealError extends Error {
  readonly code: 'SIGNING_FAILED' | 'ENCRYPTION_FAILED';

  constructor(code: SealError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SealError';
    this.code = code;
  }
}

/** What a profile needs to know of the endpoint and the identity server. */
export interface ProfileSettings {
  /** Claims that may leave: `username`, `groups`, `roles`, names, `*`. */
  readonly claims: readonly string[];
  /** Public base URL of the identity server; an event's own `issuer` where left out. */
  readonly issuer?: string;
  /** Said where the event does not say it. */
  readonly defaults: Pick<IdentityEvent, 'tenant' | 'organization' | 'userStore'>;
}

export interface Profile {
  readonly name: string;
  /** Canonical types that become a SET in this profile, and their event type URIs. */
  readonly eventTypeUris: Readonly<Partial<Record<CanonicalType, string>>>;
  /** Whether it has a SET for this event: a type may be covered in part. */
  covers(event: IdentityEvent): boolean;
  /** Media type of one SET. */
  readonly contentType: string;
  makeSetsWith(settings: ProfileSettings): MakeSets;
}

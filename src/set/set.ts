import type { CanonicalType, DeadReason, IdentityEvent } from '../schema-types.js';

/** A Security Event Token, made, checked and serialised. */
export interface SecurityEventToken {
  readonly jti: string;
  /** Type of the identity event it was made from. */
  readonly eventType: string;
  /** Member name in `events` (RFC 8417, section 2.2). */
  readonly eventTypeUri: string;
  /** As it is sent: JSON in the wso2 profile. */
  readonly text: string;
  /** Length of `text` in UTF-8. */
  readonly bytes: number;
}

/** What became of an event on its way to a SET. Dead: it will not become one, however often it is tried. */
export type SetResult =
  | { readonly kind: 'set'; readonly set: SecurityEventToken }
  | { readonly kind: 'dead'; readonly reason: DeadReason; readonly detail: string };

/** Makes the SET of an event for one endpoint. Deterministic; never rejects. Asynchronous because signing is. */
export type MakeSet = (event: IdentityEvent) => Promise<SetResult>;

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
  makeSetWith(settings: ProfileSettings): MakeSet;
}

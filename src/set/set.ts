import type { DeadReason, IdentityEvent, SubjectConfig } from '../schema-types.js';

/** A Security Event Token, made, checked and serialised. */
export interface SecurityEventToken {
  readonly jti: string;
  /** Type of the identity event it was made from. */
  readonly eventType: string;
  /** Member name in `events` (RFC 8417, section 2.2). */
  readonly eventTypeUri: string;
  /** Its claims as JSON: what is sent in the wso2 profile, what is signed in the ssf profile. */
  readonly text: string;
  /** Length of `text` in UTF-8. */
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
   * Seals several at once, in their order, with the keys that are current now.
   *
   * @param signal cuts it short where something has to be fetched first
   * @throws SealError (as a rejection) nothing may be sent
   */
  seal(claims: readonly string[], signal?: AbortSignal): Promise<readonly string[]>;
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

/** How an endpoint's SETs name whom they are about: `subject` in the config. */
export type SubjectSettings = SubjectConfig;

/** What a profile needs to know of the endpoint and the identity server. */
export interface ProfileSettings extends EventTypeSettings {
  /** The endpoint's name. */
  readonly endpoint: string;
  /** Claims that may leave: `username`, `groups`, `roles`, names, `*`. */
  readonly claims: readonly string[];
  /** Said where the event does not say it. */
  readonly defaults: Pick<IdentityEvent, 'tenant' | 'organization' | 'userStore'>;
  /** `aud` in the ssf profile, where it has to be there. */
  readonly audience?: string | readonly string[];
  /** In the ssf profile. */
  readonly subject: SubjectSettings;
  /** Key of the pairwise ids, at least 32 bytes; where `subject` says `pairwise`, it has to be there. */
  readonly pairwiseSecret?: Uint8Array;
}

/** What event type URIs depend on. */
export interface EventTypeSettings {
  /** Public base URL of the identity server; an event's own `issuer` where left out. */
  readonly issuer?: string;
  /** What the URIs of our own event types begin with; `<issuer>/ssf/event-type/` where left out. */
  readonly eventTypeBase?: string;
  /** The event type URIs of the host's own types. */
  readonly eventTypes: Readonly<Record<string, string>>;
}

export interface Profile {
  readonly name: string;
  /** The event type URIs under which events of a type may leave, the usual one first; none: it has no SET for them. */
  eventTypeUris(type: string, settings: EventTypeSettings): readonly string[];
  /** Whether an event becomes a SET, or a dead letter that says why not; it is of no concern otherwise. */
  covers(event: IdentityEvent): boolean;
  /** Media type of one SET. */
  readonly contentType: string;
  /** Whether its SETs leave only as what a sealer has made of them. */
  readonly isSealed: boolean;
  makeSetsWith(settings: ProfileSettings): MakeSets;
}

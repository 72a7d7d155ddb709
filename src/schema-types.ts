// Generated from schemas/ by `npm run types`. Do not edit.

/**
 * One of the canonical types, or a host's own, namespaced one: `x-<vendor>.<thing>.<what>`.
 */
export type EventType = CanonicalType | string;
export type CanonicalType =
  | 'login.success'
  | 'login.failure'
  | 'login.suspicious'
  | 'registration.success'
  | 'registration.failure'
  | 'token.issued'
  | 'token.revoked'
  | 'session.established'
  | 'session.presented'
  | 'session.revoked'
  | 'credential.updated'
  | 'account.created'
  | 'account.profile-updated'
  | 'account.locked'
  | 'account.unlocked'
  | 'account.enabled'
  | 'account.disabled'
  | 'account.deleted';
/**
 * A claim's value. Text may hold line breaks and tabs, but no other control characters.
 */
export type ClaimValue = string | number | boolean | string[];
/**
 * Where events wait for delivery. `embedded`: on disk, in `dataDir`; what `emit` has confirmed survives a crash. `memory`: in this process; what is not delivered when it ends is lost, and said to be.
 */
export type JournalKind = 'embedded' | 'memory';
/**
 * When `emit` resolves. `flush`: when the event has been flushed to disk, so that it survives a power failure. `commit`: when the operating system has it, so that it survives a crash of the process, but not of the machine: a power failure may even damage the journal.
 */
export type Durability = 'flush' | 'commit';
/**
 * Where the journal and the delivery run. `worker`: in a thread of their own, so that the host's thread only captures events and hands them over; one that crashes is replaced, and nothing is lost. `inline`: in the host's thread. With both, one of the processes that share `dataDir` transmits, and another takes over when it ends. `none`: this process only puts its events into the journal, another one transmits. `journal: memory` is always inline.
 */
export type TransmitterMode = 'worker' | 'inline' | 'none';
/**
 * Signature algorithm (RFC 7518, RFC 8037). RS256 is what the CAEP interoperability profile asks for; ES256 is ten times faster.
 */
export type SigningAlg = 'ES256' | 'RS256' | 'PS256' | 'EdDSA';
/**
 * A server that reports events: `wso2`, `keycloak`, `keycloak-log` or `identity-event`.
 */
export type SourceConfig =
  Wso2SourceConfig | KeycloakSourceConfig | KeycloakLogSourceConfig | IdentityEventSourceConfig;
/**
 * How SETs travel. `webhook`: as `batch.format` says; `push`: one signed SET per request (RFC 8935); `multi-push`: many in one request, each answered by itself (draft-deshpande-secevent-http-multi-set-push). Left out: `webhook` with the wso2 profile, `push` with ssf.
 */
export type DeliveryMethod = 'webhook' | 'push' | 'multi-push';
/**
 * Which text of the multi-SET push draft the receiver keeps to. `draft-02`: the published one; `secevents`: its editor's copy, with application/secevents+json and application/problem+json.
 */
export type MultiPushWire = 'draft-02' | 'secevents';
/**
 * One of what a user goes by; `complex`: user, session, tenant and application as the event has them; `aliases`: several of what a user goes by; `pairwise`: an opaque id that differs from endpoint to endpoint, with nothing else in the SET by which a user could be recognised.
 */
export type SubjectFormat =
  'iss_sub' | 'email' | 'opaque' | 'account' | 'phone_number' | 'complex' | 'aliases' | 'pairwise';
/**
 * What a user goes by (RFC 9493, section 3.2). `iss_sub`: issuer and user id. `email`, `phone_number`: the claim of that name. `opaque`: the user id alone. `account`: an acct URI of the username and the issuer's host.
 */
export type UserFormat = 'iss_sub' | 'email' | 'opaque' | 'account' | 'phone_number';
/**
 * How the content key is given to the receiver (RFC 7518, section 4.1). Left out: what the JWK says; else RSA-OAEP-256 for an RSA key, ECDH-ES for an EC or X25519 key. It also chooses among the keys of `jwks`.
 */
export type EncryptionAlg =
  | 'RSA-OAEP-256'
  | 'RSA-OAEP-384'
  | 'RSA-OAEP-512'
  | 'RSA-OAEP'
  | 'ECDH-ES'
  | 'ECDH-ES+A128KW'
  | 'ECDH-ES+A192KW'
  | 'ECDH-ES+A256KW';
/**
 * How the SET itself is encrypted (RFC 7518, section 5.1).
 */
export type EncryptionEnc = 'A128GCM' | 'A192GCM' | 'A256GCM' | 'A128CBC-HS256' | 'A192CBC-HS384' | 'A256CBC-HS512';
/**
 * How Setwire shows who it is: `bearer`, `basic`, `splunk` or `oauth2`.
 */
export type AuthConfig = BearerAuthConfig | SplunkAuthConfig | BasicAuthConfig | OAuth2AuthConfig;
/**
 * `subject`: a user's later event is not sent before an earlier one has been delivered or given up; other users' go on in parallel. `none`: whatever is ready is sent.
 */
export type EndpointOrder = 'subject' | 'none';
/**
 * Why it is dead. `no_subject`: the event lacks what the endpoint's subject format needs. `poison`: it failed alone, again and again, while others passed.
 */
export type DeadReason =
  | 'rejected_by_receiver'
  | 'schema_violation'
  | 'mapping_failed'
  | 'no_event_type'
  | 'no_subject'
  | 'too_large'
  | 'patience_exhausted'
  | 'poison'
  | 'journal_overflow'
  | 'lost_on_exit';

export interface SchemaTypes {
  'identity-event': IdentityEvent;
  config: Config;
  'delivery-log': DeliveryRecord;
  'dead-letter': DeadLetter;
  'plugin-options': PluginOptions;
  'better-auth-options': BetterAuthPluginOptions;
  'extension-manifest': ExtensionManifest;
  'keycloak-event': KeycloakEvent;
  'wso2-webhook': Wso2Webhook;
}
/**
 * One thing that happened in an identity server, as Setwire keeps it: what every host is translated into and what every profile is mapped from. All times are integers, milliseconds since 1970-01-01T00:00:00Z.
 */
export interface IdentityEvent {
  /**
   * UUID of this event, in lower case. It is the `jti` of the wso2 profile and never changes, whatever is retried.
   */
  id: string;
  type: EventType;
  /**
   * When it happened, in milliseconds.
   */
  time: number;
  /**
   * When Setwire accepted it, in milliseconds: the `iat` of every SET made from it.
   */
  acceptedAt: number;
  /**
   * Joins the events of one request (`rci` in the wso2 profile, `txn` in SETs).
   */
  correlationId?: string;
  /**
   * Issuer URL of the identity server, as it calls itself.
   */
  issuer?: string;
  user?: User;
  tenant?: Tenant;
  /**
   * Organization in which it happened.
   */
  organization?: Organization;
  userStore?: UserStore;
  application?: Application;
  /**
   * Applications concerned, where there may be several (a revoked token's).
   *
   * @maxItems 100
   */
  applications?: Application[];
  session?: Session;
  /**
   * Sessions that ended together.
   *
   * @minItems 1
   * @maxItems 1000
   */
  sessions?: Session[];
  token?: Token;
  credential?: Credential;
  changes?: ClaimChanges;
  reason?: Reason;
  /**
   * How the user was authenticated, in the host's words or as RFC 8176 `amr` values.
   *
   * @maxItems 20
   *
   * Items: An id or a name: 1 to 1024 characters, no control characters.
   */
  authenticationMethods?: string[];
  /**
   * Authentication context class of the login or session (OpenID Connect Core, section 2).
   */
  acr?: string;
  initiator?: Initiator;
  /**
   * The operation behind the event where the type alone does not tell, in WSO2's words (INVITE, JUST_IN_TIME_PROVISION, ...). Left out: the usual one of the type.
   */
  action?: string;
  burst?: Burst;
  source?: EventSource;
}
/**
 * Whom it is about. A failed login may know no more than the name that was typed.
 */
export interface User {
  /**
   * Stable id in the identity server.
   */
  id?: string;
  /**
   * Name by which the user signs in.
   */
  username?: string;
  claims?: Claims;
  /**
   * @maxItems 1000
   *
   * Items: An id or a name: 1 to 1024 characters, no control characters.
   */
  groups?: string[];
  /**
   * @maxItems 1000
   *
   * Items: An id or a name: 1 to 1024 characters, no control characters.
   */
  roles?: string[];
  /**
   * Organization in which the account lives.
   */
  organization?: Organization;
}
/**
 * Claims by name: an OpenID Connect standard claim (`email`, `given_name`), or a URI. Which of them leave is each endpoint's `claims` setting.
 */
export interface Claims {
  [k: string]: ClaimValue;
}
export interface Organization {
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  id: string;
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  name?: string;
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  handle?: string;
  /**
   * 0 for a root organization, 1 and more for those below it.
   */
  depth?: number;
}
export interface Tenant {
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  id: string;
  /**
   * The tenant's domain.
   */
  name: string;
}
/**
 * Where the account is kept (a directory, a database).
 */
export interface UserStore {
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  name: string;
}
/**
 * The client or relying party.
 */
export interface Application {
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  id?: string;
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  name?: string;
  /**
   * OAuth 2 client_id.
   */
  clientId?: string;
}
export interface Session {
  /**
   * Stable id of the session. Never the cookie value or a bearer token.
   */
  id: string;
  /**
   * When the user signed in, in milliseconds.
   */
  startedAt?: number;
  /**
   * When it was last used, in milliseconds.
   */
  lastAccessAt?: number;
  /**
   * Applications that take part in it.
   *
   * @maxItems 1000
   */
  applications?: Application[];
}
/**
 * A token, described but never contained.
 */
export interface Token {
  kind?: 'access_token' | 'refresh_token' | 'id_token';
  format?: 'opaque' | 'jwt';
  /**
   * `jti` of a JWT. Never set for an opaque token, whose id may be the token itself.
   */
  id?: string;
  /**
   * SHA-256 of the token or of its secret id, base64url without padding: joins issuance and revocation.
   */
  hash?: string;
  /**
   * OAuth 2 grant_type.
   */
  grantType?: string;
  /**
   * @maxItems 200
   *
   * Items: An id or a name: 1 to 1024 characters, no control characters.
   */
  scopes?: string[];
  /**
   * Milliseconds since 1970. The bounds (2001 to 2286) refuse a value that is in seconds or microseconds.
   */
  issuedAt?: number;
  /**
   * Milliseconds since 1970. The bounds (2001 to 2286) refuse a value that is in seconds or microseconds.
   */
  expiresAt?: number;
}
export interface Credential {
  type: 'password' | 'passkey' | 'otp' | 'recovery-code' | 'x509' | 'api-key' | 'other';
  change: 'created' | 'updated' | 'reset' | 'revoked' | 'deleted';
  /**
   * Of a passkey: in the device itself, or one that is carried from device to device (WebAuthn, section 5.4.5).
   */
  attachment?: 'platform' | 'cross-platform';
  /**
   * The user's own name for it (a passkey's).
   */
  name?: string;
}
/**
 * Claims that changed: `added` and `updated` with the new value, `removed` with the old one. `previous` has the old values of those in `updated`, as far as they are known: an email address or a phone number that stands in both is told to receivers of the ssf profile as a changed identifier.
 */
export interface ClaimChanges {
  added?: Claims;
  updated?: Claims;
  removed?: Claims;
  previous?: Claims;
}
/**
 * Why it failed or was done.
 */
export interface Reason {
  /**
   * Short machine-readable code, the host's own.
   */
  code?: string;
  /**
   * In words; control characters are replaced and it is cut at 1024 characters.
   */
  description?: string;
  /**
   * In words that the user may be shown.
   */
  userDescription?: string;
  /**
   * BCP 47 tag of the language that the descriptions are in. Left out: en.
   */
  language?: string;
  failedStep?: FailedStep;
}
export interface FailedStep {
  /**
   * Which authentication step, counted from 1.
   */
  step?: number;
  /**
   * Identity provider, LOCAL for the server's own.
   */
  idp?: string;
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  authenticator?: string;
}
/**
 * Who set it off, and from where.
 */
export interface Initiator {
  type?: 'user' | 'admin' | 'application' | 'system';
  /**
   * IPv4 or IPv6 address.
   */
  ip?: string;
  /**
   * As the client sent it; control characters are replaced and it is cut at 1024 characters.
   */
  userAgent?: string;
}
/**
 * The failed logins behind a `login.suspicious`.
 */
export interface Burst {
  /**
   * What the failures have in common.
   */
  by: 'user' | 'ip';
  /**
   * Failures within the window when the burst was recognised.
   */
  count: number;
  windowMs: number;
}
/**
 * What the event was made from, where it came from a server whose own SETs a profile passes on as they were. Only the wso2 profile looks at it, and lets of its claims leave what the endpoint's `claims` name.
 */
export interface EventSource {
  /**
   * Whose SET it was.
   */
  type: 'wso2';
  /**
   * Its `iss`.
   */
  issuer?: string;
  /**
   * Its `iat`, in milliseconds.
   */
  issuedAt: number;
  body: Wso2Body;
}
/**
 * What stands under the event's URI in a SET of WSO2 Identity Server, its members in the order in which they came.
 */
export interface Wso2Body {
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  initiatorType?: string;
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  initiatorIpAddress?: string;
  user?: Wso2User;
  tenant?: Wso2Tenant;
  organization?: Wso2Organization;
  userStore?: Wso2UserStore;
  application?: Wso2Application;
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  action?: string;
  reason?: Wso2Reason;
  /**
   * @maxItems 20
   *
   * Items: An id or a name: 1 to 1024 characters, no control characters.
   */
  authenticationMethods?: string[];
  session?: Wso2Session;
  /**
   * @maxItems 1000
   */
  sessions?: Wso2Session[];
  accessToken?: Wso2AccessToken;
  /**
   * @maxItems 100
   */
  applications?: Wso2Application[];
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  credentialType?: string;
}
export interface Wso2User {
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  id?: string;
  /**
   * @maxItems 1000
   */
  claims?: Wso2Claim[];
  organization?: Wso2Organization;
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  ref?: string;
  /**
   * @maxItems 1000
   *
   * Items: An id or a name: 1 to 1024 characters, no control characters.
   */
  groups?: string[];
  /**
   * @maxItems 1000
   *
   * Items: An id or a name: 1 to 1024 characters, no control characters.
   */
  roles?: string[];
  /**
   * @maxItems 1000
   */
  additionalClaims?: Wso2Claim[];
  /**
   * @maxItems 1000
   */
  addedClaims?: Wso2Claim[];
  /**
   * @maxItems 1000
   */
  updatedClaims?: Wso2Claim[];
  /**
   * @maxItems 1000
   */
  removedClaims?: Wso2Claim[];
}
export interface Wso2Claim {
  uri: string;
  value: string | string[];
}
export interface Wso2Organization {
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  id?: string;
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  name?: string;
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  orgHandle?: string;
  depth?: number;
}
export interface Wso2Tenant {
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  id?: string;
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  name?: string;
}
export interface Wso2UserStore {
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  id?: string;
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  name?: string;
}
export interface Wso2Application {
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  id?: string;
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  name?: string;
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  consumerKey?: string;
}
export interface Wso2Reason {
  /**
   * In words.
   */
  description?: string;
  context?: Wso2ReasonContext;
}
export interface Wso2ReasonContext {
  failedStep?: Wso2FailedStep;
}
export interface Wso2FailedStep {
  step?: number;
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  idp?: string;
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  authenticator?: string;
}
export interface Wso2Session {
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  id: string;
  /**
   * Milliseconds since 1970. The bounds (2001 to 2286) refuse a value that is in seconds or microseconds.
   */
  loginTime?: number;
  /**
   * @maxItems 1000
   */
  applications?: Wso2Application[];
}
export interface Wso2AccessToken {
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  tokenType?: string;
  /**
   * Milliseconds, as a text.
   */
  iat?: string;
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  jti?: string;
  /**
   * An id or a name: 1 to 1024 characters, no control characters.
   */
  grantType?: string;
}
/**
 * What an operator writes, in YAML or JSON. Durations are `500ms`, `30s`, `5m`, `24h`, `3d`; sizes `64KB`, `1MB`. Any text may hold `${env:NAME}` or `${file:path}`.
 */
export interface Config {
  /**
   * Public base URL of the identity server. Left out: what the host calls itself. In the wso2 profile `iss` and `user.ref` start with it.
   */
  issuer?: string;
  defaults: DefaultsConfig;
  ssf: SsfConfig;
  flows: FlowsConfig;
  journal: JournalKind;
  /**
   * Folder of the journal, of the dead letters and of `state.json`, relative to this file; made where missing. On a local disk, not on a network file system: processes share it by memory mapping. It holds personal data: mode 0700.
   */
  dataDir: string;
  durability: Durability;
  transmitter: TransmitterMode;
  retention: RetentionConfig;
  buffer: BufferConfig;
  deadLetters: DeadLettersConfig;
  log: LogConfig;
  signing: SigningConfig;
  /**
   * How long a stop waits for requests that are under way and, with `journal: memory`, for what is still to be delivered; that is lost then, reason `lost_on_exit`. At most 24d.
   */
  stopTimeout: string;
  intake?: IntakeConfig;
  /**
   * The receivers, by name. The name is what the log, the status and the command line call it.
   */
  endpoints: {
    [k: string]: EndpointConfig;
  };
}
/**
 * What SETs say where an event does not: for identity servers without tenants, organizations or user stores.
 */
export interface DefaultsConfig {
  tenant?: Tenant;
  organization?: Organization;
  userStore?: UserStore;
}
/**
 * Event types of the ssf profile that are neither CAEP's nor RISC's.
 */
export interface SsfConfig {
  /**
   * What the URIs of our own event types begin with. Left out: `<issuer>/ssf/event-type/`.
   */
  eventTypeBase?: string;
  /**
   * The event type URI of each type of the host's own. One without is refused where an endpoint names it, and dead otherwise: no_event_type.
   */
  eventTypes: {
    /**
     * A URI, best one that tells more about it.
     */
    [k: string]: string;
  };
}
/**
 * What happens to events before they are kept.
 */
export interface FlowsConfig {
  login: LoginFlowConfig;
  session: SessionFlowConfig;
}
/**
 * Logins.
 */
export interface LoginFlowConfig {
  suspicious: SuspiciousConfig;
}
/**
 * When failed logins become one `login.suspicious`.
 */
export interface SuspiciousConfig {
  /**
   * So many failures of one user, or from one IP address, within `window`. 0: never.
   */
  failures: number;
  /**
   * The time they must fall in. A burst ends when no failure came for this long. More than 0ms.
   */
  window: string;
  /**
   * What is counted.
   */
  by: ('user' | 'ip')[];
  /**
   * How many users and addresses are remembered; past it the one seen longest ago is forgotten.
   */
  maxTracked: number;
}
/**
 * Sessions.
 */
export interface SessionFlowConfig {
  /**
   * `session.presented` at most once per session in this time. 0s: every one.
   */
  presentedEvery: string;
  /**
   * How many sessions are remembered for that; past it the one seen longest ago is forgotten.
   */
  maxSessions: number;
}
/**
 * How long the embedded journal keeps events. What an endpoint has not finished is kept whatever the age, up to `hardLimit`.
 */
export interface RetentionConfig {
  /**
   * Events that every endpoint has finished are kept so long, for replay. At most 3650d.
   */
  maxAge: string;
  /**
   * The same, by the size of all events together; the file is about half as large again.
   */
  maxSize: string;
  /**
   * Past this size the oldest events go although an endpoint has not finished them: lost for it, and logged as dead with reason `journal_overflow`. Not less than `maxSize`.
   */
  hardLimit: string;
  /**
   * How long the position of an endpoint is kept that is no longer in the config, and with it what it has not finished. At most 3650d.
   */
  removedEndpoint: string;
}
/**
 * What waits in the memory of this process: with `journal: memory` everything; with `journal: embedded` what could not be written yet, because the disk is full or cannot be reached.
 */
export interface BufferConfig {
  /**
   * Past this many, events are lost: with `memory` the oldest, with `embedded` the newest. They are counted and logged.
   */
  maxEvents: number;
  /**
   * The same, by size. More than 0B.
   */
  maxBytes: string;
}
/**
 * How long dead letters are kept for `setwire dead`.
 */
export interface DeadLettersConfig {
  /**
   * Older ones are dropped. At most 3650d.
   */
  maxAge: string;
  /**
   * Of each endpoint; past this many the oldest are dropped.
   */
  maxCount: number;
}
/**
 * The delivery log: one JSON line per attempt.
 */
export interface LogConfig {
  /**
   * The file, relative to the config file.
   */
  file: string;
  /**
   * A new file is begun at this size. 0B: never (use logrotate and SIGHUP).
   */
  maxSize: string;
  /**
   * How many older files are kept, `.1` being the newest.
   */
  keep: number;
  /**
   * Key of the hash under which a user appears in the log, at least 16 characters. Left out: a new one for each start.
   */
  userKey?: string;
  /**
   * How much Setwire says about itself on standard error.
   */
  level: 'silent' | 'error' | 'warn' | 'info';
}
/**
 * The keys that SETs of the ssf profile are signed with.
 */
export interface SigningConfig {
  alg: SigningAlg;
  /**
   * Directory of the keys, relative to this file; made where missing, with a first key and the next one. Mode 0700, files 0600; keys that others can read are refused. All processes of one identity server share it.
   */
  keys: string;
  /**
   * How long a key signs. 0s: until `setwire keys rotate`. At most 3650d.
   */
  rotateEvery: string;
  /**
   * How long a key stays in the JWK Set after the next one has begun to sign: as long as what it signed may be on its way, or be looked at again. At most 3650d.
   */
  overlap: string;
  /**
   * A private key of your own, PEM or JWK, mostly from a file. Then `keys` has none, and none is made or rotated. RSA keys have at least 2048 bits.
   */
  key?: string;
  /**
   * Public keys, PEM or JWK, that the JWK Set has beside `key`: the one before it, the one after it.
   *
   * @maxItems 16
   */
  published?: string[];
}
/**
 * What `setwire serve` takes from servers that are not Node, over plain HTTP or from their log files.
 */
export interface IntakeConfig {
  /**
   * `host:port`, `[address]:port`, or `unix:/path` for a Unix socket. Beyond this machine only with `allowInsecure`: put a proxy that speaks TLS in front.
   */
  listen: string;
  /**
   * Allows `listen` to be reached from other machines: events and tokens then come in readable.
   */
  allowInsecure: boolean;
  /**
   * The largest body that is taken. More than 0B.
   */
  maxBytes: string;
  /**
   * Where events come from, by name. The name is what the log calls it.
   */
  sources: {
    [k: string]: SourceConfig;
  };
}
/**
 * WSO2 Identity Server's own webhooks.
 */
export interface Wso2SourceConfig {
  type: 'wso2';
  /**
   * A path that begins with /, where it takes events. Left out: `/` and the source's name.
   */
  path?: string;
  /**
   * The webhook's secret, at least 16 characters: `x-wso2-event-signature` is checked with it.
   */
  secret?: string;
  /**
   * During a rotation: what is signed with this one is taken, too.
   */
  previousSecret?: string;
  /**
   * Takes what nobody signed: whoever reaches the address can report events. Only where `listen` is this machine's loopback or a Unix socket.
   */
  allowUnsigned: boolean;
}
/**
 * Keycloak's events as an HTTP event listener posts them.
 */
export interface KeycloakSourceConfig {
  type: 'keycloak';
  /**
   * A path that begins with /, where it takes events. Left out: `/` and the source's name.
   */
  path?: string;
  /**
   * Shared secret of keycloak-events, at least 16 characters: `X-Keycloak-Signature` (HmacSHA256) is checked with it.
   */
  secret?: string;
  /**
   * During a rotation: what is signed with this one is taken, too.
   */
  previousSecret?: string;
  /**
   * For other listeners, a secret of at least 16 characters, shown as `Authorization: Bearer <token>`, or as the password of Basic.
   */
  token?: string;
  /**
   * Takes what nobody signed: whoever reaches the address can report events. Only where `listen` is this machine's loopback or a Unix socket.
   */
  allowUnsigned: boolean;
}
/**
 * Keycloak's JSON log, in which its jboss-logging event listener writes.
 */
export interface KeycloakLogSourceConfig {
  type: 'keycloak-log';
  /**
   * The log file, relative to this file.
   */
  file: string;
  /**
   * Where a log begins that has not been read before: `now` or `beginning`. Later starts go on where the last one stopped.
   */
  from: 'now' | 'beginning';
}
/**
 * Identity events in Setwire's own schema, one or many, from any server.
 */
export interface IdentityEventSourceConfig {
  type: 'identity-event';
  /**
   * A path that begins with /, where it takes events. Left out: `/` and the source's name.
   */
  path?: string;
  /**
   * A secret of at least 16 characters, shown as `Authorization: Bearer <token>`.
   */
  token: string;
}
/**
 * A receiver, and what it gets.
 */
export interface EndpointConfig {
  /**
   * Where SETs are sent. https, except to this machine or with `allowInsecure`. No user name or password in it: use `auth`.
   */
  url: string;
  /**
   * Allows http to another machine. Events then travel readable and unprotected.
   */
  allowInsecure: boolean;
  /**
   * false: nothing is sent to it.
   */
  enabled: boolean;
  /**
   * Where an endpoint begins that has not been here before: `now`; `beginning`, the oldest event that the journal still has; or a time (RFC 3339), for all that was accepted since. Later starts go on where the last one stopped.
   */
  from: string;
  /**
   * How an event becomes a SET. `wso2`: WSO2 Identity Server's webhook format. `ssf`: OpenID Shared Signals, with the event types of CAEP and RISC and our own.
   */
  profile: 'wso2' | 'ssf';
  delivery?: DeliveryMethod;
  wire: MultiPushWire;
  /**
   * `aud` of the SETs: what the receiver calls itself, or a list of it. Needed with `profile: ssf`, and for that alone.
   */
  audience?: string | string[];
  subject: SubjectConfig;
  encryption?: EncryptionConfig;
  /**
   * Which event types it gets: `login.failure`, `login.*` or `*`.
   *
   * @minItems 1
   *
   * Items: An event type, all of a flow, a host's own type, or everything.
   */
  events: string[];
  /**
   * Only events that match this query over the identity event (MongoDB's query language, by sift).
   */
  where: {};
  /**
   * Which claims of the user leave: `username`, `groups`, `roles`, or a claim's name; `*` for all. Changed claims are filtered by it too.
   */
  claims: string[];
  /**
   * Headers sent with every request.
   */
  headers: {
    /**
     * A header's value: printable ASCII.
     */
    [k: string]: string;
  };
  auth?: AuthConfig;
  tls?: TlsConfig;
  signature?: SignatureConfig;
  /**
   * For one attempt, from connecting to the end of the answer. More than 0ms, at most 24d.
   */
  timeout: string;
  /**
   * Requests under way at once.
   */
  concurrency: number;
  order: EndpointOrder;
  batch: BatchConfig;
  retry: RetryConfig;
  circuit: CircuitConfig;
}
/**
 * How `sub_id` names whom an event is about, with `profile: ssf`. Where the event lacks what that needs, the SET is dead: no_subject.
 */
export interface SubjectConfig {
  format: SubjectFormat;
  /**
   * With `complex`: what its user goes by.
   */
  user: UserFormat & string;
  /**
   * With `aliases`: which of them, as far as the event has them.
   *
   * @minItems 1
   */
  formats: UserFormat[];
}
/**
 * SETs are encrypted to the receiver after they have been signed: a JWE around the JWS. With `profile: ssf` only; exactly one of `jwks` and `key`.
 */
export interface EncryptionConfig {
  /**
   * The receiver's JWKS URL; https, except to this machine or with `allowInsecure`. Fetched with the endpoint's `tls` and `timeout`, again after ten minutes; the last good key is used for at most a day while the URL is down.
   */
  jwks?: string;
  /**
   * The receiver's public key, PEM (a public key or a certificate) or JWK, mostly from a file.
   */
  key?: string;
  alg?: EncryptionAlg;
  enc: EncryptionEnc;
}
/**
 * A fixed token (RFC 6750).
 */
export interface BearerAuthConfig {
  type: 'bearer';
  /**
   * Sent as `Authorization: Bearer <token>`.
   */
  token: string;
}
/**
 * The token of a Splunk HTTP event collector.
 */
export interface SplunkAuthConfig {
  type: 'splunk';
  /**
   * Sent as `Authorization: Splunk <token>`.
   */
  token: string;
}
/**
 * A user name and a password (RFC 7617).
 */
export interface BasicAuthConfig {
  type: 'basic';
  /**
   * A user name without a colon.
   */
  username: string;
  /**
   * Sent with the user name.
   */
  password: string;
}
/**
 * OAuth 2.0 client credentials (RFC 6749, section 4.4). The token is kept until shortly before it expires, and renewed after a 401.
 */
export interface OAuth2AuthConfig {
  type: 'oauth2';
  /**
   * Where the token comes from. The same rule for https as `url`.
   */
  tokenUrl: string;
  /**
   * What the authorization server knows Setwire as.
   */
  clientId: string;
  /**
   * What the client shows to get a token.
   */
  clientSecret: string;
  /**
   * Sent as `scope` (RFC 6749, section 3.3).
   */
  scope?: string;
  /**
   * Sent as `audience` (Auth0, Okta).
   */
  audience?: string;
  /**
   * How the client shows its secret (RFC 6749, section 2.3.1): in the Authorization header or in the form.
   */
  clientAuth: 'basic' | 'post';
}
/**
 * PEM texts, most often by `${file:path}`.
 */
export interface TlsConfig {
  /**
   * Certificates in PEM (`${file:path}` reads a file) of the authorities to trust instead of the system's.
   */
  ca?: string;
  /**
   * The client certificate in PEM (`${file:path}` reads a file). Only together with `key`.
   */
  cert?: string;
  /**
   * Its private key in PEM.
   */
  key?: string;
  /**
   * The key's passphrase.
   */
  passphrase?: string;
}
/**
 * HMAC-SHA256 over the bytes of the body.
 */
export interface SignatureConfig {
  /**
   * `wso2`: x-wso2-event-signature; `hub`: X-Hub-Signature (WebSub); `standard-webhooks`: webhook-id, webhook-timestamp, webhook-signature.
   */
  scheme: 'wso2' | 'hub' | 'standard-webhooks';
  /**
   * For standard-webhooks `whsec_` and 24 to 64 bytes in base64; else at least 16 characters.
   */
  secret: string;
  /**
   * During a rotation: signed with this one too. Only standard-webhooks has room for two signatures.
   */
  previousSecret?: string;
}
/**
 * A batch leaves when it is full by count or bytes, or when its oldest event has waited `maxWait`.
 */
export interface BatchConfig {
  /**
   * What a webhook is sent. `single`: one SET per request, at once; `array`: a JSON array; `ndjson`: a SET per line; `cloudevents`: one CloudEvent per request; `cloudevents-batch`: a JSON array of them, for receivers that have asked for it, with the `maxEvents` that they take; `splunk-hec`: for Splunk's HTTP event collector.
   */
  format: 'single' | 'array' | 'ndjson' | 'cloudevents' | 'cloudevents-batch' | 'splunk-hec';
  /**
   * How many SETs a request holds at most. With `single`, `cloudevents` and `delivery: push` it is always 1, and more is refused. After a 413, or `too_many_sets`, it is half of what was too much, and grows again.
   */
  maxEvents: number;
  /**
   * Of the whole body, more than 0B. A SET that is larger by itself is dead, reason `too_large`.
   */
  maxBytes: string;
  /**
   * How long the oldest event of a batch of several waits for company. At most 24d.
   */
  maxWait: string;
}
/**
 * Exponential back-off with full jitter: a random time between 0 and min(max, initial * 2^(attempt - 1)). Retry-After, where longer, is honoured.
 */
export interface RetryConfig {
  /**
   * The longest wait after the first attempt. More than 0ms, at most 24d.
   */
  initial: string;
  /**
   * The longest wait of all. More than 0ms, at most 24d.
   */
  max: string;
  /**
   * The endpoint's patience: an event that has been tried in vain for so long is dead, reason `patience_exhausted`.
   */
  maxAge: string;
  /**
   * The same, by attempts. 0: no limit.
   */
  maxAttempts: number;
  /**
   * The longest Retry-After that is honoured. At most 24d.
   */
  maxRetryAfter: string;
}
/**
 * When an endpoint fails so often that it is probed by one request at a time until one succeeds. Events wait in the journal then, without an attempt and without losing patience.
 */
export interface CircuitConfig {
  /**
   * Opens when this share of the attempts within `window` has failed.
   */
  failureRate: number;
  /**
   * More than 0ms, at most 24d.
   */
  window: string;
  /**
   * So many attempts within `window` are needed to judge by. 0: it never opens.
   */
  minAttempts: number;
  /**
   * The wait before the first probe; it doubles with every one that fails. More than 0ms, at most 24d.
   */
  probe: string;
  /**
   * The longest wait between two probes. More than 0ms, at most 24d.
   */
  maxProbe: string;
}
/**
 * One line of the delivery log: one attempt to deliver a batch, or SETs that were given up without one. Holds no claim, no secret and no URL.
 */
export interface DeliveryRecord {
  /**
   * When the attempt ended, RFC 3339 in UTC with milliseconds.
   */
  time: string;
  /**
   * The endpoint's name in the config.
   */
  endpoint: string;
  /**
   * `delivered`; `retry`: will be tried again at `nextRetryAt`; `dead`: given up, `reason` says why.
   */
  outcome: 'delivered' | 'retry' | 'dead';
  /**
   * Id of the batch, the same at every attempt. Absent where there was none.
   */
  batch?: string;
  /**
   * Counted from 1; 0: nothing was sent.
   */
  attempt: number;
  /**
   * HTTP status of the answer.
   */
  status?: number;
  /**
   * Code of the failure where there was no answer (ECONNREFUSED, ETIMEDOUT), or the receiver's own code (RFC 8935 `err`).
   */
  error?: string;
  reason?: DeadReason;
  /**
   * In words, for an operator. No value of an event stands in it.
   */
  detail?: string;
  /**
   * How long the attempt took, in milliseconds.
   */
  durationMs?: number;
  /**
   * Size of the body that was sent.
   */
  bytes?: number;
  /**
   * When it is tried again, RFC 3339 in UTC with milliseconds.
   */
  nextRetryAt?: string;
  /**
   * The SETs of the batch, in order.
   */
  sets: DeliveredSet[];
}
export interface DeliveredSet {
  jti: string;
  /**
   * The event's type, as in the config's `events`.
   */
  event: string;
  /**
   * The user as a keyed hash (HMAC-SHA256 under `log.userKey`, cut to 16 hex digits).
   */
  user?: string;
}
/**
 * An event that was given up for one endpoint, as `setwire dead show` prints it. It holds the event, and with it personal data; the delivery log never does.
 */
export interface DeadLetter {
  /**
   * Names it on the command line; the same if the same event dies again for the same endpoint.
   */
  id: string;
  /**
   * The endpoint's name in the config.
   */
  endpoint: string;
  /**
   * Of the SET, or the event's id where none could be made.
   */
  jti: string;
  reason: DeadReason;
  /**
   * In words.
   */
  detail?: string;
  /**
   * Code of the last failure, or the receiver's own code (RFC 8935 `err`).
   */
  error?: string;
  /**
   * HTTP status of the last answer.
   */
  status?: number;
  /**
   * How the last answer's body began: at most 2,000 characters.
   */
  answer?: string;
  /**
   * 0: nothing was sent.
   */
  attempts: number;
  /**
   * RFC 3339 in UTC.
   */
  firstAttemptAt?: string;
  /**
   * RFC 3339 in UTC.
   */
  diedAt: string;
  /**
   * The event's place in the journal.
   */
  offset: number;
  event: IdentityEvent;
}
/**
 * What an identity server hands to Setwire when it attaches it.
 */
export interface PluginOptions {
  /**
   * The config file, YAML or JSON; relative to the process's working directory.
   */
  config: string;
  /**
   * Which identity server this is. Left out: found out.
   */
  host?: 'oidc-provider' | 'event-emitter';
}
/**
 * What an application hands to Setwire where it makes a plugin of better-auth of it.
 */
export interface BetterAuthPluginOptions {
  /**
   * The config file, YAML or JSON; relative to the process's working directory.
   */
  config: string;
  await?: Await;
}
/**
 * Given: an answer of better-auth waits until the journal has the events of its request. Left out: nothing waits.
 */
export interface Await {
  /**
   * So long an answer waits at most, up to 99s; then it leaves, and the events follow.
   */
  timeout: string;
}
/**
 * The `identityServer` member of an extension's package.json: what a server must know before it runs any of the extension's code.
 */
export interface ExtensionManifest {
  /**
   * Name by which the server's config enables the extension. Unique in an extensions directory.
   */
  id: string;
  /**
   * What the extension is. `event-listener`: it listens to the server's event bus.
   */
  kind: 'event-listener';
  /**
   * Version of the contract between server and extension.
   */
  apiVersion: 1;
  /**
   * The module that default-exports `{ attach(host, options) }`, relative to the extension's folder. Left out: what `exports` or `main` of package.json names.
   */
  entry?: string;
  /**
   * JSON Schema (draft 2020-12) of the extension's options, relative to the extension's folder. Left out: any options.
   */
  configSchema?: string;
  /**
   * Event types the extension is interested in. For people; this loader does not act on it.
   */
  events?: string[];
  /**
   * What the extension uses (`network`, `storage`). For people; this loader does not act on it.
   */
  capabilities?: string[];
}
/**
 * A user event or an admin event of Keycloak: its EventRepresentation, its AdminEventRepresentation, or the envelope around both of p2-inc's keycloak-events. Other members are allowed, and not looked at; members that are null count as absent.
 */
export interface KeycloakEvent {
  /**
   * Id of the event. Old versions have none.
   */
  id?: string;
  /**
   * Id that keycloak-events gives it, for each of its webhooks.
   */
  uid?: string;
  /**
   * When it happened, in milliseconds.
   */
  time: number;
  /**
   * Of a user event: LOGIN, LOGIN_ERROR, ...; in the envelope `access.LOGIN`, `admin.USER-CREATE`.
   */
  type?: string;
  /**
   * The realm's id, or its name.
   */
  realmId?: string;
  /**
   * The realm's name.
   */
  realmName?: string;
  /**
   * client_id.
   */
  clientId?: string;
  /**
   * Whom a user event is about.
   */
  userId?: string;
  /**
   * The user session.
   */
  sessionId?: string;
  /**
   * Of the client.
   */
  ipAddress?: string;
  /**
   * Why it failed.
   */
  error?: string;
  /**
   * Texts by name; anything else in it is not looked at.
   */
  details?: {
    [k: string]: unknown;
  };
  authDetails?: KeycloakAuthDetails;
  /**
   * Of an admin event.
   */
  operationType?: 'CREATE' | 'UPDATE' | 'DELETE' | 'ACTION';
  /**
   * Of an admin event: USER, USER_SESSION, ...
   */
  resourceType?: string;
  /**
   * Of an admin event: `users/<id>`, ...
   */
  resourcePath?: string;
  /**
   * Of an admin event: what was sent, as JSON in a text; only where the realm includes it.
   */
  representation?: string | {};
}
/**
 * Who did it: of an admin event the administrator, in the envelope of a user event the user.
 */
export interface KeycloakAuthDetails {
  /**
   * The realm's id, or its name.
   */
  realmId?: string;
  /**
   * The realm's name.
   */
  realmName?: string;
  /**
   * The client, by its internal id or client_id.
   */
  clientId?: string;
  /**
   * The administrator.
   */
  userId?: string;
  /**
   * Of the administrator.
   */
  ipAddress?: string;
  /**
   * Name of the administrator.
   */
  username?: string;
  /**
   * The session.
   */
  sessionId?: string;
}
/**
 * A SET as WSO2 Identity Server posts it to a webhook: what the intake takes of it. Members that are not named here are left out before it is checked.
 */
export interface Wso2Webhook {
  /**
   * `<base>/t/<tenant>`.
   */
  iss?: string;
  /**
   * Id of the event, the same at every attempt.
   */
  jti: string;
  /**
   * When it was issued, in milliseconds.
   */
  iat: number;
  /**
   * Correlation id of the request.
   */
  rci?: string;
  /**
   * One event, under its URI.
   */
  events: {
    [k: string]: Wso2Body;
  };
}

import type { Credential, Reason } from '../schema-types.js';
import { changesIn } from './keycloak-claims.js';
import type { Draft, Memory } from './keycloak-draft.js';
import { initiatorOf, type UserRecord } from './keycloak-record.js';
import { grantTypes, issued, revoked } from './keycloak-token.js';
import { applicationOf, userOf, whoOf } from './keycloak-who.js';
import { legible } from './legible.js';

const reasonOf = ({ error, details }: UserRecord): Reason => ({ code: legible(error), description: details.reason });

function login(record: UserRecord, known: Memory): Draft[] {
  const { sessionId, details, time } = record;
  const drafts: Draft[] = [{ type: 'login.success', ...whoOf(record) }];
  if (sessionId !== undefined) {
    const application = applicationOf(record);
    const session = { id: sessionId, applications: application && [application] };
    drafts.push(
      known.isFirst(sessionId, record)
        ? // The same session is not established twice, though who remembers it was started anew in between.
          { type: 'session.established', ...whoOf(record), key: sessionId, session: { ...session, startedAt: time } }
        : { type: 'session.presented', ...whoOf(record), session: { ...session, lastAccessAt: time } },
    );
  }
  // With a user's own password (grant type `password`) there is no other event for the token.
  if (details.token_id !== undefined) drafts.push(issued(record));
  return drafts;
}

/** Errors of a login that are about the client or its request: no user has failed to sign in. */
const clientErrors: ReadonlySet<string> = new Set([
  'client_disabled',
  'client_not_found',
  'invalid_client',
  'invalid_client_credentials',
  'invalid_redirect_uri',
  'invalid_request',
  'invalid_signature',
  'not_allowed',
  'realm_disabled',
  'ssl_required',
  'unauthorized_client',
]);

const credentialTypes: Readonly<Record<string, Credential['type']>> = {
  otp: 'otp',
  password: 'password',
  'recovery-authn-codes': 'recovery-code',
  webauthn: 'passkey',
  'webauthn-passwordless': 'passkey',
};

function credential(record: UserRecord, change: Credential['change'] | 'set', type?: Credential['type']): Draft[] {
  const kind = type ?? credentialTypes[record.details.credential_type ?? ''] ?? 'other';
  // A password is changed, anything else is one more.
  const made = kind === 'password' ? 'updated' : 'created';
  return [
    {
      type: 'credential.updated',
      ...whoOf(record),
      credential: { type: kind, change: change === 'set' ? made : change },
    },
  ];
}

/**
 * UPDATE_PASSWORD, UPDATE_TOTP and REMOVE_TOTP: since version 26 Keycloak says them beside UPDATE_CREDENTIAL and
 * REMOVE_CREDENTIAL, with the same details. Without `credential_type` they come from an older version, and stand alone.
 */
const old = (record: UserRecord, change: 'set' | 'deleted', type: Credential['type']): Draft[] =>
  record.details.credential_type === undefined ? credential(record, change, type) : [];

function logout(record: UserRecord): Draft[] {
  const { sessionId, details } = record;
  if (sessionId === undefined) return [];
  const isExpired = details.reason === 'user_session_expired';
  return [
    {
      type: 'session.revoked',
      user: userOf(record),
      application: applicationOf(record),
      sessions: [{ id: sessionId }],
      reason: legible(details.reason) === undefined ? undefined : { code: legible(details.reason) },
      initiator: initiatorOf(isExpired ? 'system' : 'user', record),
    },
  ];
}

const registered = ['email', 'first_name', 'last_name'] as const;

const locked = (record: UserRecord): Draft[] => [
  {
    type: 'account.locked',
    user: userOf(record),
    reason: { code: record.type },
    initiator: initiatorOf('system', record),
  },
];

const profile = (record: UserRecord): Draft[] => [
  { type: 'account.profile-updated', ...whoOf(record), changes: changesIn(record.details) },
];

/** What a user event of Keycloak is, by its type. Types that are not here are not mapped. */
const rows: Readonly<Record<string, (record: UserRecord, known: Memory) => Draft[]>> = {
  LOGIN: login,
  LOGIN_ERROR: (record) =>
    clientErrors.has(record.error ?? '') ? [] : [{ type: 'login.failure', ...whoOf(record), reason: reasonOf(record) }],
  REGISTER: (record) => {
    const made = { ...whoOf(record), user: userOf(record, registered) };
    return [
      { type: 'registration.success', ...made },
      { type: 'account.created', ...made },
    ];
  },
  REGISTER_ERROR: (record) => [
    { type: 'registration.failure', ...whoOf(record), user: userOf(record, registered), reason: reasonOf(record) },
  ],
  LOGOUT: logout,
  ...Object.fromEntries(Object.keys(grantTypes).map((type) => [type, (record: UserRecord) => [issued(record)]])),
  REVOKE_GRANT: revoked,
  UPDATE_CREDENTIAL: (record) => credential(record, 'set'),
  REMOVE_CREDENTIAL: (record) => credential(record, 'deleted'),
  UPDATE_PASSWORD: (record) => old(record, 'set', 'password'),
  UPDATE_TOTP: (record) => old(record, 'set', 'otp'),
  REMOVE_TOTP: (record) => old(record, 'deleted', 'otp'),
  UPDATE_PROFILE: profile,
  UPDATE_EMAIL: profile,
  VERIFY_EMAIL: (record) => [
    { type: 'account.profile-updated', ...whoOf(record), changes: { updated: { email_verified: true } } },
  ],
  DELETE_ACCOUNT: (record) => [{ type: 'account.deleted', ...whoOf(record) }],
  USER_DISABLED_BY_TEMPORARY_LOCKOUT: locked,
  USER_DISABLED_BY_PERMANENT_LOCKOUT: locked,
};

export function userEvents(record: UserRecord, known: Memory): Draft[] {
  const row = Object.hasOwn(rows, record.type) ? rows[record.type] : undefined;
  return row?.(record, known) ?? [];
}

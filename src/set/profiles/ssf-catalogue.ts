import type { CanonicalType, Credential, IdentityEvent } from '../../schema-types.js';
import type { Body } from '../omission.js';
import type { About } from '../subject.js';
import { caepCommon, type Discretion, type OwnMember, ownClaims, sessionIdFor, userAgentPrint } from './ssf-claims.js';
import type { EventTypeName } from './ssf-uris.js';

/** What an event type says, its members in the order on the wire; undefined ones are left out. */
export type ClaimsOf = (event: IdentityEvent, discretion: Discretion) => Body;

export interface Row {
  readonly type: EventTypeName;
  readonly about: About;
  readonly claims: ClaimsOf;
}

const caep = (name: string, about: About, claims: ClaimsOf, words?: (event: IdentityEvent) => string): Row => ({
  type: { of: 'caep', name },
  about,
  claims: (event, discretion) => ({ ...claims(event, discretion), ...caepCommon(event, discretion, words?.(event)) }),
});
const risc = (name: string, claims: ClaimsOf): Row => ({ type: { of: 'risc', name }, about: {}, claims });
const own = (name: string, about: About, members: readonly OwnMember[]): Row => ({
  type: { of: 'setwire', name },
  about,
  claims: (event, discretion) => ownClaims(event, members, discretion),
});

const nothing: ClaimsOf = () => ({});

/** CAEP 1.0, section 3.3.1; what it has no word for keeps ours, which the README explains. */
const credentialTypes = {
  password: 'password',
  passkey: 'passkey',
  otp: 'app',
  x509: 'x509',
  'recovery-code': 'recovery-code',
  'api-key': 'api-key',
  other: 'other',
} as const satisfies Record<Credential['type'], string>;
const passkeys = { platform: 'fido2-platform', 'cross-platform': 'fido2-roaming' } as const;
const changeTypes = {
  created: 'create',
  updated: 'update',
  reset: 'update',
  revoked: 'revoke',
  deleted: 'delete',
} as const satisfies Record<Credential['change'], string>;

const credentialTypeOf = ({ type, attachment }: Credential): string =>
  type === 'passkey' && attachment !== undefined ? passkeys[attachment] : credentialTypes[type];

const credential: ClaimsOf = ({ credential: changed }, { conceal }) => ({
  credential_type: changed && credentialTypeOf(changed),
  change_type: changed && changeTypes[changed.change],
  friendly_name: conceal ? undefined : changed?.name,
});
const credentialWords = ({ credential: changed }: IdentityEvent): string =>
  `Credential ${changed?.change}: ${changed?.type}`;

const established: ClaimsOf = (event, discretion) => ({
  fp_ua: userAgentPrint(event, discretion),
  acr: event.acr,
  amr: event.authenticationMethods,
  ext_id: sessionIdFor(event.session?.id, discretion),
});
const presented: ClaimsOf = (event, discretion) => ({
  fp_ua: userAgentPrint(event, discretion),
  ext_id: sessionIdFor(event.session?.id, discretion),
});
const revokedWords = ({ initiator }: IdentityEvent): string =>
  initiator?.type === 'user' ? 'Logout' : `Session revoked${initiator?.type ? ` by: ${initiator.type}` : ''}`;

/** A burst says that somebody may be guessing, not that somebody has guessed. */
const risk: ClaimsOf = ({ burst }) => ({
  principal: burst?.by === 'ip' ? 'DEVICE' : 'USER',
  current_level: 'MEDIUM',
  risk_reason: 'REPEATED_LOGIN_FAILURES',
});
const riskWords = ({ burst }: IdentityEvent): string =>
  `${burst?.count} failed logins within ${(burst?.windowMs ?? 0) / 1000} seconds`;

/** RISC 1.0, section 2.3, knows two reasons. */
const disabled: ClaimsOf = ({ reason }) => ({
  reason: reason?.code === 'hijacking' || reason?.code === 'bulk-account' ? reason.code : undefined,
});

/**
 * What each type becomes: whose event type, what it is about beside its user, which claims it has. The SETs of changed
 * identifiers, which leave beside `account.profile-updated`, are in ssf-identifiers.ts.
 */
export const catalogue: Readonly<Record<CanonicalType, Row>> = {
  'login.success': own('login-success', { session: true, application: true }, [
    'user',
    'application',
    'session',
    'amr',
    'acr',
  ]),
  'login.failure': own('login-failure', { attempt: true, application: true }, ['user', 'application', 'reason']),
  'login.suspicious': caep('risk-level-change', { attempt: true }, risk, riskWords),
  'registration.success': own('registration-success', {}, ['user', 'application', 'action']),
  'registration.failure': own('registration-failure', { attempt: true }, ['user', 'application', 'action', 'reason']),
  'token.issued': own('token-issued', { application: true }, ['user', 'application', 'token']),
  'token.revoked': own('token-revoked', { application: true }, ['user', 'application', 'applications', 'token']),
  'session.established': caep('session-established', { session: true, application: true }, established),
  'session.presented': caep('session-presented', { session: true, application: true }, presented),
  'session.revoked': caep('session-revoked', { session: true }, nothing, revokedWords),
  'credential.updated': caep('credential-change', {}, credential, credentialWords),
  'account.created': own('account-created', {}, ['user', 'application', 'action']),
  'account.profile-updated': own('account-profile-updated', {}, ['changes', 'action']),
  'account.locked': own('account-locked', {}, ['user', 'reason']),
  'account.unlocked': own('account-unlocked', {}, ['user', 'reason']),
  'account.enabled': risc('account-enabled', nothing),
  'account.disabled': risc('account-disabled', disabled),
  'account.deleted': risc('account-purged', nothing),
};

/** A host's own type, under the URI that the config gives: whatever the event knows. */
export const hostRow: Omit<Row, 'type'> = {
  about: { session: true, application: true },
  claims: (event, discretion) =>
    ownClaims(
      event,
      [
        'user',
        'application',
        'applications',
        'session',
        'sessions',
        'token',
        'credential',
        'changes',
        'amr',
        'acr',
        'action',
        'reason',
      ],
      discretion,
    ),
};

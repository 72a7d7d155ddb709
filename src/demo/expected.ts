import type { ReceivedSet } from './receivers.js';

/** Which receivers there are, and in which profile each gets its SETs. */
export const profiles = { crm: 'wso2', siem: 'wso2', ssf: 'ssf', multi: 'ssf' } as const;

export type ReceiverName = keyof typeof profiles;
export const receiverNames = Object.keys(profiles) as ReceiverName[];

/** SETs of one event type in one profile. */
interface InProfile {
  readonly eventTypeUri: string;
  /** How many each receiver that wants them should have when the play is over. */
  readonly count: number;
}

/** What one kind of identity event comes to when the play is over. */
export interface Expectation {
  readonly type: string;
  /** Which server told it. */
  readonly from: 'better-auth' | 'oidc-provider' | 'both' | 'derived';
  /** Left out: the profile has no event for it. */
  readonly wso2?: InProfile;
  readonly ssf?: InProfile;
  /** Names of the receivers that should get it. */
  readonly receivers: readonly ReceiverName[];
}

/** What a receiver lacks, or has too much of. */
export interface Difference {
  readonly receiver: string;
  readonly type: string;
  readonly expected: number;
  readonly received: number;
}

/** Types that neither server can tell, with why. */
export const untold = {
  'account.disabled': 'better-auth bans, which is account.locked',
  'account.enabled': 'better-auth unbans, which is account.unlocked',
} as const;

const wso2 = 'https://schemas.identity.wso2.org/events';
const openid = 'https://schemas.openid.net/secevent';

type Row = readonly [
  type: string,
  from: Expectation['from'],
  wso2Path: string | undefined,
  ssfName: string,
  count: number,
  ssfCount?: number,
];

/**
 * The play of `play.ts`, event by event. Each login is told twice, since two servers begin a session. WSO2 has no event for
 * refresh tokens that are issued: of those, the ssf profile has more. Each request with a session is one that was presented:
 * 17 at better-auth, the home page among them, and alice's single sign-on. A client that shows a wrong secret is no event.
 */
const rows: readonly Row[] = [
  ['login.failure', 'better-auth', 'login/event-type/loginFailed', 'login-failure', 5],
  ['login.success', 'both', 'login/event-type/loginSuccess', 'login-success', 6],
  ['login.suspicious', 'derived', undefined, 'caep/event-type/risk-level-change', 1],
  ['session.established', 'both', 'session/event-type/sessionEstablished', 'caep/event-type/session-established', 6],
  ['session.presented', 'both', 'session/event-type/sessionPresented', 'caep/event-type/session-presented', 18],
  ['session.revoked', 'both', 'session/event-type/sessionRevoked', 'caep/event-type/session-revoked', 4],
  ['token.issued', 'oidc-provider', 'token/event-type/accessTokenIssued', 'token-issued', 5, 8],
  ['token.revoked', 'oidc-provider', 'token/event-type/accessTokenRevoked', 'token-revoked', 2],
  ['registration.success', 'better-auth', 'registration/event-type/registrationSuccess', 'registration-success', 1],
  ['registration.failure', 'better-auth', 'registration/event-type/registrationFailed', 'registration-failure', 1],
  [
    'credential.updated',
    'better-auth',
    'credential/event-type/credentialUpdated',
    'caep/event-type/credential-change',
    1,
  ],
  ['account.created', 'better-auth', 'user/event-type/userCreated', 'account-created', 1],
  ['account.profile-updated', 'better-auth', 'user/event-type/userProfileUpdated', 'account-profile-updated', 1],
  ['account.locked', 'better-auth', 'user/event-type/userAccountLocked', 'account-locked', 1],
  ['account.unlocked', 'better-auth', 'user/event-type/userAccountUnlocked', 'account-unlocked', 1],
  ['account.deleted', 'better-auth', 'user/event-type/userDeleted', 'risc/event-type/account-purged', 1],
];

/** @param issuer whose own event types of the ssf profile stand under its URL */
export function expectationsOf(issuer: string): readonly Expectation[] {
  return rows.map(([type, from, path, name, count, ssfCount = count]) => {
    const uri = name.includes('/') ? `${openid}/${name}` : `${issuer}/ssf/event-type/${name}`;
    return {
      type,
      from,
      ...(path !== undefined && { wso2: { eventTypeUri: `${wso2}/${path}`, count } }),
      ssf: { eventTypeUri: uri, count: ssfCount },
      // The CRM does not subscribe to tokens.
      receivers: receiverNames.filter((receiver) => receiver !== 'crm' || !type.startsWith('token.')),
    };
  });
}

/** `loginFailed`, `login-failure` or `CAEP session-revoked`, for people. */
export function shortNameOf(eventTypeUri: string): string {
  const [, standard] = /^https:\/\/schemas\.openid\.net\/secevent\/(caep|risc)\//.exec(eventTypeUri) ?? [];
  const name = eventTypeUri.split('/').at(-1) ?? eventTypeUri;
  return standard === undefined ? name : `${standard.toUpperCase()} ${name}`;
}

/** How many a receiver should have. */
export const wantedOf = (expectation: Expectation, receiver: ReceiverName): number =>
  expectation.receivers.includes(receiver) ? (expectation[profiles[receiver]]?.count ?? 0) : 0;

/** How many it has. */
export function foundOf(expectation: Expectation, receiver: ReceiverName, sets: readonly ReceivedSet[]): number {
  const uri = expectation[profiles[receiver]]?.eventTypeUri;
  return sets.filter(({ eventTypeUri }) => eventTypeUri === uri).length;
}

export type Received = Readonly<Record<ReceiverName, readonly ReceivedSet[]>>;

/** @param received verified SETs by receiver, each `jti` once */
export function differences(expected: readonly Expectation[], received: Received): Difference[] {
  return receiverNames.flatMap((receiver) => {
    const sets = received[receiver];
    const listed = expected.map((expectation) => ({
      receiver,
      type: expectation.type,
      expected: wantedOf(expectation, receiver),
      received: foundOf(expectation, receiver, sets),
    }));
    const known = new Set(expected.map((expectation) => expectation[profiles[receiver]]?.eventTypeUri));
    const strange = [...new Set(sets.map(({ eventTypeUri }) => eventTypeUri))].filter((uri) => !known.has(uri));
    const unlisted = strange.map((uri) => ({
      receiver,
      type: uri,
      expected: 0,
      received: sets.filter(({ eventTypeUri }) => eventTypeUri === uri).length,
    }));
    return [...listed, ...unlisted].filter((one) => one.expected !== one.received);
  });
}

/** Whether nothing is missing; there may be too much. */
export const isComplete = (found: readonly Difference[]): boolean => found.every((one) => one.received >= one.expected);

/** `siem has 0 of 1 account.locked`, for the terminal. */
export function describeDifference({ receiver, type, expected, received }: Difference): string {
  return received < expected
    ? `missing: ${receiver} has ${received} of ${expected} ${type}`
    : `unexpected: ${receiver} has ${received} ${type} instead of ${expected}`;
}

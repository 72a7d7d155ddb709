import type { ReceivedSet } from './receivers.js';

/** SETs of one event type that receivers should have when the play is over. */
export interface Expectation {
  readonly type: string;
  readonly eventTypeUri: string;
  /** Whether the identity server's own bus said it, or the application by `emit`. */
  readonly from: 'bus' | 'emit';
  readonly count: number;
  /** Names of the receivers that should get it. */
  readonly receivers: readonly string[];
}

/** What a receiver lacks, or has too much of. */
export interface Difference {
  readonly receiver: string;
  readonly type: string;
  readonly expected: number;
  readonly received: number;
}

const wso2 = 'https://schemas.identity.wso2.org/events';
const everyone = ['crm', 'siem'];

/**
 * The play of `person.ts`, event by event. The CRM does not subscribe to tokens. Four access tokens are issued: two logins,
 * a refresh, a machine's; two revocations: the one asked for, and that of the grant at logout. A client that shows a wrong
 * secret is no event.
 */
export const expectations: readonly Expectation[] = (
  [
    ['login.failure', 'login/event-type/loginFailed', 'emit', 1],
    ['login.success', 'login/event-type/loginSuccess', 'bus', 1],
    ['session.established', 'session/event-type/sessionEstablished', 'bus', 1],
    ['session.presented', 'session/event-type/sessionPresented', 'bus', 1],
    ['session.revoked', 'session/event-type/sessionRevoked', 'bus', 1],
    ['token.issued', 'token/event-type/accessTokenIssued', 'bus', 4, ['siem']],
    ['token.revoked', 'token/event-type/accessTokenRevoked', 'bus', 2, ['siem']],
    ['registration.success', 'registration/event-type/registrationSuccess', 'emit', 1],
    ['registration.failure', 'registration/event-type/registrationFailed', 'emit', 1],
    ['credential.updated', 'credential/event-type/credentialUpdated', 'emit', 1],
    ['account.created', 'user/event-type/userCreated', 'emit', 1],
    ['account.profile-updated', 'user/event-type/userProfileUpdated', 'emit', 1],
    ['account.locked', 'user/event-type/userAccountLocked', 'emit', 1],
    ['account.unlocked', 'user/event-type/userAccountUnlocked', 'emit', 1],
    ['account.disabled', 'user/event-type/userDisabled', 'emit', 1],
    ['account.enabled', 'user/event-type/userEnabled', 'emit', 1],
    ['account.deleted', 'user/event-type/userDeleted', 'emit', 1],
  ] as const
).map(([type, path, from, count, receivers]) => ({
  type,
  eventTypeUri: `${wso2}/${path}`,
  from,
  count,
  receivers: receivers ?? everyone,
}));

type Received = Readonly<Record<string, readonly ReceivedSet[]>>;

const ofType = (sets: readonly ReceivedSet[] | undefined, uri: string): number =>
  (sets ?? []).filter(({ eventTypeUri }) => eventTypeUri === uri).length;

/** @param received verified SETs by receiver, each `jti` once */
export function differences(expected: readonly Expectation[], received: Received): Difference[] {
  const known = new Set(expected.map(({ eventTypeUri }) => eventTypeUri));
  return Object.entries(received).flatMap(([receiver, sets]) => {
    const listed = expected.map(({ type, eventTypeUri, count, receivers }) => ({
      receiver,
      type,
      expected: receivers.includes(receiver) ? count : 0,
      received: ofType(sets, eventTypeUri),
    }));
    const strange = [...new Set(sets.map(({ eventTypeUri }) => eventTypeUri))].filter((uri) => !known.has(uri));
    const unlisted = strange.map((uri) => ({ receiver, type: uri, expected: 0, received: ofType(sets, uri) }));
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

import type { CanonicalType, IdentityEvent } from '../schema-types.js';

export type { IdentityEvent };

/**
 * What a host or an application reports: an identity event without what Setwire adds.
 * `id` (a UUID) may be given to make a report idempotent, `time` (milliseconds) where it is not now.
 */
export type ReportedEvent = Omit<IdentityEvent, 'id' | 'time' | 'acceptedAt'> & { id?: string; time?: number };

/** The six flows and the canonical types of each. */
export const flowTypes = {
  login: ['login.success', 'login.failure', 'login.suspicious'],
  registration: ['registration.success', 'registration.failure'],
  token: ['token.issued', 'token.revoked'],
  session: ['session.established', 'session.presented', 'session.revoked'],
  credential: ['credential.updated'],
  account: [
    'account.created',
    'account.profile-updated',
    'account.locked',
    'account.unlocked',
    'account.enabled',
    'account.disabled',
    'account.deleted',
  ],
} as const satisfies Record<string, readonly CanonicalType[]>;

export type FlowName = keyof typeof flowTypes;

/** Every canonical type. */
export const canonicalTypes: readonly CanonicalType[] = Object.values(flowTypes).flat();

import type { CanonicalType } from '../../schema-types.js';

/** WSO2's own base of event URIs. */
export const eventsBase = 'https://schemas.identity.wso2.org/events';

/** The channel and the event name of a type, as in WSO2's catalogue; the schema is named by the event. */
export const catalogue = {
  'login.success': 'login/event-type/loginSuccess',
  'login.failure': 'login/event-type/loginFailed',
  'registration.success': 'registration/event-type/registrationSuccess',
  'registration.failure': 'registration/event-type/registrationFailed',
  'token.issued': 'token/event-type/accessTokenIssued',
  'token.revoked': 'token/event-type/accessTokenRevoked',
  'session.established': 'session/event-type/sessionEstablished',
  'session.presented': 'session/event-type/sessionPresented',
  'session.revoked': 'session/event-type/sessionRevoked',
  'credential.updated': 'credential/event-type/credentialUpdated',
  'account.created': 'user/event-type/userCreated',
  'account.profile-updated': 'user/event-type/userProfileUpdated',
  'account.disabled': 'user/event-type/userDisabled',
  'account.enabled': 'user/event-type/userEnabled',
  'account.locked': 'user/event-type/userAccountLocked',
  'account.unlocked': 'user/event-type/userAccountUnlocked',
  'account.deleted': 'user/event-type/userDeleted',
} as const satisfies Partial<Record<CanonicalType, string>>;

export type Wso2Type = keyof typeof catalogue;

/** What leaves for an identity event: its type, and what the wso2 profile says under the event's URI. */
type Left = readonly [type: string, body: Record<string, unknown>];

export interface KeycloakSample {
  /** What Keycloak says, without what all user events have, or all admin events. */
  readonly said: Record<string, unknown>;
  /** What leaves, in its order. */
  readonly left: readonly Left[];
}

export const time = 1_751_705_149_641;
const user = 'd4002616-f00c-49d5-b9b7-63b063819049';
const admin = '9f2a35fb-acbb-4ae5-ab54-ff46dd720b54';
const session = '0d6d3f2e-8a55-4b53-9d6b-5a2f5be1d9c2';
const realm = { id: 'c8a09fde-aab3-441d-b92c-d2b7fbe4f627', name: 'acme' };

/** Members that a user event has in Keycloak's EventRepresentation. */
export const userEvent = {
  time,
  realmId: realm.id,
  realmName: realm.name,
  clientId: 'shop',
  userId: user,
  sessionId: session,
  ipAddress: '203.0.113.10',
};

/** Members that an admin event has in its AdminEventRepresentation. */
export const adminEvent = {
  time,
  realmId: realm.id,
  realmName: realm.name,
  authDetails: { realmId: 'master', clientId: '48da20f6', userId: admin, ipAddress: '198.51.100.7' },
  resourceType: 'USER',
};

const claim = (name: string, value: string) => ({ uri: `http://wso2.org/claims/${name}`, value });
const peter = claim('username', 'peter');
const ref = `https://id.example.com/t/acme/scim2/Users/${user}`;
const who = (...claims: readonly object[]) => ({ id: user, ...(claims.length > 0 && { claims }), ref });
const changed = (changes: object) => ({ id: user, ref, ...changes });
const by = (initiatorType: string, initiatorIpAddress = '203.0.113.10') => ({ initiatorType, initiatorIpAddress });
const shop = { id: 'shop' };
const oneSession = { id: session, loginTime: time, applications: [shop] };
const tenant = realm;

const token = (grantType: string, jti: string) => ({
  accessToken: { tokenType: 'jwt', iat: String(time), jti, grantType },
});
const issued = (grantType: string, jti: string, claims: readonly object[] = []): Left => [
  'token.issued',
  {
    ...by('USER'),
    user: who(...claims),
    tenant,
    application: { consumerKey: 'shop' },
    action: 'TOKEN_ISSUE',
    ...token(grantType, jti),
  },
];
const credential = (initiator: object, action: string, credentialType: string, ...claims: object[]): Left => [
  'credential.updated',
  { ...initiator, user: who(...claims), tenant, action, credentialType },
];
const adminOf = by('ADMIN', '198.51.100.7');
const account = (type: string, action: string, initiator: object, ...claims: object[]): Left => [
  type,
  { ...initiator, user: who(...claims), tenant, action },
];

const username = { username: 'peter' };

/** Details and types as Keycloak 26 says them (its events' `Details`, its testsuite, and its documentation). */
export const userSamples: Record<string, KeycloakSample> = {
  'a login': {
    said: {
      type: 'LOGIN',
      details: {
        auth_method: 'openid-connect',
        auth_type: 'code',
        redirect_uri: 'https://shop.example/cb',
        consent: 'no_consent_required',
        code_id: session,
        ...username,
      },
    },
    left: [
      ['login.success', { ...by('USER'), user: who(peter), tenant, application: shop, action: 'LOGIN' }],
      [
        'session.established',
        { ...by('USER'), user: who(peter), tenant, application: shop, action: 'LOGIN', session: oneSession },
      ],
    ],
  },
  'a login with a password grant': {
    said: {
      type: 'LOGIN',
      sessionId: 'another',
      details: {
        auth_method: 'openid-connect',
        token_id: 'onrtro:1',
        grant_type: 'password',
        scope: 'profile email',
        ...username,
      },
    },
    left: [
      ['login.success', { ...by('USER'), user: who(peter), tenant, application: shop, action: 'LOGIN' }],
      [
        'session.established',
        {
          ...by('USER'),
          user: who(peter),
          tenant,
          application: shop,
          action: 'LOGIN',
          session: { ...oneSession, id: 'another' },
        },
      ],
      issued('password', 'onrtro:1', [peter]),
    ],
  },
  'a wrong password': {
    said: {
      type: 'LOGIN_ERROR',
      sessionId: null,
      error: 'invalid_user_credentials',
      details: { auth_method: 'openid-connect', ...username },
    },
    left: [
      [
        'login.failure',
        {
          ...by('USER'),
          user: who(peter),
          tenant,
          application: shop,
          action: 'LOGIN',
          reason: { description: 'invalid_user_credentials' },
        },
      ],
    ],
  },
  'an unknown user': {
    said: { type: 'LOGIN_ERROR', userId: null, sessionId: null, error: 'user_not_found', details: { ...username } },
    left: [
      [
        'login.failure',
        {
          ...by('USER'),
          user: { claims: [peter] },
          tenant,
          application: shop,
          action: 'LOGIN',
          reason: { description: 'user_not_found' },
        },
      ],
    ],
  },
  'a wrong redirect URI': {
    said: {
      type: 'LOGIN_ERROR',
      userId: null,
      sessionId: null,
      error: 'invalid_redirect_uri',
      details: { redirect_uri: 'https://evil.example' },
    },
    left: [],
  },
  'a registration': {
    said: {
      type: 'REGISTER',
      sessionId: null,
      details: {
        auth_method: 'openid-connect',
        register_method: 'form',
        email: 'peter@aol.com',
        first_name: 'Peter',
        last_name: 'Parker',
        ...username,
      },
    },
    left: ['registration.success', 'account.created'].map((type) =>
      account(
        type,
        'REGISTER',
        by('USER'),
        peter,
        claim('emailaddress', 'peter@aol.com'),
        claim('givenname', 'Peter'),
        claim('lastname', 'Parker'),
      ),
    ),
  },
  'a registration that failed': {
    said: {
      type: 'REGISTER_ERROR',
      userId: null,
      sessionId: null,
      error: 'email_in_use',
      details: { register_method: 'form', email: 'peter@aol.com', ...username },
    },
    left: [
      [
        'registration.failure',
        {
          ...by('USER'),
          user: { claims: [peter, claim('emailaddress', 'peter@aol.com')] },
          tenant,
          action: 'REGISTER',
          reason: { description: 'email_in_use' },
        },
      ],
    ],
  },
  'a logout': {
    said: { type: 'LOGOUT', clientId: null, details: { redirect_uri: 'https://shop.example/' } },
    left: [
      [
        'session.revoked',
        { ...by('USER'), user: who(), tenant, action: 'LOGOUT', sessions: [{ id: session, loginTime: time }] },
      ],
    ],
  },
  'a session that expired': {
    said: { type: 'LOGOUT', clientId: null, ipAddress: null, details: { reason: 'user_session_expired' } },
    left: [
      [
        'session.revoked',
        {
          initiatorType: 'SYSTEM',
          user: who(),
          tenant,
          action: 'SESSION_REVOKE',
          sessions: [{ id: session, loginTime: time }],
        },
      ],
    ],
  },
  'a code for a token': {
    said: {
      type: 'CODE_TO_TOKEN',
      details: {
        token_id: 'onrtac:2',
        grant_type: 'authorization_code',
        refresh_token_type: 'Refresh',
        scope: 'openid email',
        refresh_token_id: '3',
        code_id: session,
        client_auth_method: 'client-secret',
      },
    },
    left: [issued('authorization_code', 'onrtac:2')],
  },
  'a refreshed token': {
    said: {
      type: 'REFRESH_TOKEN',
      details: {
        token_id: 'onrtrt:4',
        grant_type: 'refresh_token',
        refresh_token_id: '3',
        updated_refresh_token_id: '5',
      },
    },
    left: [issued('refresh_token', 'onrtrt:4')],
  },
  "a client's own token": {
    said: {
      type: 'CLIENT_LOGIN',
      sessionId: null,
      details: { token_id: 'trrtcc:6', grant_type: 'client_credentials', username: 'service-account-shop' },
    },
    left: [
      [
        'token.issued',
        {
          ...by('APPLICATION'),
          tenant,
          application: { consumerKey: 'shop' },
          action: 'TOKEN_ISSUE',
          ...token('client_credentials', 'trrtcc:6'),
        },
      ],
    ],
  },
  'a wrong client secret': {
    said: {
      type: 'CODE_TO_TOKEN_ERROR',
      userId: null,
      sessionId: null,
      error: 'invalid_client_credentials',
      details: { grant_type: 'authorization_code' },
    },
    left: [],
  },
  'a grant that was revoked': {
    said: { type: 'REVOKE_GRANT', clientId: 'account', details: { revoked_client: 'shop' } },
    left: [
      [
        'token.revoked',
        {
          ...by('USER'),
          user: who(),
          tenant,
          action: 'TOKEN_REVOKE',
          applications: [{ id: 'shop', consumerKey: 'shop' }],
        },
      ],
    ],
  },
  'a new password': {
    said: {
      type: 'UPDATE_CREDENTIAL',
      details: { credential_type: 'password', custom_required_action: 'UPDATE_PASSWORD', ...username },
    },
    left: [credential(by('USER'), 'CREDENTIAL_UPDATE', 'PASSWORD', peter)],
  },
  'a new password, said a second time for old listeners': {
    said: {
      type: 'UPDATE_PASSWORD',
      details: { credential_type: 'password', custom_required_action: 'UPDATE_PASSWORD', ...username },
    },
    left: [],
  },
  'a new password, of a version that says it this way only': {
    said: { type: 'UPDATE_PASSWORD', details: { ...username } },
    left: [credential(by('USER'), 'CREDENTIAL_UPDATE', 'PASSWORD', peter)],
  },
  'a new authenticator app': {
    said: { type: 'UPDATE_CREDENTIAL', details: { credential_type: 'otp' } },
    left: [credential(by('USER'), 'CREDENTIAL_ENROLL', 'OTP')],
  },
  'a new authenticator app, said a second time': {
    said: { type: 'UPDATE_TOTP', details: { credential_type: 'otp' } },
    left: [],
  },
  'a new passkey': {
    said: { type: 'UPDATE_CREDENTIAL', details: { credential_type: 'webauthn-passwordless' } },
    left: [credential(by('USER'), 'CREDENTIAL_ENROLL', 'PASSKEY')],
  },
  'a removed authenticator app': {
    said: { type: 'REMOVE_CREDENTIAL', details: { credential_type: 'otp', selected_credential_id: '7' } },
    left: [credential(by('USER'), 'CREDENTIAL_REVOKE', 'OTP')],
  },
  'a removed authenticator app, said a second time': {
    said: { type: 'REMOVE_TOTP', details: { credential_type: 'otp' } },
    left: [],
  },
  'a removed authenticator app, of a version that says it this way only': {
    said: { type: 'REMOVE_TOTP' },
    left: [credential(by('USER'), 'CREDENTIAL_REVOKE', 'OTP')],
  },
  'a changed profile': {
    said: {
      type: 'UPDATE_PROFILE',
      details: {
        context: 'ACCOUNT',
        previous_first_name: 'Pete',
        updated_first_name: 'Peter',
        updated_last_name: 'Parker',
        previous_department: 'sales',
        updated_department: '',
      },
    },
    left: [
      [
        'account.profile-updated',
        {
          ...by('USER'),
          user: changed({
            addedClaims: [claim('lastname', 'Parker')],
            updatedClaims: [claim('givenname', 'Peter')],
            removedClaims: [claim('department', 'sales')],
          }),
          tenant,
          action: 'PROFILE_UPDATE',
        },
      ],
    ],
  },
  'a changed e-mail address': {
    said: {
      type: 'UPDATE_EMAIL',
      details: { context: 'UPDATE_EMAIL', previous_email: 'pete@aol.com', updated_email: 'peter@aol.com' },
    },
    left: [
      [
        'account.profile-updated',
        {
          ...by('USER'),
          user: changed({ updatedClaims: [claim('emailaddress', 'peter@aol.com')] }),
          tenant,
          action: 'PROFILE_UPDATE',
        },
      ],
    ],
  },
  'a verified e-mail address': {
    said: { type: 'VERIFY_EMAIL', details: { email: 'peter@aol.com', ...username } },
    left: [
      [
        'account.profile-updated',
        {
          ...by('USER'),
          user: changed({ updatedClaims: [claim('identity/emailVerified', 'true')] }),
          tenant,
          action: 'PROFILE_UPDATE',
        },
      ],
    ],
  },
  'an account that its user deleted': {
    said: { type: 'DELETE_ACCOUNT', details: { ...username } },
    left: [account('account.deleted', 'USER_ACCOUNT_DELETE', by('USER'), peter)],
  },
  'too many wrong passwords': {
    said: {
      type: 'USER_DISABLED_BY_TEMPORARY_LOCKOUT',
      clientId: null,
      sessionId: null,
      details: { reason: 'brute_force_attack detected' },
    },
    left: [account('account.locked', 'USER_ACCOUNT_LOCK', by('SYSTEM'))],
  },
  'too many lockouts': {
    said: { type: 'USER_DISABLED_BY_PERMANENT_LOCKOUT', clientId: null, sessionId: null, ipAddress: null },
    left: [account('account.locked', 'USER_ACCOUNT_LOCK', { initiatorType: 'SYSTEM' })],
  },
  'a token that was looked up': { said: { type: 'INTROSPECT_TOKEN', details: { token_id: '8' } }, left: [] },
};

const path = `users/${user}`;
const whole = {
  id: user,
  username: 'peter',
  email: 'peter@aol.com',
  firstName: 'Peter',
  enabled: true,
  emailVerified: false,
};
const wholeClaims = [
  peter,
  claim('emailaddress', 'peter@aol.com'),
  claim('identity/emailVerified', 'false'),
  claim('givenname', 'Peter'),
];
const onAccount = (type: string, action: string, ...claims: object[]): Left =>
  account(type, action, adminOf, ...claims);
const profileUpdated = (changes: object = {}): Left => [
  'account.profile-updated',
  { ...adminOf, user: changed(changes), tenant, action: 'PROFILE_UPDATE' },
];

/** Admin events; the representation is a text of JSON, as Keycloak has it. */
export const adminSamples: Record<string, KeycloakSample> = {
  'a user that was made': {
    said: {
      operationType: 'CREATE',
      resourcePath: path,
      representation: JSON.stringify({ ...whole, credentials: [{ type: 'password', value: 'hunter2' }] }),
    },
    left: [onAccount('account.created', 'REGISTER', ...wholeClaims)],
  },
  'a user that was made, without a representation': {
    said: { operationType: 'CREATE', resourcePath: path },
    left: [onAccount('account.created', 'REGISTER')],
  },
  'a user that was disabled': {
    said: { operationType: 'UPDATE', resourcePath: path, representation: JSON.stringify({ enabled: false }) },
    left: [onAccount('account.disabled', 'USER_ACCOUNT_DISABLE')],
  },
  'a user that was enabled': {
    said: { operationType: 'UPDATE', resourcePath: path, representation: JSON.stringify({ enabled: true }) },
    left: [onAccount('account.enabled', 'USER_ACCOUNT_ENABLE')],
  },
  'a user that was disabled in the admin console': {
    said: { operationType: 'UPDATE', resourcePath: path, representation: JSON.stringify({ ...whole, enabled: false }) },
    left: [onAccount('account.disabled', 'USER_ACCOUNT_DISABLE', ...wholeClaims), profileUpdated()],
  },
  'a user that was changed in the admin console': {
    said: { operationType: 'UPDATE', resourcePath: path, representation: JSON.stringify(whole) },
    left: [profileUpdated()],
  },
  'a user of whom it is said what changed': {
    said: {
      operationType: 'UPDATE',
      resourcePath: path,
      representation: JSON.stringify(whole),
      details: {
        previous_email: 'pete@aol.com',
        updated_email: 'peter@aol.com',
        previous_enabled: 'false',
        updated_enabled: 'true',
      },
    },
    left: [
      onAccount('account.enabled', 'USER_ACCOUNT_ENABLE', ...wholeClaims),
      profileUpdated({ updatedClaims: [claim('emailaddress', 'peter@aol.com')] }),
    ],
  },
  'a user that was deleted': {
    said: { operationType: 'DELETE', resourcePath: path },
    left: [onAccount('account.deleted', 'USER_ACCOUNT_DELETE')],
  },
  'a password that an administrator set': {
    said: { operationType: 'ACTION', resourcePath: `${path}/reset-password` },
    left: [credential(adminOf, 'CREDENTIAL_RESET', 'PASSWORD')],
  },
  'a credential that an administrator removed': {
    said: { operationType: 'ACTION', resourcePath: `${path}/credentials/7a1c` },
    left: [credential(adminOf, 'CREDENTIAL_REVOKE', 'OTHER')],
  },
  'a lock that an administrator removed': {
    said: {
      operationType: 'DELETE',
      resourceType: 'USER_LOGIN_FAILURE',
      resourcePath: `attack-detection/brute-force/${path}`,
    },
    left: [onAccount('account.unlocked', 'USER_ACCOUNT_UNLOCK')],
  },
  'a session that an administrator ended': {
    said: { operationType: 'DELETE', resourceType: 'USER_SESSION', resourcePath: `sessions/${session}` },
    left: [
      [
        'session.revoked',
        { ...adminOf, tenant, action: 'SESSION_REVOKE', sessions: [{ id: session, loginTime: time }] },
      ],
    ],
  },
  'a consent that an administrator took away': {
    said: { operationType: 'ACTION', resourcePath: `${path}/consents/shop` },
    left: [
      [
        'token.revoked',
        {
          ...adminOf,
          user: who(),
          tenant,
          action: 'TOKEN_REVOKE',
          applications: [{ id: 'shop', consumerKey: 'shop' }],
        },
      ],
    ],
  },
  'all sessions of a user, of which none is named': {
    said: { operationType: 'ACTION', resourcePath: `${path}/logout` },
    left: [],
  },
  'what was refused': { said: { operationType: 'DELETE', resourcePath: path, error: 'access_denied' }, left: [] },
  'a group': { said: { operationType: 'CREATE', resourceType: 'GROUP', resourcePath: 'groups/1' }, left: [] },
};

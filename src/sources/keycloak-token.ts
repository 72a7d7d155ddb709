import type { Token } from '../schema-types.js';
import type { Draft } from './keycloak-draft.js';
import { initiatorOf, type UserRecord } from './keycloak-record.js';
import { userOf, whoOf } from './keycloak-who.js';

/** Grants that a type stands for where its details do not say it. */
export const grantTypes: Readonly<Record<string, string>> = {
  CODE_TO_TOKEN: 'authorization_code',
  REFRESH_TOKEN: 'refresh_token',
  CLIENT_LOGIN: 'client_credentials',
  TOKEN_EXCHANGE: 'urn:ietf:params:oauth:grant-type:token-exchange',
  OAUTH2_DEVICE_CODE_TO_TOKEN: 'urn:ietf:params:oauth:grant-type:device_code',
  AUTHREQID_TO_TOKEN: 'urn:openid:params:grant-type:ciba',
  JWT_BEARER: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
};

/** Keycloak's access tokens are JWTs: their id is no secret. */
function tokenOf({ type, details, time }: UserRecord): Token {
  const scopes = (details.scope ?? '').split(' ').filter((scope) => scope !== '');
  return {
    kind: 'access_token',
    format: 'jwt',
    id: details.token_id,
    grantType: details.grant_type ?? grantTypes[type],
    scopes: scopes.length === 0 ? undefined : scopes.slice(0, 200),
    issuedAt: time,
  };
}

export function issued(record: UserRecord): Draft {
  // A client's own token is about no user, though Keycloak names the service account.
  const isClient = record.type === 'CLIENT_LOGIN';
  return {
    type: 'token.issued',
    ...whoOf(record),
    user: isClient ? undefined : userOf(record),
    initiator: initiatorOf(isClient ? 'application' : 'user', record),
    token: tokenOf(record),
  };
}

export function revoked(record: UserRecord): Draft[] {
  const { details } = record;
  const clientId = details.revoked_client ?? record.clientId;
  return [
    {
      type: 'token.revoked',
      ...whoOf(record),
      application: undefined,
      applications: clientId === undefined ? undefined : [{ clientId }],
      token: details.token_id === undefined ? undefined : { kind: 'access_token', format: 'jwt', id: details.token_id },
    },
  ];
}

import { isIP } from 'node:net';
import type { ReportedEvent } from '../events/identity-event.js';
import type {
  Application,
  Claims,
  Credential,
  Initiator,
  Organization,
  Reason,
  Session,
  Token,
  User,
  Wso2AccessToken,
  Wso2Application,
  Wso2Body,
  Wso2Claim,
  Wso2Organization,
  Wso2Reason,
  Wso2Session,
  Wso2User,
  Wso2Webhook,
} from '../schema-types.js';
import type { Wso2Type } from '../set/profiles/wso2-catalogue.js';
import { dialect } from '../set/profiles/wso2-claims.js';
import { legible } from './legible.js';

const usernameUri = `${dialect}username`;

const claimsOf = (claims: readonly Wso2Claim[] | undefined): Claims =>
  Object.fromEntries((claims ?? []).map(({ uri, value }) => [uri, value]));

const organizationOf = (organization: Wso2Organization | undefined): Organization | undefined =>
  organization?.id === undefined
    ? undefined
    : {
        id: organization.id,
        name: organization.name,
        handle: organization.orgHandle,
        depth: organization.depth,
      };

function userOf(user: Wso2User | undefined): User | undefined {
  if (user === undefined) return undefined;
  const { [usernameUri]: username, ...claims } = claimsOf([...(user.claims ?? []), ...(user.additionalClaims ?? [])]);
  return {
    id: user.id,
    username: typeof username === 'string' ? legible(username) : undefined,
    claims: Object.keys(claims).length === 0 ? undefined : claims,
    groups: user.groups,
    roles: user.roles,
    organization: organizationOf(user.organization),
  };
}

const applicationOf = ({ id, name, consumerKey }: Wso2Application): Application => ({
  id,
  name,
  clientId: consumerKey,
});

const sessionOf = ({ id, loginTime, applications }: Wso2Session): Session => ({
  id,
  // WSO2 calls it the time of the login, and means the last access.
  lastAccessAt: loginTime,
  applications: applications?.map(applicationOf),
});

function tokenOf(accessToken: Wso2AccessToken | undefined): Token {
  const format = accessToken?.tokenType?.toLowerCase();
  return {
    kind: 'access_token',
    format: format === 'jwt' || format === 'opaque' ? format : undefined,
    // An opaque token's id may be the token.
    id: format === 'jwt' ? accessToken?.jti : undefined,
    grantType: accessToken?.grantType,
    issuedAt: accessToken?.iat === undefined ? undefined : Number(accessToken.iat),
  };
}

const credentialChanges: Readonly<Record<string, Credential['change']>> = {
  CREDENTIAL_ENROLL: 'created',
  INVITE: 'created',
  CREDENTIAL_RESET: 'reset',
  RESET: 'reset',
  CREDENTIAL_REVOKE: 'revoked',
};

const credentialOf = ({ credentialType, action }: Wso2Body): Credential => ({
  type: credentialType === 'PASSWORD' ? 'password' : credentialType === 'PASSKEY' ? 'passkey' : 'other',
  change: credentialChanges[action ?? ''] ?? 'updated',
});

function reasonOf(reason: Wso2Reason | undefined): Reason | undefined {
  if (reason === undefined) return undefined;
  const { step, idp, authenticator } = reason.context?.failedStep ?? {};
  const isKnown = step !== undefined || idp !== undefined || authenticator !== undefined;
  return { description: reason.description, failedStep: isKnown ? { step, idp, authenticator } : undefined };
}

const initiatorTypes: Readonly<Record<string, Initiator['type']>> = {
  ADMIN: 'admin',
  APPLICATION: 'application',
  SYSTEM: 'system',
  USER: 'user',
};

function initiatorOf({ initiatorType, initiatorIpAddress: ip }: Wso2Body): Initiator | undefined {
  const type = initiatorTypes[initiatorType ?? ''];
  const isAddress = ip !== undefined && isIP(ip) !== 0;
  return type === undefined && !isAddress ? undefined : { type, ip: isAddress ? ip : undefined };
}

/** What an event of a type has beside what all have. */
function restOf(type: Wso2Type, body: Wso2Body): Partial<ReportedEvent> {
  switch (type) {
    case 'token.issued':
      return { token: tokenOf(body.accessToken) };
    case 'session.established':
    case 'session.presented':
      return { session: body.session && sessionOf(body.session) };
    case 'session.revoked':
      return { sessions: body.sessions?.map(sessionOf) };
    case 'credential.updated':
      return { credential: credentialOf(body) };
    case 'account.profile-updated':
      return {
        changes: {
          added: body.user?.addedClaims && claimsOf(body.user.addedClaims),
          updated: body.user?.updatedClaims && claimsOf(body.user.updatedClaims),
          removed: body.user?.removedClaims && claimsOf(body.user.removedClaims),
        },
      };
    default:
      return {};
  }
}

/** The identity server's base URL: `iss` without the tenant and the organization. */
const baseOf = (iss: string | undefined): string | undefined =>
  iss?.replace(/\/t\/[^/]+(\/o\/[^/]+)?$/, '') || undefined;

/** The identity event of a SET of WSO2 that has been checked; with it what WSO2 said itself, for the wso2 profile. */
export function eventOf(type: Wso2Type, { iss, jti, iat, rci }: Wso2Webhook, body: Wso2Body): ReportedEvent {
  const { tenant, userStore, action } = body;
  return {
    type,
    id: jti,
    time: iat,
    correlationId: rci,
    issuer: baseOf(iss),
    user: userOf(body.user),
    tenant: tenant?.id !== undefined && tenant.name !== undefined ? { id: tenant.id, name: tenant.name } : undefined,
    organization: organizationOf(body.organization),
    userStore: userStore?.name === undefined ? undefined : { name: userStore.name },
    application: body.application && applicationOf(body.application),
    applications: body.applications?.map(applicationOf),
    reason: reasonOf(body.reason),
    authenticationMethods: body.authenticationMethods,
    initiator: initiatorOf(body),
    action: action !== undefined && /^[A-Z][A-Z_]{1,63}$/.test(action) ? action : undefined,
    ...restOf(type, body),
    source: { type: 'wso2', issuer: iss, issuedAt: iat, body },
  };
}

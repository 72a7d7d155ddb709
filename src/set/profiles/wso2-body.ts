import type { Application, Claims, ClaimValue, IdentityEvent, Organization, Session } from '../../schema-types.js';
import type { ProfileSettings } from '../set.js';
import type { Wso2Type } from './wso2-catalogue.js';
import { claimAllowed, claimUri } from './wso2-claims.js';

/** A JSON object under construction; its members' order is the order on the wire. */
export type Body = { [name: string]: unknown };

/** Members that are undefined, empty texts, lists or maps go, as Jackson's NON_EMPTY has it; 0 and false stay. */
function withoutEmpty(body: Body): Body {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

const baseOf = (event: IdentityEvent, settings: ProfileSettings): string | undefined =>
  (settings.issuer ?? event.issuer)?.replace(/\/+$/, '');

/**
 * `<base>/t/<tenant>`, for an organization below the root `<base>/t/<tenant>/o/<id>`. Where no tenant is known WSO2
 * would leave it out; we say the base alone, since a SET without `iss` helps nobody.
 */
export function issuerOf(event: IdentityEvent, settings: ProfileSettings): string | undefined {
  const base = baseOf(event, settings);
  const tenant = event.tenant ?? settings.defaults.tenant;
  if (base === undefined || tenant === undefined) return base;
  const organization = event.organization ?? settings.defaults.organization;
  const below =
    organization !== undefined && (organization.depth ?? 0) > 0 ? `/o/${encodeURIComponent(organization.id)}` : '';
  return `${base}/t/${tenant.name}${below}`;
}

/** The super tenant's users stand without a tenant in the path. */
function refOf(event: IdentityEvent, settings: ProfileSettings): string | undefined {
  const base = baseOf(event, settings);
  const id = event.user?.id;
  if (base === undefined || id === undefined) return undefined;
  const tenant = (event.tenant ?? settings.defaults.tenant)?.name;
  const path = tenant === undefined || tenant === 'carbon.super' ? '' : `/t/${tenant}`;
  return `${base}${path}/scim2/Users/${encodeURIComponent(id)}`;
}

const textOf = (value: ClaimValue): string | string[] => (Array.isArray(value) ? [...value] : String(value));

/** An empty claim value stays: that a claim was emptied is what the event says. */
function claimsOf(claims: Claims | undefined, event: IdentityEvent, settings: ProfileSettings): Body[] {
  return Object.entries(claims ?? {})
    .filter(([name]) => claimAllowed(name, settings.claims))
    .map(([name, value]) => ({ uri: claimUri(name), value: textOf(value) }))
    .filter(({ uri }) => !isOfSession(event) || uri.startsWith('http://wso2.org/claims/'));
}

const isOfSession = ({ type }: IdentityEvent): boolean => type.startsWith('login.') || type.startsWith('session.');

const organizationOf = (organization: Organization | undefined): Body | undefined =>
  organization &&
  withoutEmpty({
    id: organization.id,
    name: organization.name,
    orgHandle: organization.handle,
    depth: organization.depth,
  });

/** Which of the user's members an event shows. */
interface UserView {
  /** `login`: the name alone (a failed login knows no more); `none`: a profile update shows the changes instead. */
  readonly claims: 'all' | 'login' | 'none';
}

const userViews: Partial<Record<Wso2Type, UserView>> = {
  'login.failure': { claims: 'login' },
  'account.profile-updated': { claims: 'none' },
};

function userOf(type: Wso2Type, event: IdentityEvent, settings: ProfileSettings): Body | undefined {
  const { user, changes } = event;
  if (user === undefined) return undefined;
  const { claims: shown } = userViews[type] ?? { claims: 'all' };
  const username: Claims = user.username === undefined ? {} : { username: user.username };
  const known: Claims = shown === 'none' ? {} : shown === 'login' ? username : { ...username, ...user.claims };
  const allowed = (name: string): boolean => claimAllowed(name, settings.claims);
  return withoutEmpty({
    id: user.id,
    claims: claimsOf(known, event, settings),
    organization: organizationOf(user.organization ?? event.organization ?? settings.defaults.organization),
    ref: refOf(event, settings),
    groups: allowed('groups') ? user.groups : undefined,
    roles: allowed('roles') ? user.roles : undefined,
    addedClaims: claimsOf(changes?.added, event, settings),
    updatedClaims: claimsOf(changes?.updated, event, settings),
    removedClaims: claimsOf(changes?.removed, event, settings),
  });
}

const applicationOf = (application: Application | undefined): Body | undefined =>
  application && withoutEmpty({ id: application.id ?? application.clientId, name: application.name });

const sessionOf = (session: Session, event: IdentityEvent): Body =>
  withoutEmpty({
    id: session.id,
    loginTime: session.lastAccessAt ?? session.startedAt ?? event.time,
    applications: session.applications?.map((application) => applicationOf(application)),
  });

const reasonOf = ({ reason }: IdentityEvent): Body | undefined =>
  reason &&
  withoutEmpty({
    description: reason.description ?? reason.code,
    context: reason.failedStep && { failedStep: withoutEmpty({ ...reason.failedStep }) },
  });

/** What an event has behind what all have in common, in WSO2's order; and what it says it did where the host does not. */
interface Row {
  readonly action: (event: IdentityEvent) => string | undefined;
  readonly application?: (event: IdentityEvent) => Body | undefined;
  /** Members after `action`. */
  readonly rest?: (event: IdentityEvent) => Body;
}

const always = (action: string) => (): string => action;
const anApplication = ({ application }: IdentityEvent): Body | undefined => applicationOf(application);
/** A token's application goes by its OAuth client id; WSO2 gives no `id` there. */
const clientOf = ({ application }: IdentityEvent): Body | undefined =>
  application && withoutEmpty({ name: application.name, consumerKey: application.clientId });

const credentialActions = {
  created: 'CREDENTIAL_ENROLL',
  updated: 'CREDENTIAL_UPDATE',
  reset: 'CREDENTIAL_RESET',
  revoked: 'CREDENTIAL_REVOKE',
  deleted: 'CREDENTIAL_REVOKE',
} as const;

const bodyRows: Record<Wso2Type, Row> = {
  'login.success': {
    action: always('LOGIN'),
    application: anApplication,
    rest: ({ authenticationMethods }) => ({ authenticationMethods }),
  },
  'login.failure': {
    action: always('LOGIN'),
    application: anApplication,
    rest: (event) => ({ reason: reasonOf(event) }),
  },
  'registration.success': { action: always('REGISTER') },
  'registration.failure': { action: always('REGISTER'), rest: (event) => ({ reason: reasonOf(event) }) },
  'token.issued': {
    action: always('TOKEN_ISSUE'),
    application: clientOf,
    rest: (event) => ({ accessToken: accessTokenOf(event) }),
  },
  'token.revoked': {
    action: always('TOKEN_REVOKE'),
    rest: ({ applications, application }) => ({
      applications: (applications ?? (application ? [application] : [])).map(({ id, name, clientId }) =>
        withoutEmpty({ id: id ?? clientId, name, consumerKey: clientId }),
      ),
    }),
  },
  'session.established': {
    action: always('LOGIN'),
    application: anApplication,
    rest: (event) => ({ session: event.session && sessionOf(event.session, event) }),
  },
  'session.presented': {
    action: always('LOGIN'),
    application: anApplication,
    rest: (event) => ({ session: event.session && sessionOf(event.session, event) }),
  },
  'session.revoked': {
    action: ({ initiator }) => (initiator?.type === 'user' ? 'LOGOUT' : 'SESSION_REVOKE'),
    rest: (event) => ({ sessions: event.sessions?.map((session) => sessionOf(session, event)) }),
  },
  'credential.updated': {
    action: ({ credential }) => credential && credentialActions[credential.change],
    rest: ({ credential }) => ({ credentialType: credential?.type.toUpperCase().replace(/-/g, '_') }),
  },
  'account.created': { action: always('REGISTER') },
  'account.profile-updated': { action: always('PROFILE_UPDATE') },
  'account.disabled': { action: always('USER_ACCOUNT_DISABLE') },
  'account.enabled': { action: always('USER_ACCOUNT_ENABLE') },
  'account.locked': { action: always('USER_ACCOUNT_LOCK') },
  'account.unlocked': { action: always('USER_ACCOUNT_UNLOCK') },
  'account.deleted': { action: always('USER_ACCOUNT_DELETE') },
};

function accessTokenOf({ token, time }: IdentityEvent): Body {
  const jwt = token?.format === 'jwt';
  return withoutEmpty({
    tokenType: token?.format === undefined ? undefined : jwt ? 'JWT' : 'Opaque',
    iat: String(token?.issuedAt ?? time),
    jti: jwt ? token?.id : undefined,
    grantType: token?.grantType,
  });
}

/** The object under the event's URI, its members in WSO2's order. */
export function bodyOf(type: Wso2Type, event: IdentityEvent, settings: ProfileSettings): Body {
  const { defaults } = settings;
  const { action, application, rest } = bodyRows[type];
  const tenant = event.tenant ?? defaults.tenant;
  const store = event.userStore ?? defaults.userStore;
  return withoutEmpty({
    initiatorType: event.initiator?.type?.toUpperCase(),
    initiatorIpAddress: event.initiator?.ip,
    // A user of whom nothing may be said is still there: WSO2 keeps an empty object.
    user: userOf(type, event, settings),
    tenant: tenant && { id: tenant.id, name: tenant.name },
    organization: organizationOf(event.organization ?? defaults.organization),
    userStore: store && { id: Buffer.from(store.name, 'utf8').toString('base64'), name: store.name },
    application: application?.(event),
    action: event.action ?? action(event),
    ...rest?.(event),
  });
}

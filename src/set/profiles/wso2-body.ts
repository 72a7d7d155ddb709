import type { Application, FailedStep, IdentityEvent, Session } from '../../schema-types.js';
import { type Body, withoutEmpty } from '../omission.js';
import type { Wso2Type } from './wso2-catalogue.js';
import type { Shows } from './wso2-claims.js';
import { organizationOf, userOf } from './wso2-user.js';

const applicationOf = (application: Application | undefined): Body | undefined =>
  application && withoutEmpty({ id: application.id ?? application.clientId, name: application.name });

const sessionOf = (session: Session, event: IdentityEvent): Body =>
  withoutEmpty({
    id: session.id,
    loginTime: session.lastAccessAt ?? session.startedAt ?? event.time,
    applications: session.applications?.map((application) => applicationOf(application)),
  });

const failedStepOf = ({ step, idp, authenticator }: FailedStep): Body => withoutEmpty({ step, idp, authenticator });

const reasonOf = ({ reason }: IdentityEvent): Body | undefined =>
  reason &&
  withoutEmpty({
    description: reason.description ?? reason.code,
    context: reason.failedStep && { failedStep: failedStepOf(reason.failedStep) },
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
/** Where the revoked tokens' applications are listed, WSO2 gives both. */
const clientWithIdOf = ({ id, name, clientId }: Application): Body =>
  withoutEmpty({ id: id ?? clientId, name, consumerKey: clientId });

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
      applications: (applications?.length ? applications : application ? [application] : []).map(clientWithIdOf),
    }),
  },
  'session.established': {
    action: always('LOGIN'),
    application: anApplication,
    rest: (event) => ({ session: event.session && sessionOf(event.session, event) }),
  },
  'session.presented': {
    // WSO2 says the flow that the session was shown in, and that is a login.
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
  const format = token?.format;
  return withoutEmpty({
    // As WSO2 writes them, one with a capital letter and one without.
    tokenType: format && { opaque: 'Opaque', jwt: 'jwt' }[format],
    iat: String(token?.issuedAt ?? time),
    jti: format === 'jwt' ? token?.id : undefined,
    grantType: token?.grantType,
  });
}

/** The object under the event's URI, its members in WSO2's order. */
export function bodyOf(type: Wso2Type, event: IdentityEvent, shows: Shows): Body {
  const { tenant, userStore } = event;
  const { action, application, rest } = bodyRows[type];
  return withoutEmpty({
    initiatorType: event.initiator?.type?.toUpperCase(),
    initiatorIpAddress: event.initiator?.ip,
    // A user of whom nothing may be said is still there: WSO2 keeps an empty object.
    user: userOf(type, event, shows),
    tenant: tenant && { id: tenant.id, name: tenant.name },
    organization: organizationOf(event.organization),
    userStore: userStore && { id: Buffer.from(userStore.name, 'utf8').toString('base64'), name: userStore.name },
    application: application?.(event),
    action: event.action ?? action(event),
    ...rest?.(event),
  });
}

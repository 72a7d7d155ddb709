import { hash } from 'node:crypto';
import type { Application, Claims, IdentityEvent, Organization, Session, Token } from '../../schema-types.js';
import { type Body, withoutEmpty } from '../omission.js';
import type { Conceal } from '../pairwise.js';
import { isOfClient } from '../subject.js';
import type { Shows } from './wso2-claims.js';

/** What may be said at an endpoint. */
export interface Discretion {
  readonly shows: Shows;
  /** Set where nothing may tell who a user is: what would is made an id of, or left out. */
  readonly conceal?: Conceal;
}

/** Seconds since 1970 (NumericDate, RFC 7519, section 2), never rounded up. */
export const secondsOf = (ms: number): number => Math.floor(ms / 1000);

/** When it happened, in seconds; a host whose clock is ahead says no time after the SET's own. */
export const happenedAt = ({ time, acceptedAt }: IdentityEvent): number => secondsOf(Math.min(time, acceptedAt));

/** The same without members that have nothing in them; undefined where none is left. */
export function filled(body: Body | undefined): Body | undefined {
  const kept = withoutEmpty(body ?? {});
  return Object.keys(kept).length === 0 ? undefined : kept;
}

const initiatingEntities = { user: 'user', admin: 'admin', system: 'system', application: undefined } as const;

/** CAEP 1.0, section 2: none of its words fits what a client did by itself. */
export const initiatingEntity = ({ initiator }: IdentityEvent): string | undefined =>
  initiator?.type && initiatingEntities[initiator.type];

/** CAEP 1.0, section 2: by language. The host's words may tell who it was about. */
const inLanguage = (event: IdentityEvent, text: string | undefined): Body | undefined =>
  text === undefined ? undefined : { [event.reason?.language ?? 'en']: text };

/**
 * What CAEP's event types have in common (CAEP 1.0, section 2).
 *
 * @param words what is said to an administrator where the event gives no reason
 */
export function caepCommon(event: IdentityEvent, { conceal }: Discretion, words?: string): Body {
  const reason = conceal === undefined ? event.reason : undefined;
  const admin = reason?.description ?? reason?.code;
  return {
    initiating_entity: initiatingEntity(event),
    reason_admin: admin === undefined ? words && { en: words } : inLanguage(event, admin),
    reason_user: inLanguage(event, reason?.userDescription),
    event_timestamp: happenedAt(event),
  };
}

/** A fingerprint, since CAEP wants one: SHA-256 of the User-Agent header. */
export function userAgentPrint({ initiator }: IdentityEvent, { conceal }: Discretion): string | undefined {
  const { userAgent } = initiator ?? {};
  if (userAgent === undefined) return undefined;
  return conceal ? conceal('user agent', userAgent) : hash('sha256', userAgent, 'base64url');
}

export const sessionIdFor = (id: string | undefined, { conceal }: Discretion): string | undefined =>
  id === undefined || conceal === undefined ? id : conceal('session', id);

const applicationOf = ({ id, name, clientId }: Application): Body | undefined =>
  filled({ id, name, client_id: clientId });

const organizationOf = (organization: Organization | undefined): Body | undefined =>
  organization &&
  filled({ id: organization.id, name: organization.name, handle: organization.handle, depth: organization.depth });

function listOf<T>(list: readonly T[] | undefined, bodyOf: (member: T) => Body | undefined): Body[] {
  return (list ?? []).map(bodyOf).filter((body) => body !== undefined);
}

/** The claims that may leave. An empty value stays: that a claim was emptied is what the event says. */
function claimsOf(claims: Claims | undefined, { shows, conceal }: Discretion): Body | undefined {
  const shown = conceal === undefined ? Object.entries(claims ?? {}).filter(([name]) => shows(name)) : [];
  return shown.length === 0 ? undefined : Object.fromEntries(shown);
}

/** As far as the endpoint's `claims` let it leave; who it is stands in `sub_id`. */
function userOf(event: IdentityEvent, discretion: Discretion): Body | undefined {
  const { user } = event;
  const { shows, conceal } = discretion;
  if (user === undefined || conceal !== undefined || isOfClient(event)) return undefined;
  const isOther: Shows = (name) => name !== 'username' && shows(name);
  return filled({
    username: shows('username') ? user.username : undefined,
    claims: claimsOf(user.claims, { shows: isOther }),
    groups: shows('groups') ? user.groups : undefined,
    roles: shows('roles') ? user.roles : undefined,
    organization: organizationOf(user.organization),
  });
}

const sessionOf = (session: Session, discretion: Discretion): Body | undefined =>
  filled({
    id: sessionIdFor(session.id, discretion),
    started_at: session.startedAt && secondsOf(session.startedAt),
    last_access_at: session.lastAccessAt && secondsOf(session.lastAccessAt),
    applications: listOf(session.applications, applicationOf),
  });

const tokenOf = (token: Token, { conceal }: Discretion): Body | undefined => {
  const idOf = (id: string | undefined): string | undefined => (id && conceal ? conceal('token', id) : id);
  return filled({
    kind: token.kind,
    format: token.format,
    jti: token.format === 'opaque' ? undefined : idOf(token.id),
    hash: idOf(token.hash),
    grant_type: token.grantType,
    scopes: token.scopes,
    issued_at: token.issuedAt && secondsOf(token.issuedAt),
    expires_at: token.expiresAt && secondsOf(token.expiresAt),
  });
};

function reasonOf({ reason }: IdentityEvent): Body | undefined {
  const { step, idp, authenticator } = reason?.failedStep ?? {};
  return filled({ code: reason?.code, failed_step: filled({ step, idp, authenticator }) });
}

/** What our own event types may say, by member. What the event does not know, or may not be said, is left out. */
const members = {
  user: userOf,
  application: ({ application }) => application && applicationOf(application),
  applications: ({ applications }) => listOf(applications, applicationOf),
  session: ({ session }, discretion) => session && sessionOf(session, discretion),
  sessions: ({ sessions }, discretion) => listOf(sessions, (session) => sessionOf(session, discretion)),
  token: ({ token }, discretion) => token && tokenOf(token, discretion),
  credential: ({ credential }, { conceal }) =>
    credential &&
    filled({ type: credential.type, change: credential.change, name: conceal ? undefined : credential.name }),
  changes: ({ changes }, discretion) =>
    filled({
      added: claimsOf(changes?.added, discretion),
      updated: claimsOf(changes?.updated, discretion),
      removed: claimsOf(changes?.removed, discretion),
      previous: claimsOf(changes?.previous, discretion),
    }),
  reason: reasonOf,
  amr: ({ authenticationMethods }) => authenticationMethods,
  acr: ({ acr }) => acr,
  action: ({ action }) => action,
} as const satisfies Record<string, (event: IdentityEvent, discretion: Discretion) => unknown>;

export type OwnMember = keyof typeof members;

/** The claims of one of our own event types: the members named, then where it happened and who set it off. */
export function ownClaims(event: IdentityEvent, names: readonly OwnMember[], discretion: Discretion): Body {
  const { tenant, organization, userStore, initiator } = event;
  const isOpen = discretion.conceal === undefined;
  const common = caepCommon(event, discretion);
  // Name by name: spreads of so many members cost more than all the rest.
  const body: Body = {};
  for (const name of names) body[name] = members[name](event, discretion);
  body.tenant = tenant && filled({ id: tenant.id, name: tenant.name });
  body.organization = isOpen ? organizationOf(organization) : undefined;
  body.user_store = isOpen ? userStore && { name: userStore.name } : undefined;
  body.ip_address = isOpen ? initiator?.ip : undefined;
  body.user_agent = isOpen ? initiator?.userAgent : undefined;
  body.initiating_entity = initiator?.type;
  body.reason_admin = common.reason_admin;
  body.reason_user = common.reason_user;
  body.event_timestamp = common.event_timestamp;
  return body;
}

import type { Claims, ClaimValue, IdentityEvent, Organization } from '../../schema-types.js';
import { type Body, withoutEmpty } from '../omission.js';
import type { Wso2Type } from './wso2-catalogue.js';
import { claimUri, dialect, type Shows } from './wso2-claims.js';
import { userRefOf } from './wso2-issuer.js';

export const organizationOf = (organization: Organization | undefined): Body | undefined =>
  organization &&
  withoutEmpty({
    id: organization.id,
    name: organization.name,
    orgHandle: organization.handle,
    depth: organization.depth,
  });

const groupsUri = `${dialect}groups`;

const wordsOf = (value: ClaimValue): string | string[] => (Array.isArray(value) ? [...value] : String(value));

/** An empty value stays: that a claim was emptied is what the event says. Of two names of one claim the first counts. */
function claimsOf(claims: Claims | undefined, shows: Shows): { uri: string; value: string | string[] }[] {
  const byUri = new Map<string, string | string[]>();
  for (const [name, value] of Object.entries(claims ?? {})) {
    const uri = claimUri(name);
    if (shows(name) && !byUri.has(uri)) byUri.set(uri, wordsOf(value));
  }
  return Array.from(byUri, ([uri, value]) => ({ uri, value }));
}

/** What WSO2 shows of a user, beside who it is. */
type Part = (event: IdentityEvent, shows: Shows) => Body;

const usernameOf = ({ user }: IdentityEvent): Claims =>
  user?.username === undefined ? {} : { username: user.username };

/** Groups are a claim of WSO2's that has a member of its own. */
const everything: Part = (event, shows) => {
  const claims = claimsOf({ ...usernameOf(event), ...event.user?.claims }, shows);
  const groups = claims.find(({ uri }) => uri === groupsUri)?.value;
  return {
    claims: claims.filter(({ uri }) => uri !== groupsUri),
    groups: (shows('groups') ? event.user?.groups : undefined) ?? (typeof groups === 'string' ? [groups] : groups),
    roles: shows('roles') ? event.user?.roles : undefined,
  };
};

/** Logins and sessions show no claims of other dialects. */
const ownDialect: Part = (event, shows) =>
  everything(event, (name) => claimUri(name).startsWith(dialect) && shows(name));

/** A failed login knows no more than the name that was typed. */
const nameAlone: Part = (event, shows) => ({ claims: claimsOf(usernameOf(event), shows) });

/** An update shows what changed, and nothing that did not. */
const changes: Part = ({ changes }, shows) => ({
  addedClaims: claimsOf(changes?.added, shows),
  updatedClaims: claimsOf(changes?.updated, shows),
  removedClaims: claimsOf(changes?.removed, shows),
});

/** Which part an event shows; any other type shows everything. */
const parts: Partial<Record<Wso2Type, Part>> = {
  'login.success': ownDialect,
  'login.failure': nameAlone,
  'session.established': ownDialect,
  'session.presented': ownDialect,
  'session.revoked': ownDialect,
  'account.profile-updated': changes,
};

/**
 * WSO2's `user`: who, and of the claims those that the endpoint's `claims` let leave. Its own `userAccountLocked` and
 * the like always show the e-mail address and nothing else; here they too show what the config names, which is the
 * username alone by default.
 */
export function userOf(type: Wso2Type, event: IdentityEvent, shows: Shows): Body | undefined {
  const { user } = event;
  // WSO2 names no user where a client acts for itself.
  if (user === undefined || event.token?.grantType === 'client_credentials') return undefined;
  const { claims, ...others } = (parts[type] ?? everything)(event, shows);
  return withoutEmpty({
    id: user.id,
    claims,
    organization: organizationOf(user.organization ?? event.organization),
    ref: userRefOf(event),
    ...others,
  });
}

import type { Application, Claims, User } from '../schema-types.js';
import { claimName } from './keycloak-claims.js';
import type { Draft } from './keycloak-draft.js';
import { initiatorOf, type UserRecord } from './keycloak-record.js';
import { legibleValue } from './legible.js';

/** @param names details that are claims of the user */
export const userOf = ({ userId, username, details }: UserRecord, names: readonly string[] = ['email']): User => {
  const claims: Claims = Object.fromEntries(
    names.flatMap((name) => (details[name] === undefined ? [] : [[claimName(name), legibleValue(details[name])]])),
  );
  return {
    id: userId,
    username,
    claims: Object.keys(claims).length === 0 ? undefined : claims,
  };
};

export const applicationOf = ({ clientId }: UserRecord): Application | undefined =>
  clientId === undefined ? undefined : { clientId };

/** Who it is about, with which client, and from where. */
export const whoOf = (record: UserRecord): Partial<Draft> => ({
  user: userOf(record),
  application: applicationOf(record),
  initiator: initiatorOf('user', record),
});

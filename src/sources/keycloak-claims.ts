import type { ClaimChanges, Claims, ClaimValue } from '../schema-types.js';
import { legibleValue } from './legible.js';

/** Keycloak's names for what OpenID Connect has a standard claim for, in its details and in its representations. */
const names: Readonly<Record<string, string>> = {
  first_name: 'given_name',
  firstName: 'given_name',
  last_name: 'family_name',
  lastName: 'family_name',
  emailVerified: 'email_verified',
};

export const claimName = (name: string): string => (Object.hasOwn(names, name) ? (names[name] ?? name) : name);

/** Details that begin like a change and are none. */
const noClaims: ReadonlySet<string> = new Set(['refresh_token_id', 'user']);

function valuesBy(details: Readonly<Record<string, string>>, prefix: string): Map<string, string> {
  return new Map(
    Object.entries(details)
      .filter(([name]) => name.startsWith(prefix) && !noClaims.has(name.slice(prefix.length)))
      .map(([name, value]) => [claimName(name.slice(prefix.length)), legibleValue(value)]),
  );
}

/** What changed, of `previous_<name>` and `updated_<name>`; an empty text is no value. */
export function changesIn(details: Readonly<Record<string, string>>): ClaimChanges {
  const before = valuesBy(details, 'previous_');
  const after = valuesBy(details, 'updated_');
  const changes: Required<ClaimChanges> = { added: {}, updated: {}, previous: {}, removed: {} };
  for (const [name, value] of after) {
    if (value === '') continue;
    const was = before.get(name) ?? '';
    if (was === '') changes.added[name] = value;
    if (was === '' || was === value) continue;
    changes.updated[name] = value;
    changes.previous[name] = was;
  }
  for (const [name, value] of before) if (value !== '' && (after.get(name) ?? '') === '') changes.removed[name] = value;
  return Object.fromEntries(Object.entries(changes).filter(([, claims]) => Object.keys(claims).length > 0));
}

/** An event has room for 200 claims. */
const maxAttributes = 190;

function claimOf(value: unknown): ClaimValue | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') return legibleValue(value);
  if (!Array.isArray(value)) return undefined;
  return value
    .filter((each) => typeof each === 'string')
    .map(legibleValue)
    .slice(0, 1000);
}

const claimMembers = ['email', 'emailVerified', 'firstName', 'lastName'] as const;

/** The claims of a user's representation: nothing of its credentials, and of its attributes only those of texts. */
export function claimsIn(representation: Readonly<Record<string, unknown>>): Claims | undefined {
  const claims: Claims = {};
  const put = (name: string, value: unknown): void => {
    const claim = claimOf(value);
    if (claim !== undefined) claims[claimName(name)] = claim;
  };
  const { attributes } = representation;
  if (typeof attributes === 'object' && attributes !== null) {
    const usable = Object.entries(attributes).filter(([name]) => /^\P{Cc}{1,256}$/u.test(name));
    for (const [name, value] of usable.slice(0, maxAttributes)) put(name, value);
  }
  for (const name of claimMembers) put(name, representation[name]);
  return Object.keys(claims).length === 0 ? undefined : claims;
}

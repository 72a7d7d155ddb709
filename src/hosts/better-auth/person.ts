import type { ReportedEvent } from '../../events/identity-event.js';
import type { Claims, ClaimValue } from '../../schema-types.js';
import { type AuthOptions, isRow, type Row, textIn } from './context.js';

/** A user, as far as a row told. */
export interface Person {
  readonly id: string;
  readonly user: NonNullable<ReportedEvent['user']>;
  readonly isAnonymous: boolean;
}

const maxText = 8192;

/** A name or a text that a user chose, so that it cannot have the event refused: no control characters, not too long. */
export const legible = (text: string, max = maxText): string => text.slice(0, max).replace(/\p{Cc}|\p{Cs}/gu, '\ufffd');

/** Claims by better-auth's fields: its own, and those of its plugins. */
const claimNames: Readonly<Record<string, string>> = {
  name: 'name',
  email: 'email',
  emailVerified: 'email_verified',
  image: 'picture',
  username: 'username',
  displayUsername: 'preferred_username',
  phoneNumber: 'phone_number',
  phoneNumberVerified: 'phone_number_verified',
  role: 'roles',
};

/** The claim that a field becomes; undefined: none. The application's own fields are claims but for those it never returns. */
export function claimName(field: string, options: AuthOptions): string | undefined {
  if (Object.hasOwn(claimNames, field)) return claimNames[field];
  const fields = options.user?.additionalFields ?? {};
  return Object.hasOwn(fields, field) && fields[field]?.returned !== false ? field : undefined;
}

const rolesOf = (role: unknown): string[] =>
  (Array.isArray(role) ? role : typeof role === 'string' ? role.split(',') : [])
    .filter((name): name is string => typeof name === 'string' && name.trim() !== '')
    .map((name) => legible(name.trim(), 1024));

/** What stands in a field, as a claim's value; undefined: nothing that a claim can say. */
export function claimValue(field: string, value: unknown): ClaimValue | undefined {
  if (field === 'role') return rolesOf(value).length > 0 ? rolesOf(value) : undefined;
  if (value instanceof Date) return Number.isFinite(value.getTime()) ? value.toISOString() : undefined;
  if (typeof value === 'string') return value === '' ? undefined : legible(value);
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return value;
  if (Array.isArray(value) && value.every((part) => typeof part === 'string'))
    return value.slice(0, 1000).map((part) => legible(part));
  return undefined;
}

/** Its name to sign in with: the username where the application has the plugin, or else the e-mail address. */
function usernameOf(row: Row): string | undefined {
  const name = textIn(row, 'username') ?? textIn(row, 'email') ?? textIn(row, 'phoneNumber');
  return name === undefined ? undefined : legible(name, 1024);
}

/** Picks from a user's row; undefined where it is none. */
export function personOf(row: unknown, options: AuthOptions): Person | undefined {
  const id = textIn(row, 'id');
  if (id === undefined || !isRow(row)) return undefined;
  const claims: Claims = {};
  for (const field of Object.keys(row)) {
    const name = claimName(field, options);
    const value =
      name === undefined || field === 'username' || field === 'role' ? undefined : claimValue(field, row[field]);
    // A picture may be in the row as a whole; a claim that was cut would be wrong.
    if (name !== undefined && value !== undefined && String(value).length < maxText) claims[name] = value;
  }
  const username = usernameOf(row);
  const roles = rolesOf(row.role);
  return {
    id,
    user: { id, ...(username !== undefined && { username }), claims, ...(roles.length > 0 && { roles }) },
    isAnonymous: row.isAnonymous === true,
  };
}

import type { Claims, ClaimValue, IdentityEvent, UserFormat } from '../schema-types.js';
import { claimUri } from './profiles/wso2-claims.js';

/** A Subject Identifier (RFC 9493, section 3; SSF 1.0, section 3). */
export type SubjectId = { readonly format: string } & Readonly<Record<string, unknown>>;

/** An identifier, or what the event lacks for it. */
export type Identified = { readonly id: SubjectId } | { readonly lacks: string };

const isText = (value: ClaimValue | undefined): value is string => typeof value === 'string' && value !== '';

/** A claim by its name in OpenID Connect, also where it is reported by its URI in WSO2's dialect. */
export function claimOf(claims: Claims | undefined, name: string): ClaimValue | undefined {
  if (claims === undefined) return undefined;
  if (Object.hasOwn(claims, name)) return claims[name];
  return Object.entries(claims).find(([other]) => claimUri(other) === claimUri(name))?.[1];
}

/** RFC 9493, section 3.2.2: an addr-spec. */
export function emailId(value: ClaimValue | undefined): SubjectId | undefined {
  return isText(value) && value.length <= 320 && /^[^\s@<>,;]+@[^\s@<>,;]+$/.test(value)
    ? { format: 'email', email: value }
    : undefined;
}

/** RFC 9493, section 3.2.5: E.164 with a +; what people write between the digits is left out. */
export function phoneId(value: ClaimValue | undefined): SubjectId | undefined {
  const digits = isText(value) ? value.replace(/[\s().-]/g, '') : '';
  return /^\+[1-9]\d{1,14}$/.test(digits) ? { format: 'phone_number', phone_number: digits } : undefined;
}

/** RFC 9493, section 3.2.1, and RFC 7565: the name within the issuer's host. */
export function accountId(username: string | undefined, issuer: string | undefined): SubjectId | undefined {
  if (username === undefined || issuer === undefined || !URL.canParse(issuer)) return undefined;
  const { hostname } = new URL(issuer);
  return hostname === '' ? undefined : { format: 'account', uri: `acct:${encodeURIComponent(username)}@${hostname}` };
}

/** RFC 9493, section 3.2.3. */
export const issSub = (iss: string, sub: string): SubjectId => ({ format: 'iss_sub', iss, sub });

/** RFC 9493, section 3.2.4. */
export const opaque = (id: string): SubjectId => ({ format: 'opaque', id });

const formats: Readonly<Record<UserFormat, (event: IdentityEvent) => SubjectId | undefined>> = {
  iss_sub: ({ issuer, user }) => (issuer && user?.id ? issSub(issuer, user.id) : undefined),
  email: ({ user }) => emailId(claimOf(user?.claims, 'email')),
  opaque: ({ user }) => (user?.id === undefined ? undefined : opaque(user.id)),
  account: ({ user, issuer }) => accountId(user?.username, issuer),
  phone_number: ({ user }) => phoneId(claimOf(user?.claims, 'phone_number')),
};

const needs: Readonly<Record<UserFormat, string>> = {
  iss_sub: '`issuer` and `user.id`',
  email: 'an email address in `user.claims.email`',
  opaque: '`user.id`',
  account: '`user.username`, and an `issuer` that is a URL',
  phone_number: 'a number with + and country code (E.164) in `user.claims.phone_number`',
};

/** The event's user in a format. Never in another one. */
export function userIn(format: UserFormat, event: IdentityEvent): Identified {
  const id = formats[format](event);
  return id === undefined ? { lacks: needs[format] } : { id };
}

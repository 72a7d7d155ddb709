/** WSO2's local claim dialect. */
export const dialect = 'http://wso2.org/claims/';

/**
 * OpenID Connect's names (Core 1.0, section 5.1) in WSO2's dialect, where they differ: as its `claim-config.xml` maps
 * them, but `phone_number`: that file has `telephone`, a mobile number is what receivers expect.
 */
const names: Readonly<Record<string, string>> = {
  name: 'fullname',
  given_name: 'givenname',
  family_name: 'lastname',
  middle_name: 'middleName',
  preferred_username: 'displayName',
  profile: 'url',
  picture: 'photourl',
  website: 'websiteurl',
  email: 'emailaddress',
  email_verified: 'identity/emailVerified',
  birthdate: 'dob',
  zoneinfo: 'timeZone',
  locale: 'local',
  phone_number: 'mobile',
  phone_number_verified: 'identity/phoneVerified',
  address: 'addresses',
  street_address: 'streetaddress',
  postal_code: 'postalcode',
  updated_at: 'modified',
};

const nameOf = (name: string): string => (Object.hasOwn(names, name) ? (names[name] ?? name) : name);

/** A claim's URI: what is a URI already stays, OpenID Connect's names become WSO2's, any other name stands in its dialect. */
export const claimUri = (name: string): string =>
  /^[a-z][a-z0-9+.-]*:/i.test(name) ? name : `${dialect}${nameOf(name)}`;

/** Whether a claim may leave. */
export type Shows = (name: string) => boolean;

/**
 * What an endpoint's `claims` let leave: the claims that are named, or all for `*`. A claim's name and its URI are the
 * same claim, whichever of them the config and the event use.
 */
export function shownBy(claims: readonly string[]): Shows {
  if (claims.includes('*')) return () => true;
  const uris = new Set(claims.map(claimUri));
  return (name) => uris.has(claimUri(name));
}

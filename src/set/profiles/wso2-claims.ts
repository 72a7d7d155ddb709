/** WSO2's local claim dialect. */
const dialect = 'http://wso2.org/claims/';

/** OpenID Connect's names (Core 1.0, section 5.1) in WSO2's dialect, where they differ. */
const names: Readonly<Record<string, string>> = {
  email: 'emailaddress',
  given_name: 'givenname',
  family_name: 'lastname',
  preferred_username: 'username',
  phone_number: 'mobile',
  name: 'fullname',
  middle_name: 'middleName',
  birthdate: 'dob',
  picture: 'photourl',
  website: 'url',
  zoneinfo: 'timeZone',
  address: 'addresses',
};

const nameOf = (name: string): string => (Object.hasOwn(names, name) ? (names[name] ?? name) : name);

/** A claim's URI: what is a URI already stays, OpenID Connect's names become WSO2's, any other name stands in its dialect. */
export const claimUri = (name: string): string =>
  /^[a-z][a-z0-9+.-]*:/i.test(name) ? name : `${dialect}${nameOf(name)}`;

/** Whether the config lets a claim leave: it is named, by its name or its URI, or all are. */
export function claimAllowed(name: string, allowed: readonly string[]): boolean {
  return allowed.includes('*') || allowed.includes(name) || allowed.includes(claimUri(name));
}

import { expect } from 'chai';
import { claimUri, shownBy } from '../../../src/set/profiles/wso2-claims.js';

describe("the names of claims in WSO2's dialect", () => {
  const uris: [string, string][] = [
    ['username', 'http://wso2.org/claims/username'],
    ['email', 'http://wso2.org/claims/emailaddress'],
    ['email_verified', 'http://wso2.org/claims/identity/emailVerified'],
    ['given_name', 'http://wso2.org/claims/givenname'],
    ['family_name', 'http://wso2.org/claims/lastname'],
    ['middle_name', 'http://wso2.org/claims/middleName'],
    ['name', 'http://wso2.org/claims/fullname'],
    ['nickname', 'http://wso2.org/claims/nickname'],
    ['preferred_username', 'http://wso2.org/claims/displayName'],
    ['phone_number', 'http://wso2.org/claims/mobile'],
    ['phone_number_verified', 'http://wso2.org/claims/identity/phoneVerified'],
    ['birthdate', 'http://wso2.org/claims/dob'],
    ['gender', 'http://wso2.org/claims/gender'],
    ['locale', 'http://wso2.org/claims/local'],
    ['zoneinfo', 'http://wso2.org/claims/timeZone'],
    ['picture', 'http://wso2.org/claims/photourl'],
    ['profile', 'http://wso2.org/claims/url'],
    ['website', 'http://wso2.org/claims/websiteurl'],
    ['address', 'http://wso2.org/claims/addresses'],
    ['street_address', 'http://wso2.org/claims/streetaddress'],
    ['locality', 'http://wso2.org/claims/locality'],
    ['region', 'http://wso2.org/claims/region'],
    ['postal_code', 'http://wso2.org/claims/postalcode'],
    ['country', 'http://wso2.org/claims/country'],
    ['updated_at', 'http://wso2.org/claims/modified'],
    ['shoe_size', 'http://wso2.org/claims/shoe_size'],
    ['http://wso2.org/claims/identity/accountLocked', 'http://wso2.org/claims/identity/accountLocked'],
    ['https://claims.example/x', 'https://claims.example/x'],
    ['urn:oid:2.5.4.3', 'urn:oid:2.5.4.3'],
    ['__proto__', 'http://wso2.org/claims/__proto__'],
    ['toString', 'http://wso2.org/claims/toString'],
  ];
  for (const [name, uri] of uris) {
    it(`say ${uri} for ${name}`, () => {
      expect(claimUri(name)).to.equal(uri);
    });
  }

  it('are one claim in the config and in the event, by name or by URI', () => {
    expect(shownBy(['email'])('email')).to.equal(true);
    expect(shownBy(['email'])('http://wso2.org/claims/emailaddress')).to.equal(true);
    expect(shownBy(['http://wso2.org/claims/emailaddress'])('email')).to.equal(true);
    expect(shownBy(['https://claims.example/x'])('https://claims.example/x')).to.equal(true);
  });

  it('leave only where they are named', () => {
    expect(shownBy([])('username')).to.equal(false);
    expect(shownBy(['username'])('preferred_username')).to.equal(false);
    expect(shownBy(['email'])('email_verified')).to.equal(false);
    expect(shownBy(['email'])('https://claims.example/email')).to.equal(false);
    expect(shownBy(['*'])('anything')).to.equal(true);
    for (const name of ['__proto__', 'constructor', 'toString']) expect(shownBy(['username'])(name)).to.equal(false);
  });
});

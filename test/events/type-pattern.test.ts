import { expect } from 'chai';
import { matchesPattern } from '../../src/events/type-pattern.js';

describe('matchesPattern', () => {
  const cases: [pattern: string, type: string, matches: boolean][] = [
    ['*', 'login.failure', true],
    ['*', 'x-acme.consent.granted', true],
    ['login.failure', 'login.failure', true],
    ['login.failure', 'login.success', false],
    ['login.*', 'login.success', true],
    ['login.*', 'login', false],
    ['login.*', 'logins.success', false],
    ['login.*', 'x.login.success', false],
    ['x-acme.*', 'x-acme.consent.granted', true],
    ['x-acme.consent.*', 'x-acme.consent.granted', true],
    ['x-acme.consent.*', 'x-acme.consents', false],
    ['session', 'session.revoked', false],
    ['l*', 'login.success', false],
    ['login.failure', 'Login.Failure', false],
    // A pattern is no regular expression.
    ['login.failure', 'loginxfailure', false],
  ];
  for (const [pattern, type, matches] of cases) {
    it(`${pattern} ${matches ? 'means' : 'does not mean'} ${type}`, () => {
      expect(matchesPattern(pattern, type)).to.equal(matches);
    });
  }
});

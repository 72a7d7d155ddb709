import { expect } from 'chai';
import {
  describeDifference,
  differences,
  type Expectation,
  expectationsOf,
  isComplete,
  type Received,
  shortNameOf,
  untold,
} from '../../src/demo/expected.js';
import { canonicalTypes } from '../../src/events/identity-event.js';
import { ssf } from '../../src/set/profiles/ssf.js';
import { wso2 } from '../../src/set/profiles/wso2.js';

const locked: Expectation = {
  type: 'account.locked',
  from: 'better-auth',
  wso2: { eventTypeUri: 'urn:locked', count: 1 },
  ssf: { eventTypeUri: 'urn:ssf:locked', count: 1 },
  receivers: ['crm', 'siem', 'ssf', 'multi'],
};
const issued: Expectation = {
  type: 'token.issued',
  from: 'oidc-provider',
  wso2: { eventTypeUri: 'urn:issued', count: 2 },
  ssf: { eventTypeUri: 'urn:ssf:issued', count: 3 },
  receivers: ['siem', 'ssf', 'multi'],
};
const suspicious: Expectation = {
  type: 'login.suspicious',
  from: 'derived',
  ssf: { eventTypeUri: 'urn:ssf:risk', count: 1 },
  receivers: ['crm', 'siem', 'ssf', 'multi'],
};
const all = [locked, issued, suspicious];

const sets = (...uris: string[]) => uris.map((eventTypeUri, index) => ({ jti: String(index), eventTypeUri, at: 0 }));
const signed = sets('urn:ssf:locked', 'urn:ssf:issued', 'urn:ssf:issued', 'urn:ssf:issued', 'urn:ssf:risk');
const complete: Received = {
  crm: sets('urn:locked'),
  siem: sets('urn:locked', 'urn:issued', 'urn:issued'),
  ssf: signed,
  multi: signed,
};

describe('the expectations of the demo', () => {
  const issuer = 'https://id.example.com';
  const expectations = expectationsOf(issuer);

  it('name every canonical type once, as told or as one that neither server tells', () => {
    const types = [...expectations.map(({ type }) => type), ...Object.keys(untold)];
    expect(types).to.have.members(canonicalTypes);
    expect(new Set(types).size).to.equal(types.length);
  });

  it('have the event type URIs of both profiles', () => {
    for (const { type, wso2: inWso2, ssf: inSsf } of expectations) {
      expect(inWso2 ? [inWso2.eventTypeUri] : [], type).to.deep.equal(wso2.eventTypeUris(type, { eventTypes: {} }));
      expect(ssf.eventTypeUris(type, { eventTypes: {}, issuer }), type).to.include(inSsf?.eventTypeUri);
    }
  });

  it('are to be received by somebody, every one', () => {
    for (const { type, receivers, wso2: inWso2, ssf: inSsf } of expectations) {
      expect(receivers, type).to.include.members(['ssf', 'multi']);
      expect(inSsf?.count, type).to.be.at.least(Math.max(1, inWso2?.count ?? 0));
    }
  });
});

describe('shortNameOf', () => {
  it('names whose event type it is, where that is a standard', () => {
    expect(shortNameOf('https://schemas.openid.net/secevent/caep/event-type/session-revoked')).to.equal(
      'CAEP session-revoked',
    );
    expect(shortNameOf('https://schemas.openid.net/secevent/risc/event-type/account-purged')).to.equal(
      'RISC account-purged',
    );
    expect(shortNameOf('https://id.example.com/ssf/event-type/login-failure')).to.equal('login-failure');
  });
});

describe('differences', () => {
  it('are none where each receiver has what it should get', () => {
    expect(differences(all, complete)).to.deep.equal([]);
  });

  it('name what a receiver lacks', () => {
    const found = differences(all, { ...complete, crm: [], ssf: sets('urn:ssf:locked', 'urn:ssf:issued') });
    expect(isComplete(found)).to.equal(false);
    expect(found.map(describeDifference)).to.deep.equal([
      'missing: crm has 0 of 1 account.locked',
      'missing: ssf has 1 of 3 token.issued',
      'missing: ssf has 0 of 1 login.suspicious',
    ]);
  });

  it('name what a receiver has too often, or should not have', () => {
    const crm = sets('urn:locked', 'urn:locked', 'urn:issued', 'urn:ssf:locked');
    const found = differences(all, { ...complete, crm });
    expect(isComplete(found)).to.equal(true);
    expect(found.map(describeDifference)).to.deep.equal([
      'unexpected: crm has 2 account.locked instead of 1',
      'unexpected: crm has 1 token.issued instead of 0',
      'unexpected: crm has 1 urn:ssf:locked instead of 0',
    ]);
  });
});

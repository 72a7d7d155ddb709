import { expect } from 'chai';
import {
  describeDifference,
  differences,
  type Expectation,
  expectations,
  isComplete,
} from '../../src/demo/expected.js';
import { canonicalTypes } from '../../src/events/identity-event.js';

const locked: Expectation = {
  type: 'account.locked',
  eventTypeUri: 'urn:locked',
  from: 'emit',
  count: 1,
  receivers: ['crm', 'siem'],
};
const issued: Expectation = {
  type: 'token.issued',
  eventTypeUri: 'urn:issued',
  from: 'bus',
  count: 2,
  receivers: ['siem'],
};
const set = (jti: string, eventTypeUri: string) => ({ jti, eventTypeUri });

describe('the expectations of the demo', () => {
  it('name every canonical type once, but the derived one', () => {
    expect(expectations.map(({ type }) => type)).to.have.members(
      canonicalTypes.filter((type) => type !== 'login.suspicious'),
    );
  });

  it('name each event type URI once', () => {
    const uris = expectations.map(({ eventTypeUri }) => eventTypeUri);
    expect(new Set(uris).size).to.equal(uris.length);
  });
});

describe('differences', () => {
  it('are none where each receiver has what it should get', () => {
    const received = {
      crm: [set('1', 'urn:locked')],
      siem: [set('1', 'urn:locked'), set('2', 'urn:issued'), set('3', 'urn:issued')],
    };
    expect(differences([locked, issued], received)).to.deep.equal([]);
  });

  it('name what a receiver lacks', () => {
    const found = differences([locked, issued], { crm: [], siem: [set('1', 'urn:locked'), set('2', 'urn:issued')] });
    expect(found).to.deep.equal([
      { receiver: 'crm', type: 'account.locked', expected: 1, received: 0 },
      { receiver: 'siem', type: 'token.issued', expected: 2, received: 1 },
    ]);
    expect(isComplete(found)).to.equal(false);
    expect(found.map(describeDifference)).to.deep.equal([
      'missing: crm has 0 of 1 account.locked',
      'missing: siem has 1 of 2 token.issued',
    ]);
  });

  it('name what a receiver has too often, or should not have', () => {
    const crm = [set('1', 'urn:locked'), set('2', 'urn:locked'), set('3', 'urn:issued'), set('4', 'urn:strange')];
    const found = differences([locked, issued], { crm });
    expect(isComplete(found)).to.equal(true);
    expect(found.map(describeDifference)).to.deep.equal([
      'unexpected: crm has 2 account.locked instead of 1',
      'unexpected: crm has 1 token.issued instead of 0',
      'unexpected: crm has 1 urn:strange instead of 0',
    ]);
  });
});

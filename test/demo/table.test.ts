import { expect } from 'chai';
import type { Expectation } from '../../src/demo/expected.js';
import { tableOf } from '../../src/demo/table.js';

const expected: readonly Expectation[] = [
  { type: 'account.locked', eventTypeUri: 'urn:locked', from: 'emit', count: 1, receivers: ['crm', 'siem'] },
  { type: 'token.issued', eventTypeUri: 'urn:issued', from: 'bus', count: 2, receivers: ['siem'] },
];
const lockedSet = { jti: '051f0c37-b689-44d4-b7d2-29b980ece273', eventTypeUri: 'urn:locked' };

describe('tableOf', () => {
  it('has a line for each event type, with what is there and what should be', () => {
    const siem = [lockedSet, { jti: '7ef94943-0000', eventTypeUri: 'urn:issued' }];
    expect(tableOf(expected, [lockedSet], siem)).to.deep.equal([
      'event type      from  crm  siem  jti       verified',
      '--------------  ----  ---  ----  --------  --------',
      'account.locked  emit  1/1  1/1   051f0c37  yes',
      'token.issued    bus   -    1/2   7ef94943  NO',
    ]);
  });

  it('shows what a receiver should not have', () => {
    const [, , , tokens] = tableOf(expected, [{ jti: 'aaaaaaaa-1', eventTypeUri: 'urn:issued' }], []);
    expect(tokens).to.equal('token.issued    bus   1/0  0/2   aaaaaaaa  NO');
  });
});

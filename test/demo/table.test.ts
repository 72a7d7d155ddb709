import { expect } from 'chai';
import type { Expectation, Received } from '../../src/demo/expected.js';
import type { ReceivedSet } from '../../src/demo/receivers.js';
import { tableOf } from '../../src/demo/table.js';

const expected: readonly Expectation[] = [
  {
    type: 'account.deleted',
    from: 'better-auth',
    wso2: { eventTypeUri: 'urn:x/userDeleted', count: 1 },
    ssf: { eventTypeUri: 'https://schemas.openid.net/secevent/risc/event-type/account-purged', count: 1 },
    receivers: ['crm', 'siem', 'ssf', 'multi'],
  },
  {
    type: 'token.issued',
    from: 'oidc-provider',
    wso2: { eventTypeUri: 'urn:x/accessTokenIssued', count: 2 },
    ssf: { eventTypeUri: 'https://id.example.com/ssf/event-type/token-issued', count: 3 },
    receivers: ['siem', 'ssf', 'multi'],
  },
  {
    type: 'login.suspicious',
    from: 'derived',
    ssf: { eventTypeUri: 'https://schemas.openid.net/secevent/caep/event-type/risk-level-change', count: 1 },
    receivers: ['crm', 'siem', 'ssf', 'multi'],
  },
];

const set = (eventTypeUri: string, jti = '1'): ReceivedSet => ({ jti, eventTypeUri, at: 0 });
const nothing: Received = { crm: [], siem: [], ssf: [], multi: [] };
const purged = set('https://schemas.openid.net/secevent/risc/event-type/account-purged');

describe('tableOf', () => {
  it('has a line for each event type in both profiles, with what is there and what should be, and one for what is not told', () => {
    const received = { ...nothing, crm: [set('urn:x/userDeleted')], siem: [set('urn:x/userDeleted')] };
    expect(tableOf(expected, { ...received, ssf: [purged], multi: [purged] })).to.deep.equal([
      'event type        told by        WSO2 event         SSF event type          crm  siem  ssf  multi  verified',
      '----------------  -------------  -----------------  ----------------------  ---  ----  ---  -----  --------',
      'account.deleted   better-auth    userDeleted        RISC account-purged     1/1  1/1   1/1  1/1    yes',
      'token.issued      oidc-provider  accessTokenIssued  token-issued            -    0/2   0/3  0/3    NO',
      'login.suspicious  derived        none               CAEP risk-level-change  -    -     0/1  0/1    NO',
      'account.disabled  neither        better-auth bans, which is account.locked',
      'account.enabled   neither        better-auth unbans, which is account.unlocked',
    ]);
  });

  it('shows what a receiver should not have', () => {
    const [, , , tokens] = tableOf(expected, { ...nothing, crm: [set('urn:x/accessTokenIssued')] });
    expect(tokens).to.match(/ 1\/0 +0\/2 +0\/3 +0\/3 +NO$/);
  });
});

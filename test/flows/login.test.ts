import { expect } from 'chai';
import type { IdentityEvent, ReportedEvent } from '../../src/events/identity-event.js';
import { detectBursts, type SuspiciousOptions } from '../../src/flows/login.js';
import { identityEvent } from '../support/events.js';

const options: SuspiciousOptions = { failures: 3, windowMs: 1_000, by: ['user', 'ip'], maxTracked: 100 };

const failureOf = (members: Partial<IdentityEvent>): IdentityEvent => {
  const { user: _user, initiator: _initiator, ...others } = identityEvent('login.failure');
  return { ...others, ...members };
};
const byName = (username: string, others: Partial<IdentityEvent> = {}) => failureOf({ user: { username }, ...others });
const byIp = (ip: string) => failureOf({ initiator: { ip } });

describe('bursts of failed logins', () => {
  let now: number;
  const detectionOf = (changed: Partial<SuspiciousOptions> = {}) => detectBursts({ ...options, ...changed }, () => now);
  /** How many bursts are reported at each of the events, `step` milliseconds apart. */
  const reportsAt = (detection: ReturnType<typeof detectionOf>, events: readonly IdentityEvent[], step = 1): string =>
    events
      .map((event) => {
        now += step;
        return detection.derive(event).length;
      })
      .join('');
  const times = (count: number, event: IdentityEvent): IdentityEvent[] => Array.from({ length: count }, () => event);
  beforeEach(() => {
    now = 1_000_000;
  });

  it('are reported once, at the failure that makes them one', () => {
    expect(reportsAt(detectionOf(), times(10, byName('ada')))).to.equal('0010000000');
  });

  it('are not reported for failures that do not fall within a window', () => {
    expect(reportsAt(detectionOf(), times(10, byName('ada')), 500)).to.equal('0000000000');
    expect(reportsAt(detectionOf(), times(4, byName('eve')), 499)).to.equal('0010');
  });

  it('are found in a window that slides', () => {
    const detection = detectionOf();
    expect(reportsAt(detection, times(2, byName('ada')), 600)).to.equal('00');
    expect(reportsAt(detection, times(2, byName('ada')), 450)).to.equal('01');
  });

  it('last while failures come, and are cleared by quiet: then a new one is reported', () => {
    const detection = detectionOf();
    expect(reportsAt(detection, times(3, byName('ada')))).to.equal('001');
    expect(reportsAt(detection, times(20, byName('ada')), 999)).to.equal('0'.repeat(20));
    now += 1_000;
    expect(detection.derive(byName('ada'))).to.have.lengthOf(0);
    expect(reportsAt(detection, times(3, byName('ada')))).to.equal('010');
  });

  it('are not cleared by a login that succeeds, nor is the count', () => {
    const success = identityEvent('login.success', { user: { username: 'ada' } });
    const events = [byName('ada'), byName('ada'), success, byName('ada'), success, ...times(3, byName('ada'))];
    expect(reportsAt(detectionOf(), events)).to.equal('00010000');
  });

  it('are of one user, whatever the address', () => {
    const events = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((ip) => byName('ada', { initiator: { ip } }));
    expect(reportsAt(detectionOf(), events)).to.equal('001');
  });

  it('are of one address, whatever the user', () => {
    const events = ['ada', 'bob', 'eve'].map((username) => byName(username, { initiator: { ip: '192.0.2.1' } }));
    expect(reportsAt(detectionOf(), events)).to.equal('001');
  });

  it('are reported for the user and for the address where both are over the limit', () => {
    const detection = detectionOf();
    const failure = byName('ada', { initiator: { ip: '192.0.2.1' } });
    expect(reportsAt(detection, times(4, failure))).to.equal('0020');
  });

  const sameUser: readonly (readonly [what: string, one: IdentityEvent, other: IdentityEvent, same: boolean])[] = [
    ['a name in upper and in lower case', byName('Ada@Example.com'), byName('ada@example.com'), true],
    ['two names', byName('ada'), byName('adam'), false],
    [
      'an id under two names',
      failureOf({ user: { id: '7', username: 'ada' } }),
      failureOf({ user: { id: '7', username: 'a@x' } }),
      true,
    ],
    [
      'a name under two ids',
      failureOf({ user: { id: '7', username: 'ada' } }),
      failureOf({ user: { id: '8', username: 'ada' } }),
      false,
    ],
    ['ids that differ in case', failureOf({ user: { id: 'aa' } }), failureOf({ user: { id: 'aA' } }), false],
    ['an id that is also a name', failureOf({ user: { id: 'ada' } }), byName('ada'), false],
    [
      'a name in two tenants',
      byName('ada', { tenant: { id: '1', name: 'a' } }),
      byName('ada', { tenant: { id: '2', name: 'b' } }),
      false,
    ],
    [
      'a name in two organizations',
      byName('ada', { organization: { id: '1' } }),
      byName('ada', { organization: { id: '2' } }),
      false,
    ],
    [
      'a tenant and an organization',
      byName('ada', { tenant: { id: '1', name: 'a' } }),
      byName('ada', { organization: { id: '1' } }),
      false,
    ],
    ['long names with one beginning', byName(`${'x'.repeat(1_000)}a`), byName(`${'x'.repeat(1_000)}b`), false],
    ['an address in upper and lower case', byIp('2001:DB8::A'), byIp('2001:db8::a'), true],
    ['an IPv4 address written as IPv6', byIp('::ffff:192.0.2.1'), byIp('192.0.2.1'), true],
    ['two addresses', byIp('192.0.2.1'), byIp('192.0.2.11'), false],
  ];
  for (const [what, one, other, same] of sameUser) {
    it(`take ${what} for ${same ? 'one' : 'two'}`, () => {
      expect(reportsAt(detectionOf(), [one, other, one])).to.equal(same ? '001' : '000');
    });
  }

  it('count only what `by` names', () => {
    const failure = byName('ada', { initiator: { ip: '192.0.2.1' } });
    const detection = detectionOf({ by: ['ip'] });
    expect(reportsAt(detection, times(3, failure))).to.equal('001');
    expect(detection.tracked('user')).to.equal(0);
  });

  it('are never reported, and nothing is remembered, with 0 failures', () => {
    const detection = detectionOf({ failures: 0 });
    expect(reportsAt(detection, times(10, byName('ada')))).to.equal('0000000000');
    expect(detection.tracked('user')).to.equal(0);
  });

  it('are reported at the first failure, and once, with 1', () => {
    expect(reportsAt(detectionOf({ failures: 1 }), times(3, byName('ada')))).to.equal('100');
  });

  it('are not seen in failures without user and address, nor in other events', () => {
    const detection = detectionOf();
    expect(reportsAt(detection, times(5, failureOf({ user: {}, initiator: {} })))).to.equal('00000');
    expect(reportsAt(detection, times(5, identityEvent('registration.failure')))).to.equal('00000');
  });

  it('are counted anew after the clock was set back', () => {
    const detection = detectionOf();
    expect(reportsAt(detection, times(2, byName('ada')))).to.equal('00');
    now -= 500_000;
    expect(reportsAt(detection, times(3, byName('ada')))).to.equal('001');
  });

  describe('as an event', () => {
    const failure = failureOf({
      user: { id: '7', username: 'ada', claims: { email: 'a@example.com' }, groups: ['staff'] },
      tenant: { id: '1', name: 'example.com' },
      organization: { id: '9' },
      initiator: { type: 'user', ip: '192.0.2.1', userAgent: 'curl' },
    });
    const derivedBy = (kind: 'user' | 'ip'): ReportedEvent | undefined => {
      const detection = detectionOf({ by: [kind] });
      return times(3, failure).flatMap((event) => detection.derive(event))[0];
    };
    const { time, correlationId } = failure;

    it('say which user, and nothing that only one of the failures had', () => {
      expect(JSON.parse(JSON.stringify(derivedBy('user')))).to.deep.equal({
        type: 'login.suspicious',
        time,
        correlationId,
        user: { id: '7', username: 'ada' },
        tenant: { id: '1', name: 'example.com' },
        organization: { id: '9' },
        burst: { by: 'user', count: 3, windowMs: 1_000 },
      });
    });

    it('say which address', () => {
      expect(JSON.parse(JSON.stringify(derivedBy('ip')))).to.deep.equal({
        type: 'login.suspicious',
        time,
        correlationId,
        initiator: { ip: '192.0.2.1' },
        burst: { by: 'ip', count: 3, windowMs: 1_000 },
      });
    });
  });

  describe('under an attack', () => {
    it('cost memory for so many users and addresses, not for a million names', () => {
      const detection = detectionOf({ maxTracked: 10_000 });
      let most = 0;
      for (let count = 0; count < 1_000_000; count++) {
        detection.derive(byNameFast(`user-${count}`, `10.${count % 199}.${count % 211}.${count % 251}`));
        most = Math.max(most, detection.tracked('user'), detection.tracked('ip'));
      }
      expect(most).to.equal(10_000);
    }).timeout(20_000);

    it('of many names do not forget the addresses', () => {
      const detection = detectionOf({ maxTracked: 10 });
      const before = times(2, byIp('192.0.2.1'));
      const flood = Array.from({ length: 1_000 }, (_, count) => byName(`user-${count}`));
      expect(reportsAt(detection, [...before, ...flood, byIp('192.0.2.1')], 0)).to.match(/^0+1$/);
      expect(reportsAt(detection, [...flood, byIp('192.0.2.1')], 0)).to.match(/^0+$/);
    });

    it('are let go of when their window is over', () => {
      const detection = detectionOf();
      for (let count = 0; count < 100; count++) detection.derive(byName(`user-${count}`));
      expect(detection.tracked('user')).to.equal(100);
      now += 1_000;
      detection.derive(byName('ada'));
      expect(detection.tracked('user')).to.equal(1);
    });
  });

  const template = identityEvent('login.failure');
  const byNameFast = (username: string, ip: string): IdentityEvent => ({
    ...template,
    user: { username },
    initiator: { ip },
  });
});

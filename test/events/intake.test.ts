import { expect } from 'chai';
import { SetwireError } from '../../src/errors.js';
import { canonicalTypes } from '../../src/events/identity-event.js';
import { acceptWith, EventRefused } from '../../src/events/intake.js';
import { identityEvent, reportedEvent } from '../support/events.js';

const now = 1_751_705_200_000;
const newId = 'd9f0f6a4-7a5e-4d3b-9d8c-0a1b2c3d4e5f';
const accept = acceptWith({ now: () => now, newId: () => newId, issuer: 'https://host.example.com' });

function refusalOf(reported: unknown): EventRefused {
  try {
    accept(reported);
  } catch (error) {
    expect(error).to.be.instanceOf(EventRefused);
    expect(error).to.be.instanceOf(SetwireError).with.property('code', 'SETWIRE_EVENT_INVALID');
    return error as EventRefused;
  }
  throw new Error('it was accepted');
}

const isDeeplyFrozen = (value: unknown): boolean =>
  typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen));

describe('the intake', () => {
  it('fills in id, time, acceptedAt and the issuer', () => {
    expect(accept({ type: 'login.failure' })).to.deep.equal({
      id: newId,
      type: 'login.failure',
      time: now,
      acceptedAt: now,
      issuer: 'https://host.example.com',
    });
  });

  it('keeps what was given: id in lower case, time, issuer', () => {
    const event = accept({
      type: 'login.failure',
      id: newId.toUpperCase(),
      time: now - 5,
      issuer: 'https://other.example.com',
    });
    expect(event).to.include({ id: newId, time: now - 5, issuer: 'https://other.example.com' });
  });

  it('says itself when it accepted an event', () => {
    expect(accept(identityEvent('login.failure', { acceptedAt: 1_000_000_000_001 })).acceptedAt).to.equal(now);
  });

  it('leaves the issuer out where nobody knows it', () => {
    const acceptAlone = acceptWith({ now: () => now, newId: () => newId });
    expect(acceptAlone({ type: 'login.failure' })).to.not.have.property('issuer');
  });

  it('has the members in one order, whatever the order of the report', () => {
    const { type, user, ...others } = reportedEvent('login.success');
    const shuffled = { ...Object.fromEntries(Object.entries(others).reverse()), user, type };
    expect(JSON.stringify(accept(shuffled))).to.equal(JSON.stringify(accept(reportedEvent('login.success'))));
    expect(Object.keys(accept(shuffled)).slice(0, 5)).to.deep.equal([
      'id',
      'type',
      'time',
      'acceptedAt',
      'correlationId',
    ]);
  });

  it('freezes the event deeply and leaves the report as it was', () => {
    const reported = reportedEvent('session.revoked');
    const before = structuredClone(reported);
    const event = accept(reported);
    expect(isDeeplyFrozen(event)).to.equal(true);
    expect(reported).to.deep.equal(before);
    expect(Object.isFrozen(reported.sessions)).to.equal(false);
  });

  it('takes a time far in the past or the future, in milliseconds', () => {
    for (const time of [1_000_000_000_000, 9_999_999_999_999]) {
      expect(accept({ type: 'login.failure', time }).time).to.equal(time);
    }
  });

  it("takes a host's own, namespaced type", () => {
    expect(accept({ type: 'x-acme.consent.granted' }).type).to.equal('x-acme.consent.granted');
  });

  it('does not let a client refuse its own event by its user agent or an error text', () => {
    const { initiator, reason } = accept({
      type: 'login.failure',
      initiator: { userAgent: `curl\u0000\t\u009b${'x'.repeat(2_000)}` },
      reason: { code: 'a', description: '' },
    });
    expect(initiator?.userAgent)
      .to.match(/^curl\ufffd{3}x+$/)
      .and.to.have.lengthOf(1_024);
    expect(reason).to.deep.equal({ code: 'a' });
  });

  it('does not cut a user agent through a character', () => {
    const { initiator } = accept({ type: 'login.failure', initiator: { userAgent: `${'x'.repeat(1_023)}\u{1f600}` } });
    expect(initiator?.userAgent?.endsWith('x\ufffd')).to.equal(true);
  });

  for (const type of [...canonicalTypes, 'x-acme.consent.granted']) {
    it(`accepts ${type}`, () => {
      const reported = reportedEvent(type);
      expect(accept(reported)).to.deep.include(reported);
    });
  }

  const needed: Record<string, readonly string[]> = {
    'login.success': ['user'],
    'login.suspicious': ['burst'],
    'registration.success': ['user'],
    'token.issued': ['token'],
    'session.established': ['session'],
    'session.presented': ['session'],
    'session.revoked': ['sessions'],
    'credential.updated': ['user', 'credential'],
    'account.created': ['user'],
    'account.profile-updated': ['user', 'changes'],
    'account.locked': ['user'],
    'account.unlocked': ['user'],
    'account.enabled': ['user'],
    'account.disabled': ['user'],
    'account.deleted': ['user'],
  };
  for (const type of canonicalTypes) {
    for (const member of ['type', ...(needed[type] ?? [])]) {
      it(`refuses ${type} without ${member}`, () => {
        const { rule, message } = refusalOf({ ...reportedEvent(type), [member]: undefined });
        expect(rule).to.equal('schema');
        expect(message).to.equal(`the event was refused: ${member} is missing`);
      });
    }

    if (needed[type]?.includes('user')) {
      it(`refuses ${type} of a user with neither id nor name`, () => {
        expect(refusalOf({ ...reportedEvent(type), user: { claims: {} } }).message).to.match(
          /user lacks id or lacks username$/,
        );
      });
    }
  }

  it('says all that is wrong, up to five members', () => {
    expect(refusalOf({ type: 'account.deleted', time: 'now', action: 'x' }).message).to.match(
      /^the event was refused: (?=.*user is missing)(?=.*time must be integer)(?=.*action must match pattern)/,
    );
    const wrong = Object.fromEntries(Array.from({ length: 4_000 }, (_, place) => [`m${place}`, 1]));
    expect(refusalOf({ type: 'login.failure', ...wrong }).message)
      .to.match(/; and more$/)
      .and.to.have.lengthOf.below(3_000);
  });

  it('says which types there are', () => {
    expect(refusalOf({ type: 'login.sucess' }).message)
      .to.include('login.success, login.failure')
      .and.to.include('x-');
  });
});

describe('a hostile or malformed event', () => {
  const secret = 'hunter2-do-not-print';
  const failure = (members: object): object => ({ type: 'login.failure', ...members });
  const claim = (value: unknown): object => failure({ user: { id: 'u', claims: { note: value } } });
  const cyclic: Record<string, unknown> = { username: secret };
  cyclic.claims = { loop: cyclic };
  const deep = Array.from({ length: 10_000 }).reduce<object>((below) => ({ [secret.slice(0, 1)]: below }), { secret });
  const throwing = (): never => {
    throw new Error(secret);
  };

  const table: readonly (readonly [what: string, reported: unknown, rule: string, member: string])[] = [
    ['nothing', undefined, 'not_plain', 'the event'],
    ['null', null, 'not_plain', 'it'],
    ['a text', secret, 'not_plain', 'it'],
    ['a list', [secret], 'not_plain', 'it'],
    ['a function', throwing, 'not_plain', 'the event'],
    [
      'an own __proto__',
      JSON.parse(`{"type":"login.failure","__proto__":{"user":"${secret}"}}`),
      'forbidden_name',
      '__proto__',
    ],
    [
      '__proto__ as a claim',
      failure({ user: { claims: JSON.parse(`{"__proto__":"${secret}"}`) } }),
      'forbidden_name',
      'user.claims.__proto__',
    ],
    [
      'constructor as a claim',
      failure({ user: { claims: { constructor: secret } } }),
      'forbidden_name',
      'user.claims.constructor',
    ],
    [
      'prototype as a change',
      failure({ changes: { added: { prototype: secret } } }),
      'forbidden_name',
      'changes.added.prototype',
    ],
    ['an inherited type', Object.create({ type: 'login.failure', secret }), 'not_plain', 'the event'],
    ['a cycle', failure({ user: cyclic }), 'cycle', 'user.claims.loop'],
    ['a claim of 10 MB', claim(secret + 'x'.repeat(10_000_000)), 'too_large', 'user.claims.note'],
    ['a claim past its limit', claim(secret.repeat(500)), 'schema', 'user.claims.note'],
    ['a huge list', claim(new Array(4_000_000_000)), 'too_large', 'user.claims.note'],
    ['a long list', claim(Array.from({ length: 2_000 }, () => secret)), 'schema', 'user.claims.note'],
    [
      'more groups than text allows',
      failure({ user: { groups: Array.from({ length: 4_000 }, () => secret) } }),
      'too_large',
      'user.groups',
    ],
    ['deep nesting', claim(deep), 'too_deep', 'user.claims.note'],
    ['an object as a claim', claim({ secret }), 'schema', 'user.claims.note'],
    ['a bigint', claim(BigInt(42)), 'not_plain', 'user.claims.note'],
    ['NaN', claim(Number.NaN), 'not_plain', 'user.claims.note'],
    ['a symbol', claim(Symbol(secret)), 'not_plain', 'user.claims.note'],
    ['a Date', failure({ time: new Date() }), 'not_plain', 'time'],
    [
      'a getter that throws',
      Object.defineProperty(failure({}), 'user', { enumerable: true, get: throwing }),
      'not_plain',
      'user',
    ],
    [
      'a Proxy that throws',
      failure({ user: new Proxy({}, { ownKeys: throwing, get: throwing }) }),
      'not_plain',
      'user',
    ],
    ['a revoked Proxy', failure({ user: revoked() }), 'not_plain', 'user'],
    [
      'a toJSON that says something else',
      failure({ user: { username: 'u', toJSON: () => secret } }),
      'not_plain',
      'user.toJSON',
    ],
    [
      'a text with a toJSON',
      failure({ user: { username: Object.assign(new String('u'), { toJSON: () => secret }) } }),
      'not_plain',
      'user.username',
    ],
    ['control characters in a name', failure({ user: { username: `${secret}\u0000` } }), 'schema', 'user.username'],
    ['an escape sequence', failure({ correlationId: `\u001b]0;${secret}\u0007` }), 'schema', 'correlationId'],
    ['an 8-bit escape sequence', failure({ correlationId: `\u009b31m${secret}` }), 'schema', 'correlationId'],
    ['a line break in an id', failure({ user: { id: `${secret}\n` } }), 'schema', 'user.id'],
    ['a bell in a claim', claim(`${secret}\u0007`), 'schema', 'user.claims.note'],
    [
      'a claim name with control characters',
      failure({ user: { claims: { 'a\u001b[2J': secret } } }),
      'schema',
      'user.claims',
    ],
    ['a time in seconds', failure({ time: 1_751_705_149 }), 'schema', 'time'],
    ['a time in microseconds', failure({ time: 1_751_705_149_641_000 }), 'schema', 'time'],
    ['a fraction of a millisecond', failure({ time: 1_751_705_149_641.5 }), 'schema', 'time'],
    ['a time as text', failure({ time: secret }), 'schema', 'time'],
    ['a time of null', failure({ time: null }), 'schema', 'time'],
    ['a user that is a text', failure({ user: secret }), 'schema', 'user'],
    ['a user that is a list', failure({ user: [secret] }), 'schema', 'user'],
    ['groups that are a text', failure({ user: { groups: secret } }), 'schema', 'user.groups'],
    ['an id that is no UUID', failure({ id: secret }), 'schema', 'id'],
    ['an id that is a number', failure({ id: 7 }), 'schema', 'id'],
    ['an address that is none', failure({ initiator: { ip: secret } }), 'schema', 'initiator.ip'],
    ['an unknown member', failure({ password: secret }), 'schema', 'password'],
    ['an unknown member of the user', failure({ user: { password: secret } }), 'schema', 'user.password'],
    ['an unknown type', { type: secret }, 'schema', 'type'],
    ['a type that is a list', { type: ['login.failure', secret] }, 'schema', 'type'],
    ['no sessions at all', { type: 'session.revoked', sessions: [] }, 'schema', 'sessions'],
  ];
  for (const [what, reported, rule, member] of table) {
    it(`is refused for ${what}`, () => {
      const refusal = refusalOf(reported);
      expect(refusal.rule).to.equal(rule);
      expect(refusal.message).to.include(`the event was refused: ${member}`);
      expect(refusal.message).to.not.include('hunter2');
      expect(refusal.message).to.not.match(/\p{Cc}/u);
      expect(refusal.message).to.have.lengthOf.below(2_000);
    });
  }

  it('leaves Object.prototype as it was', () => {
    for (const [, reported] of table) refusalOf(reported);
    expect(Object.keys(Object.prototype)).to.deep.equal([]);
    expect(({} as Record<string, unknown>).user).to.equal(undefined);
  });

  it('does not spoil the next one', () => {
    for (const [, reported] of table) {
      refusalOf(reported);
      expect(accept({ type: 'login.failure' }).type).to.equal('login.failure');
    }
  });
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

import { expect } from 'chai';
import { merge, Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import sinon from 'sinon';
import type { IdentityEvent, ReportedEvent } from '../../src/events/identity-event.js';
import { canonicalTypes, type FlowName, flowTypes } from '../../src/events/identity-event.js';
import { acceptWith } from '../../src/events/intake.js';
import { type FlowDeps, type FlowOptions, type Flows, flowsOf } from '../../src/flows/flow.js';
import { identityEvent } from '../support/events.js';

const options: FlowOptions = {
  login: { suspicious: { failures: 3, windowMs: 10, by: ['user', 'ip'], maxTracked: 100 } },
  session: { presentedEveryMs: 5, maxSessions: 100 },
};
const every: FlowOptions = {
  login: { suspicious: { ...options.login.suspicious, failures: 0 } },
  session: { presentedEveryMs: 0, maxSessions: 1 },
};
const deps: FlowDeps = {
  accept: acceptWith({ now: () => 1_751_705_200_000, newId: () => 'd9f0f6a4-7a5e-4d3b-9d8c-0a1b2c3d4e5f' }),
  onFailure: (error) => {
    throw error;
  },
};
const names = [...(Object.keys(flowTypes) as FlowName[]), 'other'] as const;

const failureOf = (username: string | undefined, ip: string | undefined): IdentityEvent =>
  identityEvent('login.failure', { user: { username }, initiator: { ip } });
const suspicious = (by: 'user' | 'ip', of: Partial<ReportedEvent>): IdentityEvent => {
  const { time, correlationId } = identityEvent('login.failure');
  return deps.accept({ type: 'login.suspicious', time, correlationId, ...of, burst: { by, count: 3, windowMs: 10 } });
};

describe('the flows', () => {
  for (const name of names) {
    it(`${name} has exactly its types`, () => {
      const inbox = new Subject<IdentityEvent>();
      const flows = flowsOf(inbox, every, deps);
      const seen: string[] = [];
      flows[name].subscribe(({ type }) => seen.push(type));
      for (const type of [...canonicalTypes, 'x-acme.consent.granted']) inbox.next(identityEvent(type));
      expect(seen).to.deep.equal(name === 'other' ? ['x-acme.consent.granted'] : flowTypes[name]);
    });
  }

  it('together have every event, unchanged, before next returns', () => {
    const inbox = new Subject<IdentityEvent>();
    const seen: IdentityEvent[] = [];
    merge(...Object.values<Flows[FlowName]>(flowsOf(inbox, every, deps))).subscribe((event) => seen.push(event));
    for (const type of [...canonicalTypes, 'x-acme.consent.granted']) {
      const event = identityEvent(type);
      inbox.next(event);
      expect(seen.splice(0)).to.deep.equal([event]);
    }
  });

  it('bring what is derived before next returns, after what it is derived from', () => {
    const inbox = new Subject<IdentityEvent>();
    const seen: string[] = [];
    flowsOf(inbox, options, deps).login.subscribe(({ type }) => seen.push(type));
    for (let count = 0; count < 3; count++) inbox.next(failureOf('ada', undefined));
    expect(seen).to.deep.equal(['login.failure', 'login.failure', 'login.failure', 'login.suspicious']);
  });

  it('sample and derive once, however many subscribe', () => {
    const accept = sinon.spy(deps.accept);
    const inbox = new Subject<IdentityEvent>();
    const flows = flowsOf(inbox, options, { ...deps, accept });
    const [first, second]: [IdentityEvent[], IdentityEvent[]] = [[], []];
    for (const seen of [first, second]) merge(flows.login, flows.session).subscribe((event) => seen.push(event));
    for (let count = 0; count < 3; count++) inbox.next(failureOf('ada', undefined));
    inbox.next(identityEvent('session.presented'));
    expect(accept.callCount).to.equal(1);
    expect(first).to.have.lengthOf(5);
    expect(second).to.deep.equal(first);
    expect(second[3]).to.equal(first[3]);
  });

  it('go on after a derivation that failed, and the failed login itself passes', () => {
    const wrong = new Error('wrong');
    const onFailure = sinon.spy();
    const accept = sinon.stub().callsFake(deps.accept).onFirstCall().throws(wrong);
    const inbox = new Subject<IdentityEvent>();
    const seen: string[] = [];
    flowsOf(inbox, options, { accept, onFailure }).login.subscribe(({ type }) => seen.push(type.replace('login.', '')));
    const tipping = failureOf('ada', undefined);
    for (const event of [tipping, tipping, tipping, tipping]) inbox.next(event);
    for (let count = 0; count < 3; count++) inbox.next(failureOf('bob', undefined));
    expect(seen.join(' ')).to.equal(`${'failure '.repeat(7)}suspicious`);
    expect(onFailure.args).to.deep.equal([[wrong, tipping]]);
  });

  it('end when the events end', () => {
    const inbox = new Subject<IdentityEvent>();
    const complete = sinon.spy();
    for (const flow of Object.values(flowsOf(inbox, options, deps))) flow.subscribe({ complete });
    inbox.complete();
    expect(complete.callCount).to.equal(names.length);
  });
});

describe('the flows in virtual time', () => {
  /** Runs marbles through one flow: a character is a millisecond. */
  function expectFlow(name: FlowName, marbles: string, expected: string, values: Record<string, IdentityEvent>): void {
    const scheduler = new TestScheduler((actual, wanted) => void expect(actual).to.deep.equal(wanted));
    scheduler.run(({ hot, expectObservable }) => {
      const flows = flowsOf(hot(marbles, values), options, { ...deps, scheduler });
      expectObservable(flows[name]).toBe(expected, values);
    });
  }

  describe('of sessions', () => {
    const sessions = {
      e: identityEvent('session.established', { session: { id: 'one' } }),
      a: identityEvent('session.presented', { session: { id: 'one' } }),
      b: identityEvent('session.presented', { session: { id: 'two' } }),
      r: identityEvent('session.revoked', { sessions: [{ id: 'one' }] }),
    };
    const table: readonly (readonly [what: string, marbles: string, expected: string])[] = [
      ['one presentation per period', 'aaaaaaaaaaaa|', 'a----a----a-|'],
      ['each session for itself', 'ababab--ab|', 'ab------ab|'],
      ['none for a period after the session was established', 'eaaaaaaa|', 'e----a--|'],
      ['every established session', 'ee-e|', 'ee-e|'],
      ['one again after the session was revoked', 'aara|', 'a-ra|'],
      ['none that nobody presents', 'a----------------a|', 'a----------------a|'],
    ];
    for (const [what, marbles, expected] of table) {
      it(`have ${what}`, () => expectFlow('session', marbles, expected, sessions));
    }
  });

  describe('of logins', () => {
    const ada = { user: { username: 'ada' } };
    const address = { initiator: { ip: '192.0.2.1' } };
    const logins = {
      a: failureOf('ada', undefined),
      b: failureOf('bob', undefined),
      i: failureOf(undefined, '192.0.2.1'),
      x: failureOf('ada', '192.0.2.1'),
      s: identityEvent('login.success', ada),
      U: suspicious('user', ada),
      I: suspicious('ip', address),
    };
    // The signs of a group happen at its first one, but what follows it stands as much later as the group is long.
    const table: readonly (readonly [what: string, marbles: string, expected: string])[] = [
      ['a burst of one user', 'a-a-a', 'a-a-(aU)'],
      ['a burst of one address', 'i-i-i', 'i-i-(iI)'],
      ['a burst of both', 'x-x-x', 'x-x-(xUI)'],
      ['none of two users', 'a-b-a-b', 'a-b-a-b'],
      ['none of failures that are too far apart', 'a----a----a----a', 'a----a----a----a'],
      ['one, however long it lasts', 'aaa 7ms a 8ms a 8ms a', 'aa(aU) 4ms a 8ms a 8ms a'],
      ['another after quiet', 'aaa 9ms aaa', 'aa(aU) 6ms aa(aU)'],
      ['none new before there was quiet', 'aaa 8ms a-a-a', 'aa(aU) 5ms a-a-a'],
      ['a burst that a success does not clear', 'aasa', 'aas(aU)'],
    ];
    for (const [what, marbles, expected] of table) {
      it(`have ${what}`, () => expectFlow('login', marbles, expected, logins));
    }
  });
});

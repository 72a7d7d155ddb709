import { expect } from 'chai';
import { sampleSessions } from '../../src/flows/session.js';
import { identityEvent } from '../support/events.js';

const established = (id: string) => identityEvent('session.established', { session: { id } });
const presented = (id: string) => identityEvent('session.presented', { session: { id } });
const revoked = (...ids: string[]) => identityEvent('session.revoked', { sessions: ids.map((id) => ({ id })) });

describe('sampling of sessions', () => {
  let now: number;
  const samplingOf = (maxSessions = 100, presentedEveryMs = 1_000) =>
    sampleSessions({ presentedEveryMs, maxSessions }, () => now);
  beforeEach(() => {
    now = 1_000_000;
  });

  it('lets the first presentation of a session pass, and the next one after the period', () => {
    const sampling = samplingOf();
    expect(sampling.sample(presented('a'))).to.have.lengthOf(1);
    now += 999;
    expect(sampling.sample(presented('a'))).to.have.lengthOf(0);
    now += 1;
    expect(sampling.sample(presented('a'))).to.have.lengthOf(1);
  });

  it('passes the event itself', () => {
    const event = presented('a');
    expect(samplingOf().sample(event)[0]).to.equal(event);
  });

  it('does not prolong the period by what it leaves out', () => {
    const sampling = samplingOf();
    const passed = Array.from({ length: 30 }, () => {
      now += 100;
      return sampling.sample(presented('a')).length;
    });
    expect(passed.join('')).to.equal('100000000010000000001000000000');
  });

  it('counts every session for itself', () => {
    const sampling = samplingOf();
    expect(sampling.sample(presented('a'))).to.have.lengthOf(1);
    expect(sampling.sample(presented('b'))).to.have.lengthOf(1);
  });

  it('takes an established session as announced', () => {
    const sampling = samplingOf();
    expect(sampling.sample(established('a'))).to.have.lengthOf(1);
    expect(sampling.sample(presented('a'))).to.have.lengthOf(0);
    now += 1_000;
    expect(sampling.sample(presented('a'))).to.have.lengthOf(1);
  });

  it('always lets established and revoked sessions pass', () => {
    const sampling = samplingOf();
    for (const event of [established('a'), established('a'), revoked('a'), revoked('a')]) {
      expect(sampling.sample(event)).to.deep.equal([event]);
    }
  });

  it('forgets the sessions that are revoked', () => {
    const sampling = samplingOf();
    for (const id of ['a', 'b', 'c']) sampling.sample(presented(id));
    sampling.sample({ ...revoked('a'), session: { id: 'b' } });
    expect(sampling.tracked).to.equal(1);
    expect(sampling.sample(presented('a'))).to.have.lengthOf(1);
  });

  it('remembers so many sessions, and announces a forgotten one again', () => {
    const sampling = samplingOf(2);
    for (const id of ['a', 'b', 'c']) sampling.sample(presented(id));
    expect(sampling.tracked).to.equal(2);
    expect(sampling.sample(presented('c'))).to.have.lengthOf(0);
    expect(sampling.sample(presented('a'))).to.have.lengthOf(1);
  });

  it('lets go of sessions whose period is over', () => {
    const sampling = samplingOf();
    for (const id of ['a', 'b', 'c']) sampling.sample(presented(id));
    now += 1_000;
    sampling.sample(presented('d'));
    expect(sampling.tracked).to.equal(1);
  });

  it('lets every one pass, and remembers nothing, with a period of 0', () => {
    const sampling = samplingOf(100, 0);
    expect(sampling.sample(presented('a'))).to.have.lengthOf(1);
    expect(sampling.sample(presented('a'))).to.have.lengthOf(1);
    expect(sampling.tracked).to.equal(0);
  });

  it('is not silenced by a clock that was set back', () => {
    const sampling = samplingOf();
    sampling.sample(presented('a'));
    now -= 500_000;
    expect(sampling.sample(presented('a'))).to.have.lengthOf(1);
    expect(sampling.sample(presented('a'))).to.have.lengthOf(0);
  });
});

import { expect } from 'chai';
import { type Breaker, breakerOf, type Permit } from '../../src/transmitter/breaker.js';
import type { CircuitPolicy } from '../../src/transmitter/endpoint.js';

const policy: CircuitPolicy = { failureRate: 0.5, windowMs: 60_000, minAttempts: 4, probeMs: 1000, maxProbeMs: 8000 };
/** Without jitter. */
const breakerWith = (changes: Partial<CircuitPolicy> = {}): Breaker => breakerOf({ ...policy, ...changes }, () => 1);

function go(breaker: Breaker, at: number): Permit {
  const answer = breaker.admit(at);
  if ('waitMs' in answer) expect.fail(`has to wait ${answer.waitMs} ms`);
  return answer;
}

const waitOf = (breaker: Breaker, at: number): number => {
  const answer = breaker.admit(at);
  return 'waitMs' in answer ? answer.waitMs : 0;
};

function fail(breaker: Breaker, times: number, at = 0): void {
  for (let n = 0; n < times; n += 1) breaker.failed(go(breaker, at), at);
}

function succeed(breaker: Breaker, times: number, at = 0): void {
  for (let n = 0; n < times; n += 1) {
    go(breaker, at);
    breaker.succeeded(at);
  }
}

describe('the circuit breaker', () => {
  it('lets everything through while too few attempts were made to judge by', () => {
    const breaker = breakerWith();
    fail(breaker, 3);
    expect(breaker.isOpen).to.equal(false);
    expect(go(breaker, 0)).to.deep.equal({ isProbe: false });
  });

  it('opens when the share of failures is reached', () => {
    const breaker = breakerWith({ minAttempts: 10 });
    succeed(breaker, 6);
    fail(breaker, 5);
    expect(breaker.isOpen).to.equal(false);
    fail(breaker, 1);
    expect(breaker.isOpen).to.equal(true);
  });

  it('forgets what is older than the window', () => {
    const breaker = breakerWith();
    fail(breaker, 3, 0);
    succeed(breaker, 1, 61_000);
    fail(breaker, 2, 62_000);
    expect(breaker.isOpen, 'three attempts in the window').to.equal(false);
    fail(breaker, 1, 63_000);
    expect(breaker.isOpen).to.equal(true);
  });

  it('never opens where it is switched off', () => {
    const breaker = breakerWith({ minAttempts: 0 });
    fail(breaker, 1000);
    expect(breaker.isOpen).to.equal(false);
  });

  it('lets one probe through at a time, and closes when it succeeds', () => {
    const breaker = breakerWith();
    fail(breaker, 4);
    expect(waitOf(breaker, 0)).to.equal(1000);
    expect(waitOf(breaker, 400)).to.equal(600);
    expect(go(breaker, 1000)).to.deep.equal({ isProbe: true });
    expect(waitOf(breaker, 1000)).to.equal(Number.POSITIVE_INFINITY);
    breaker.succeeded(1200);
    expect(breaker.isOpen).to.equal(false);
    expect(go(breaker, 1200)).to.deep.equal({ isProbe: false });
    expect(go(breaker, 1200)).to.deep.equal({ isProbe: false });
  });

  it('probes less and less often, up to a limit, and begins anew after a success', () => {
    const breaker = breakerWith();
    fail(breaker, 4);
    const waits: number[] = [];
    let at = 0;
    for (let n = 0; n < 6; n += 1) {
      waits.push(waitOf(breaker, at));
      at += waits.at(-1) ?? 0;
      breaker.failed(go(breaker, at), at);
    }
    expect(waits).to.deep.equal([1000, 2000, 4000, 8000, 8000, 8000]);
    at += 8000;
    go(breaker, at);
    breaker.succeeded(at);
    fail(breaker, 3, at);
    expect(waitOf(breaker, at)).to.equal(1000);
  });

  it('counts anew after it has closed', () => {
    const breaker = breakerWith();
    fail(breaker, 4);
    go(breaker, 1000);
    breaker.succeeded(1000);
    fail(breaker, 2, 1000);
    expect(breaker.isOpen).to.equal(false);
  });

  it('is not kept open by what was under way when it opened, and closes by it', () => {
    const breaker = breakerWith();
    const before = [go(breaker, 0), go(breaker, 0)];
    fail(breaker, 4);
    breaker.failed(before[0] as Permit, 500);
    expect(waitOf(breaker, 500), 'the probe is not put off').to.equal(500);
    breaker.succeeded(600);
    expect(breaker.isOpen).to.equal(false);
  });

  it('gives the probe to another when it was not made', () => {
    const breaker = breakerWith();
    fail(breaker, 4);
    breaker.returned(go(breaker, 1000));
    expect(go(breaker, 1000)).to.deep.equal({ isProbe: true });
  });

  it('sends nothing before the time that the endpoint has asked for, open or closed', () => {
    const breaker = breakerWith();
    breaker.failed(go(breaker, 0), 0, 30_000);
    expect(breaker.isOpen).to.equal(false);
    expect(waitOf(breaker, 10_000)).to.equal(20_000);
    expect(go(breaker, 30_000)).to.deep.equal({ isProbe: false });
  });

  it('spreads probes: half of the wait at least', () => {
    const breaker = breakerOf(policy, () => 0);
    fail(breaker, 4);
    expect(waitOf(breaker, 0)).to.equal(500);
  });
});

import { expect } from 'chai';
import { delayOf, isPatienceExhausted } from '../../src/transmitter/backoff.js';

const policy = { initialMs: 1000, maxMs: 60_000, maxAgeMs: 3_600_000, maxAttempts: 0, maxRetryAfterMs: 120_000 };

const delays = [
  { attempt: 1, random: 1, expected: 1000 },
  { attempt: 2, random: 1, expected: 2000 },
  { attempt: 6, random: 1, expected: 32_000 },
  { attempt: 7, random: 1, expected: 60_000 },
  { attempt: 10_000, random: 1, expected: 60_000 },
  { attempt: 3, random: 0.25, expected: 1000 },
  { attempt: 3, random: 0, expected: 0 },
  { attempt: 3, random: 0, notBeforeMs: 90_000, expected: 90_000 },
  { attempt: 3, random: 1, notBeforeMs: 10, expected: 4000 },
  { attempt: 1, random: 1, notBeforeMs: 10_000_000, expected: 120_000 },
  { attempt: 1, random: 1, notBeforeMs: Number.POSITIVE_INFINITY, expected: 120_000 },
];

describe('the delay after an attempt', () => {
  for (const { attempt, random, notBeforeMs, expected } of delays) {
    const asked = notBeforeMs === undefined ? '' : ` and Retry-After is ${notBeforeMs} ms`;
    it(`is ${expected} ms after attempt ${attempt} where the random number is ${random}${asked}`, () => {
      expect(delayOf(attempt, policy, () => random, notBeforeMs)).to.equal(expected);
    });
  }

  it('is nothing at any attempt where the policy begins with nothing', () => {
    for (const attempt of [1, 2, 1025, 10_000]) {
      expect(delayOf(attempt, { ...policy, initialMs: 0 }, () => 1)).to.equal(0);
    }
  });

  it('is a whole number of milliseconds', () => {
    expect(delayOf(1, policy, () => 0.123_456)).to.equal(123);
  });
});

const patience = [
  { attempt: 1, ageMs: 0, maxAttempts: 0, exhausted: false },
  { attempt: 100_000, ageMs: 3_599_999, maxAttempts: 0, exhausted: false },
  { attempt: 1, ageMs: 3_600_000, maxAttempts: 0, exhausted: true },
  { attempt: 2, ageMs: 0, maxAttempts: 3, exhausted: false },
  { attempt: 3, ageMs: 0, maxAttempts: 3, exhausted: true },
];

describe('patience', () => {
  for (const { attempt, ageMs, maxAttempts, exhausted } of patience) {
    const limit = maxAttempts === 0 ? 'without a limit of attempts' : `with ${maxAttempts} attempts allowed`;
    it(`${exhausted ? 'ends' : 'lasts'} at attempt ${attempt}, ${ageMs} ms after the first, ${limit}`, () => {
      expect(isPatienceExhausted(attempt, ageMs, { ...policy, maxAttempts })).to.equal(exhausted);
    });
  }
});

import { expect } from 'chai';
import { retryAfterOf } from '../../src/transmitter/retry-after.js';

const now = Date.parse('1994-11-06T08:49:00.000Z');

const rows: readonly { value: string | undefined; expected: number | undefined }[] = [
  { value: '0', expected: 0 },
  { value: '120', expected: 120_000 },
  { value: ' 120 ', expected: 120_000 },
  { value: '99999999999999', expected: 99_999_999_999_999_000 },
  // The three forms of a date, RFC 9110, section 5.6.7.
  { value: 'Sun, 06 Nov 1994 08:49:37 GMT', expected: 37_000 },
  { value: 'Sunday, 06-Nov-94 08:49:37 GMT', expected: 37_000 },
  { value: 'Sun Nov  6 08:49:37 1994', expected: 37_000 },
  { value: 'Sun, 06 Nov 1994 08:00:00 GMT', expected: 0 },
  { value: undefined, expected: undefined },
  { value: '', expected: undefined },
  { value: '-1', expected: undefined },
  { value: '1.5', expected: undefined },
  { value: '1e3', expected: undefined },
  { value: '0x10', expected: undefined },
  { value: '10, 20', expected: undefined },
  { value: 'soon', expected: undefined },
  { value: '1994-11-06T08:49:37Z', expected: undefined },
  { value: 'Sun, 99 Nov 1994 08:49:37 GMT', expected: undefined },
  { value: 'Sun, 06 Nov 1994', expected: undefined },
];

describe('Retry-After', () => {
  for (const { value, expected } of rows) {
    it(`${JSON.stringify(value) ?? 'left out'} means ${expected === undefined ? 'nothing' : `${expected} ms from now`}`, () => {
      expect(retryAfterOf(value, now)).to.equal(expected);
    });
  }

  it('has dates in UTC wherever the machine is', () => {
    const zone = process.env.TZ;
    try {
      process.env.TZ = 'America/New_York';
      expect(new Date(now).getTimezoneOffset(), 'the zone is another').to.equal(300);
      expect(retryAfterOf('Sun Nov  6 08:49:37 1994', now)).to.equal(37_000);
      expect(retryAfterOf('Sun, 06 Nov 1994 08:49:37 GMT', now)).to.equal(37_000);
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });
});

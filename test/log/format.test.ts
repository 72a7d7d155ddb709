import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import { durationText, formatRecord, sizeText } from '../../src/log/format.js';
import type { DeliveryRecord } from '../../src/schema-types.js';

const time = new Date(2026, 10, 23, 14, 3, 44, 123);
const now = time.getTime() + 1_000;
const jti = '051f0c37-b689-44d4-b7d2-29b980ece273';
const record = (members: Partial<DeliveryRecord> = {}): DeliveryRecord => ({
  time: time.toISOString(),
  endpoint: 'crm',
  outcome: 'delivered',
  attempt: 1,
  status: 202,
  durationMs: 12.4,
  bytes: 1841,
  sets: [{ jti, event: 'login.success', user: '9a0b1c2d3e4f5061' }],
  ...members,
});
const plain = { colour: false, now };
const sets = (...events: string[]): DeliveryRecord['sets'] => events.map((event) => ({ jti, event }));

describe('a record as a line', () => {
  for (const [name, members, line] of [
    ['delivered', {}, '14:03:44.123  delivered  crm     202   12 ms  1.8 KB  login.success 051f0c37 u:9a0b1c2d'],
    [
      'delivered at last',
      { attempt: 3 },
      '14:03:44.123  delivered  crm     202   12 ms  1.8 KB  login.success 051f0c37 u:9a0b1c2d  attempt 3',
    ],
    [
      'retry after an answer',
      {
        outcome: 'retry',
        endpoint: 'siem',
        status: 503,
        sets: sets(...Array(12).fill('login.failure')),
        attempt: 2,
        nextRetryAt: new Date(time.getTime() + 1_423).toISOString(),
      },
      '14:03:44.123  retry      siem    503   12 ms  1.8 KB  login.failure ×12  attempt 2, again in 1.4 s',
    ],
    [
      'retry without an answer',
      {
        outcome: 'retry',
        status: undefined,
        error: 'ECONNREFUSED',
        detail: 'refused',
        durationMs: 0.4,
        nextRetryAt: new Date(time.getTime() + 90_000).toISOString(),
        sets: sets('token.issued'),
      },
      '14:03:44.123  retry      crm       -   <1 ms  1.8 KB  token.issued 051f0c37  ECONNREFUSED, attempt 1, again in 90 s',
    ],
    [
      'not tried again for now',
      {
        outcome: 'retry',
        status: 410,
        detail: 'gone; nothing more is sent until the next start',
        sets: sets('token.issued'),
      },
      '14:03:44.123  retry      crm     410   12 ms  1.8 KB  token.issued 051f0c37  attempt 1, gone; nothing more is sent until the next start',
    ],
    [
      'dead by the receiver',
      {
        outcome: 'dead',
        status: 400,
        error: 'invalid_request',
        reason: 'rejected_by_receiver',
        detail: 'no such user',
      },
      '14:03:44.123  dead       crm     400   12 ms  1.8 KB  login.success 051f0c37 u:9a0b1c2d  rejected_by_receiver invalid_request: no such user',
    ],
    [
      'dead without an attempt',
      {
        outcome: 'dead',
        attempt: 0,
        status: undefined,
        durationMs: undefined,
        bytes: undefined,
        reason: 'journal_overflow',
        sets: sets('a.b', 'a.b', 'c.d', 'e.f', 'g.h', 'i.j'),
      },
      '14:03:44.123  dead       crm       -       -       -  a.b ×2, c.d ×1, e.f ×1, others ×2  journal_overflow',
    ],
  ] as const) {
    it(name, () => expect(formatRecord(record(members as Partial<DeliveryRecord>), plain)).to.equal(line));
  }

  it('has its date when it is of another day, and when the others have', () => {
    const tomorrow = now + 86_400_000;
    expect(formatRecord(record(), { colour: false, now: tomorrow })).to.match(/^2026-11-23 14:03:44 {2}delivered/);
    expect(formatRecord(record(), { ...plain, dated: true })).to.match(/^2026-11-23 14:03:44 {2}delivered/);
  });

  it('leaves out what matters less on a narrow terminal', () => {
    expect(formatRecord(record(), { ...plain, columns: 80 })).to.equal(
      '14:03:44  delivered  crm     202   12 ms  login.success 051f0c37',
    );
  });

  it('goes on in the next line where it is longer than the terminal is wide', () => {
    const rejected = record({
      outcome: 'dead',
      status: 400,
      reason: 'rejected_by_receiver',
      detail: 'no such user here',
    });
    expect(formatRecord(rejected, { ...plain, columns: 100 }).split('\n')).to.deep.equal([
      '14:03:44.123  dead       crm     400   12 ms  1.8 KB  login.success 051f0c37 u:9a0b1c2d',
      '                         rejected_by_receiver no such user here',
    ]);
    const wordy = { ...rejected, detail: 'word '.repeat(30).trim() };
    for (const columns of [60, 80, 100, 120]) {
      const text = formatRecord(wordy, { ...plain, columns });
      for (const line of text.split('\n')) expect(line).to.have.length.at.most(columns);
      expect(text.match(/word/g)).to.have.length(30);
    }
    expect(formatRecord(wordy, { ...plain, columns: 5 })).to.include('word');
  });

  for (const [outcome, code] of [
    ['delivered', 32],
    ['retry', 33],
    ['dead', 31],
  ] as const) {
    it(`is coloured where it is ${outcome}, and says the same`, () => {
      const text = formatRecord(record({ outcome }), { colour: true, now });
      expect(text).to.include(`\u001b[${code}m${outcome.padEnd(9)}\u001b[0m`);
      expect(stripVTControlCharacters(text)).to.equal(formatRecord(record({ outcome }), plain));
    });
  }

  it('sends nothing to the terminal that a receiver, or a forged log, has written', () => {
    const evil = '\u001b]0;owned\u0007\u009b2J\r\n\u202e';
    const text = formatRecord(
      record({
        outcome: 'dead',
        endpoint: evil,
        error: evil,
        detail: evil,
        reason: evil as 'too_large',
        sets: [{ jti: evil, event: evil, user: evil }],
      }),
      plain,
    );
    expect(text).not.to.match(/[\p{Cc}\u202e]/u);
  });

  it('cuts long texts', () => {
    const long = 'x'.repeat(1_000);
    expect(formatRecord(record({ outcome: 'dead', reason: 'too_large', detail: long }), plain)).to.have.length.below(
      400,
    );
  });
});

describe('a duration', () => {
  for (const [ms, text] of [
    [0, '0 ms'],
    [0.4, '<1 ms'],
    [1.4, '1 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [9_940, '9.9 s'],
    [9_960, '10 s'],
    [119_000, '119 s'],
    [120_000, '2 min'],
    [7_200_000, '2 h'],
    [12_600_000, '3.5 h'],
    [-5, '0 ms'],
  ] as const) {
    it(`of ${ms} ms is ${text}`, () => expect(durationText(ms)).to.equal(text));
  }
});

describe('a size', () => {
  for (const [bytes, text] of [
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_024, '1.0 KB'],
    [1_841, '1.8 KB'],
    [10_240, '10 KB'],
    [1_023_999, '1.0 MB'],
    [5_242_880, '5.0 MB'],
  ] as const) {
    it(`of ${bytes} bytes is ${text}`, () => expect(sizeText(bytes)).to.equal(text));
  }
});

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { type Decision, decide, poisonFailures, type Tried } from '../../src/transmitter/decision.js';
import type { Answer } from '../../src/transmitter/endpoint.js';

const now = Date.parse('2026-01-01T00:00:00.000Z');
const day = 86_400_000;
const policy = { initialMs: 1000, maxMs: 60_000, maxAgeMs: 3 * day, maxAttempts: 0, maxRetryAfterMs: day };

const answered = (status: number, body = '', headers: Record<string, string> = {}): Answer => ({
  kind: 'answer',
  status,
  headers,
  body,
  durationMs: 3,
  bytes: 100,
});
const err = (code: string, description?: string): string => JSON.stringify({ err: code, description });
const failed = (code: string): Answer => ({ kind: 'failure', code, detail: 'in words', durationMs: 3, bytes: 100 });

const first: Tried = { sets: 1, failures: 1, attempts: 1, forMs: 0, aloneFailures: 0 };
const ofMany: Tried = { ...first, sets: 10 };
const outOfPatience: Tried = { ...first, failures: 40, attempts: 40, forMs: 3 * day };

interface Case {
  readonly answer: Answer;
  readonly tried?: Tried;
  readonly expected: Partial<Decision>;
}

/** What the README says about failures, row by row in its words, and what shows that it is so. */
const rows: readonly (readonly [when: string, ...cases: Case[]])[] = [
  [
    '2xx',
    ...[200, 201, 202, 204, 299].map((status) => ({
      answer: answered(status, 'not { JSON'),
      expected: { kind: 'delivered' as const },
    })),
  ],
  [
    '400 with an RFC 8935 `err`',
    ...['invalid_request', 'invalid_key', 'invalid_issuer', 'invalid_audience', 'x_own_code'].map((error) => ({
      answer: answered(400, err(error, 'alice is unknown')),
      expected: {
        kind: 'dead' as const,
        reason: 'rejected_by_receiver' as const,
        error,
        detail: `the receiver answered ${error}`,
        isTrouble: false,
      },
    })),
  ],
  [
    'the same, or 413, for a batch of several',
    {
      answer: answered(400, err('invalid_request')),
      tried: ofMany,
      expected: { kind: 'halve', error: 'invalid_request' },
    },
    { answer: answered(413), tried: ofMany, expected: { kind: 'halve' } },
  ],
  [
    '401, 403, 400 with `authentication_failed` or `access_denied`',
    ...[
      answered(401),
      answered(403),
      answered(400, err('authentication_failed')),
      answered(400, err('access_denied')),
    ].flatMap((answer) => [
      { answer, expected: { kind: 'retry' as const, isUnauthorised: true } },
      { answer, tried: { ...ofMany, failures: 9 }, expected: { kind: 'retry' as const, isUnauthorised: true } },
      { answer, tried: outOfPatience, expected: { kind: 'retry' as const, isUnauthorised: true } },
    ]),
  ],
  [
    '404, 405, other 4xx, 400 without `err`',
    ...[402, 404, 405, 409, 413, 415, 418, 422, 451, 499, 400].flatMap((status) => [
      { answer: answered(status), expected: { kind: 'retry' as const, inMs: 1000, isTrouble: true } },
      {
        answer: answered(status, 'no { JSON'),
        tried: outOfPatience,
        expected: { kind: 'dead' as const, reason: 'patience_exhausted' as const },
      },
    ]),
  ],
  [
    '408, 429, 5xx',
    ...[408, 429, 500, 502, 503, 504, 599].flatMap((status) => [
      { answer: answered(status), expected: { kind: 'retry' as const, inMs: 1000, detail: `answered ${status}` } },
      {
        answer: answered(status, '', { 'retry-after': '30' }),
        expected: { kind: 'retry' as const, inMs: 30_000, waitMs: 30_000 },
      },
      {
        answer: answered(status, '', { 'retry-after': 'Thu, 01 Jan 2026 01:00:00 GMT' }),
        expected: { kind: 'retry' as const, inMs: 3_600_000, waitMs: 3_600_000 },
      },
      {
        answer: answered(status, '', { 'retry-after': '604800' }),
        expected: { kind: 'retry' as const, inMs: day, waitMs: day },
      },
      { answer: answered(status, '', { 'retry-after': 'soon' }), expected: { kind: 'retry' as const, inMs: 1000 } },
    ]),
  ],
  [
    'a batch of several fails twice with a 4xx or 5xx that may be about one of its SETs',
    ...[400, 409, 422, 500, 502, 503].flatMap((status) => [
      { answer: answered(status), tried: { ...ofMany, failures: 1 }, expected: { kind: 'retry' as const } },
      { answer: answered(status), tried: { ...ofMany, failures: 2 }, expected: { kind: 'halve' as const } },
    ]),
    ...[401, 403, 404, 405, 408, 429].map((status) => ({
      answer: answered(status),
      tried: { ...ofMany, failures: 2 },
      expected: { kind: 'retry' as const },
    })),
    {
      answer: answered(503, '', { 'retry-after': '30' }),
      tried: { ...ofMany, failures: 2 },
      expected: { kind: 'retry', waitMs: 30_000 },
    },
    { answer: failed('ECONNRESET'), tried: { ...ofMany, failures: 9 }, expected: { kind: 'retry' } },
  ],
  [
    'a SET so separated fails five times alone while others pass',
    {
      answer: answered(500),
      tried: { ...first, aloneFailures: poisonFailures - 1 },
      expected: { kind: 'retry' },
    },
    {
      answer: answered(500),
      tried: { ...first, aloneFailures: poisonFailures },
      expected: { kind: 'dead', reason: 'poison', isTrouble: false },
    },
    { answer: answered(404), tried: { ...first, aloneFailures: poisonFailures }, expected: { kind: 'retry' } },
  ],
  [
    '410',
    { answer: answered(410), expected: { kind: 'disable', detail: 'answered 410: gone' } },
    { answer: answered(410), tried: outOfPatience, expected: { kind: 'disable' } },
  ],
  [
    '3xx',
    ...[301, 302, 303, 304, 307, 308].map((status) => ({
      answer: answered(status, '', { location: 'https://elsewhere.example.com' }),
      expected: { kind: 'retry' as const, detail: `answered ${status}: redirects are not followed` },
    })),
    { answer: answered(101), expected: { kind: 'retry' } },
  ],
  [
    'DNS, connect, TLS, broken answer; a 2xx too that is not complete within `timeout`',
    ...['ENOTFOUND', 'ECONNREFUSED', 'CERT_HAS_EXPIRED', 'ETIMEDOUT', 'HPE_INVALID_CONSTANT'].map((error) => ({
      answer: failed(error),
      expected: { kind: 'retry' as const, error, detail: 'in words' },
    })),
  ],
  [
    'an OAuth 2 token that was refused (401)',
    { answer: failed('OAUTH2_TOKEN_FAILED'), expected: { kind: 'retry', error: 'OAUTH2_TOKEN_FAILED' } },
  ],
  [
    'a signature that cannot be made',
    { answer: failed('SIGNING_FAILED'), expected: { kind: 'retry', error: 'SIGNING_FAILED' } },
  ],
  [
    'patience ends (`retry.maxAge`, 3 days; `retry.maxAttempts`)',
    {
      answer: failed('ECONNREFUSED'),
      tried: outOfPatience,
      expected: { kind: 'dead', reason: 'patience_exhausted', error: 'ECONNREFUSED' },
    },
    { answer: answered(503), tried: { ...outOfPatience, forMs: 3 * day - 1 }, expected: { kind: 'retry' } },
  ],
];

const decided = ({ answer, tried = first }: Case): Decision => decide(answer, tried, policy, { now, random: () => 1 });

describe('the failure policy', () => {
  for (const [when, ...cases] of rows) {
    it(when, () => {
      expect(cases).to.not.have.lengthOf(0);
      for (const each of cases) expect(decided(each), JSON.stringify(each.answer)).to.deep.include(each.expected);
    });
  }

  it('is what the README says, row by row', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const [, table = ''] = /\| what happens \| what Setwire does \|\n\|---\|---\|\n((?:\|.*\n)+)/.exec(readme) ?? [];
    const firstCells = table.split('\n').flatMap((line) => line.split(' | ')[0]?.slice(2) || []);
    // What the table says about events that never come to an attempt is shown elsewhere.
    expect(firstCells.slice(0, rows.length)).to.deep.equal(rows.map(([when]) => when));
  });

  it('backs off by the failures of the batch as it is now, not by those before it was taken apart', () => {
    const inMs = [1, 2, 3].map((failures) =>
      decided({ answer: answered(500), tried: { ...first, failures, attempts: 30 }, expected: {} }),
    );
    expect(inMs.map((each) => 'inMs' in each && each.inMs)).to.deep.equal([1000, 2000, 4000]);
  });

  it('takes a receiver’s code as it came, but what would disturb a log', () => {
    const decision = decided({ answer: answered(400, err(`x\u001b[31m\n${'y'.repeat(200)}`)), expected: {} });
    expect('error' in decision && decision.error).to.match(/^x\ufffd\[31m\ufffdy{57}$/);
  });

  it('survives any body of a 400', () => {
    for (const body of [
      '',
      'null',
      '[]',
      '"err"',
      '{"err":17}',
      '{"err":""}',
      '{"err":{}}',
      '\u0000',
      '{"title":"problem"}',
    ]) {
      const decision = decided({ answer: answered(400, body), expected: {} });
      expect(decision.kind, body).to.equal('retry');
      expect('error' in decision, body).to.equal(false);
    }
  });

  it('never repeats what a receiver says in words', () => {
    const decision = decided({ answer: answered(400, err('invalid_request', 'alice@example.com')), expected: {} });
    expect(JSON.stringify(decision)).to.not.include('alice');
  });

  it('never waits beyond the longest Retry-After that is allowed', () => {
    const headers = { 'retry-after': 'Fri, 01 Jan 2027 00:00:00 GMT' };
    expect(decided({ answer: answered(503, '', headers), expected: {} })).to.deep.include({ inMs: day, waitMs: day });
  });

  it('ends patience by attempts where they are limited', () => {
    const limited = { ...policy, maxAttempts: 3 };
    const kinds = [2, 3].map(
      (attempts) => decide(answered(500), { ...first, attempts }, limited, { now, random: () => 1 }).kind,
    );
    expect(kinds).to.deep.equal(['retry', 'dead']);
  });
});

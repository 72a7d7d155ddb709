import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { type Decision, decide, type Fate, poisonFailures, type Tried } from '../../src/transmitter/decision.js';
import type { Answer, Endpoint } from '../../src/transmitter/endpoint.js';

const now = Date.parse('2026-01-01T00:00:00.000Z');
const day = 86_400_000;
const retry = { initialMs: 1000, maxMs: 60_000, maxAgeMs: 3 * day, maxAttempts: 0, maxRetryAfterMs: day };
const policy = { delivery: 'webhook', retry } as const;

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

const first: Tried = { sets: 1, failures: 1, attempts: 1, forMs: 0, aloneFailures: 0, unanswered: 0 };
const ofMany: Tried = { ...first, sets: 10 };
const outOfPatience: Tried = { ...first, failures: 40, attempts: 40, forMs: 3 * day };

interface Case {
  readonly answer: Answer;
  readonly tried?: Tried;
  readonly delivery?: Endpoint['delivery'];
  readonly expected: Partial<Decision>;
  readonly fates?: Record<string, string>;
}

/** Three SETs of a request, and one of an earlier one that waits for its answer. */
const sentBefore = ['a', 'b', 'c', 'late'];
const eachOf = (jtis = ['a', 'b', 'c'], forMs = 0) => ({
  jtis,
  known: (jti: string) => (sentBefore.includes(jti) ? { attempts: 1, forMs } : undefined),
});
const ofEach: Tried = { ...first, sets: 3, each: eachOf() };

interface EachCase {
  readonly jtis?: string[];
  readonly unanswered?: number;
  readonly inMs?: number;
  readonly forMs?: number;
}

/** @param fates in words: kind, reason, code */
function each(
  status: number,
  body: object,
  fates: Record<string, string>,
  { jtis, unanswered = 0, inMs = 2000 * 2 ** unanswered, forMs }: EachCase = {},
): Case {
  const tried = { ...ofEach, unanswered, each: eachOf(jtis, forMs) };
  return {
    delivery: 'multi-push',
    answer: answered(status, JSON.stringify(body)),
    tried,
    fates,
    expected: { kind: 'partly', inMs },
  };
}

/** What the README says about failures, row by row in its words, and what shows that it is so. */
const rows: readonly (readonly [when: string, ...cases: Case[]])[] = [
  [
    '2xx',
    ...[200, 201, 202, 204, 299].map((status) => ({
      answer: answered(status, 'not { JSON'),
      expected: { kind: 'delivered' as const },
    })),
    { delivery: 'push', answer: answered(202), expected: { kind: 'delivered' } },
    {
      delivery: 'push',
      answer: answered(200),
      expected: { kind: 'delivered', detail: 'answered 200, where 202 is meant' },
    },
    {
      delivery: 'push',
      answer: answered(202, '{"err":"invalid_request"}'),
      expected: { kind: 'delivered', detail: 'answered 202 with a body, where none is meant' },
    },
  ],
  [
    'multi-SET push, 2xx: `ack` names a SET',
    each(202, { ack: ['a', 'b', 'c'] }, { a: 'delivered', b: 'delivered', c: 'delivered' }),
    each(
      202,
      { ack: ['c', 'late', 'stranger', 'a', 'b', 'a'] },
      {
        a: 'delivered',
        b: 'delivered',
        c: 'delivered',
        late: 'delivered',
      },
    ),
    { ...each(200, { ack: ['a'], setErrs: {} }, { a: 'delivered', b: 'again', c: 'again' }) },
    each(202, { ack: ['late'] }, { late: 'delivered' }, { jtis: [] }),
  ],
  [
    '`setErrs` names it, or both do',
    each(
      202,
      { ack: ['a', 'b'], setErrs: { c: { err: 'invalid_issuer', description: 'alice' } } },
      {
        a: 'delivered',
        b: 'delivered',
        c: 'dead rejected_by_receiver invalid_issuer',
      },
    ),
    each(
      202,
      { ack: ['a', 'b'], setErrs: { b: { err: 'x_own' }, c: {}, late: { err: 'access_denied' } } },
      {
        a: 'delivered',
        b: 'dead rejected_by_receiver x_own',
        c: 'dead rejected_by_receiver unspecified',
        late: 'dead rejected_by_receiver access_denied',
      },
    ),
    each(
      202,
      { ack: [], setErrs: { stranger: { err: 'x' }, a: null, b: 'no', c: { err: 7 } } },
      {
        a: 'dead rejected_by_receiver unspecified',
        b: 'dead rejected_by_receiver unspecified',
        c: 'dead rejected_by_receiver unspecified',
      },
    ),
  ],
  [
    'neither names it',
    each(202, { ack: [] }, { a: 'again', b: 'again', c: 'again' }, { inMs: 2000 }),
    each(202, { ack: ['b'] }, { a: 'again', b: 'delivered', c: 'again' }, { unanswered: 2, inMs: 8000 }),
    each(202, { ack: [] }, { a: 'again', b: 'again', c: 'again' }, { unanswered: 99, inMs: 60_000 }),
    each(
      202,
      { ack: ['b'] },
      {
        a: 'dead patience_exhausted undefined',
        b: 'delivered',
        c: 'dead patience_exhausted undefined',
      },
      { forMs: 3 * day },
    ),
  ],
  [
    'the body is not what the draft says',
    ...[
      '',
      'no { JSON',
      'null',
      '[]',
      '{}',
      '{"ack":{}}',
      '{"ack":[1]}',
      '{"ack":[],"setErrs":[]}',
      '{"ack":[],"setErrs":null}',
    ].map((body) => ({
      delivery: 'multi-push' as const,
      answer: answered(202, body),
      tried: ofEach,
      expected: { kind: 'retry' as const, inMs: 1000, isTrouble: true },
    })),
    {
      delivery: 'multi-push',
      answer: answered(202),
      tried: { ...ofEach, attempts: 40, forMs: 3 * day },
      expected: { kind: 'dead', reason: 'patience_exhausted' },
    },
  ],
  [
    'multi-SET push, 400 with another `err`, problem+json',
    ...[err('invalid_request'), '{"title":"no","err":"invalid_request"}'].flatMap((body) => [
      {
        delivery: 'multi-push' as const,
        answer: answered(400, body),
        tried: ofEach,
        expected: { kind: 'retry' as const, error: 'invalid_request' },
      },
      {
        delivery: 'multi-push' as const,
        answer: answered(400, body),
        tried: { ...ofEach, failures: 2 },
        expected: { kind: 'halve' as const, error: 'invalid_request' },
      },
    ]),
    {
      delivery: 'multi-push',
      answer: answered(422, '{"type":"about:blank","err":"authentication_failed"}'),
      tried: ofEach,
      expected: { kind: 'retry', error: 'authentication_failed', isUnauthorised: true },
    },
    {
      delivery: 'multi-push',
      answer: answered(400, '{"title":"no"}'),
      tried: ofEach,
      expected: { kind: 'retry', isTrouble: true },
    },
  ],
  [
    '413, or `too_many_sets`, for a batch of several',
    { answer: answered(413), tried: ofMany, expected: { kind: 'halve', isTooLarge: true, isTrouble: false } },
    ...[answered(413), answered(413, '{"err":"too_many_sets"}'), answered(400, err('too_many_sets'))].map((answer) => ({
      delivery: 'multi-push' as const,
      answer,
      tried: ofEach,
      expected: { kind: 'halve' as const, isTooLarge: true, isTrouble: false },
    })),
    {
      delivery: 'multi-push',
      answer: answered(400, err('too_many_sets')),
      tried: { ...ofEach, sets: 1 },
      expected: { kind: 'retry' },
    },
  ],
  [
    '400 with `invalid_key`',
    ...(['webhook', 'push'] as const).flatMap((delivery) => [
      {
        delivery,
        answer: answered(400, err('invalid_key')),
        expected: { kind: 'retry' as const, error: 'invalid_key' },
      },
      {
        delivery,
        answer: answered(400, err('invalid_key')),
        tried: outOfPatience,
        expected: { kind: 'dead' as const, reason: 'patience_exhausted' as const, error: 'invalid_key' },
      },
    ]),
  ],
  [
    '400 with an RFC 8935 `err`',
    ...(['webhook', 'push'] as const).flatMap((delivery) =>
      ['invalid_request', 'invalid_issuer', 'invalid_audience', 'invalid_state', 'x_own_code'].map((error) => ({
        delivery,
        answer: answered(400, err(error, 'alice is unknown')),
        expected: {
          kind: 'dead' as const,
          reason: 'rejected_by_receiver' as const,
          error,
          detail: `the receiver answered ${error}`,
          isTrouble: false,
        },
      })),
    ),
    {
      delivery: 'push',
      answer: answered(400, '{"title":"Bad Request","err":"invalid_request"}', {
        'content-type': 'application/problem+json',
      }),
      expected: { kind: 'dead', error: 'invalid_request' },
    },
  ],
  [
    'the same for a batch of several',
    {
      answer: answered(400, err('invalid_request')),
      tried: ofMany,
      expected: { kind: 'halve', error: 'invalid_request' },
    },
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
    'a SET that cannot be signed or encrypted',
    ...['SIGNING_FAILED', 'ENCRYPTION_FAILED'].map((error) => ({
      answer: failed(error),
      expected: { kind: 'retry' as const, error },
    })),
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

const decided = ({ answer, tried = first, delivery = 'webhook' }: Case): Decision =>
  decide(answer, tried, { delivery, retry }, { now, random: () => 1 });

describe('the failure policy', () => {
  for (const [when, ...cases] of rows) {
    it(when, () => {
      expect(cases).to.not.have.lengthOf(0);
      for (const one of cases) {
        const decision = decided(one);
        expect(decision, JSON.stringify(one.answer)).to.deep.include(one.expected);
        if (one.fates === undefined) continue;
        const fates = decision.kind === 'partly' ? decision.fates : new Map<string, Fate>();
        const told = Array.from(fates, ([jti, fate]) => [
          jti,
          fate.kind === 'dead' ? `dead ${fate.reason} ${fate.error}` : fate.kind,
        ]);
        expect(Object.fromEntries(told), JSON.stringify(one.answer)).to.deep.equal(one.fates);
        expect(
          JSON.stringify(Array.from(fates, ([, fate]) => ('detail' in fate ? fate.detail : ''))),
          'its words',
        ).to.not.include('alice');
      }
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
    const limited = { ...policy, retry: { ...retry, maxAttempts: 3 } };
    const kinds = [2, 3].map(
      (attempts) => decide(answered(500), { ...first, attempts }, limited, { now, random: () => 1 }).kind,
    );
    expect(kinds).to.deep.equal(['retry', 'dead']);
  });
});

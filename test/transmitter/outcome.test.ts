import { expect } from 'chai';
import type { Answer, Outcome } from '../../src/transmitter/endpoint.js';
import { outcomeOf } from '../../src/transmitter/outcome.js';

const now = Date.parse('2026-01-01T00:00:00.000Z');

const answered = (status: number, body = '', headers: Record<string, string> = {}): Answer => ({
  kind: 'answer',
  status,
  headers,
  body,
  durationMs: 3,
  bytes: 100,
});
const failed = (code: string): Answer => ({ kind: 'failure', code, detail: 'in words', durationMs: 3, bytes: 100 });
const outcome = (...args: Parameters<typeof answered>): Outcome => outcomeOf(answered(...args), now);

describe('the failure policy', () => {
  it('2xx: delivered', () => {
    for (const status of [200, 201, 202, 204, 299]) expect(outcome(status)).to.deep.equal({ kind: 'delivered' });
    expect(outcome(200, 'not { JSON')).to.deep.equal({ kind: 'delivered' });
  });

  it('400 with an RFC 8935 err: dead, rejected by the receiver', () => {
    for (const error of ['invalid_request', 'invalid_key', 'invalid_issuer', 'invalid_audience', 'x_own_code']) {
      const dead = { kind: 'dead', reason: 'rejected_by_receiver', error, detail: `the receiver answered ${error}` };
      expect(outcome(400, JSON.stringify({ err: error }))).to.deep.equal(dead);
      expect(outcome(400, JSON.stringify({ err: error, description: 'alice is unknown' }))).to.deep.equal(dead);
    }
  });

  it('400 with authentication_failed or access_denied: retry', () => {
    for (const error of ['authentication_failed', 'access_denied']) {
      expect(outcome(400, JSON.stringify({ err: error }))).to.deep.equal({
        kind: 'retry',
        error,
        detail: `the receiver answered ${error}`,
      });
    }
  });

  it('401, 403: retry, not authorised', () => {
    expect(outcome(401)).to.deep.equal({ kind: 'retry', detail: 'answered 401: not authorised' });
    expect(outcome(403)).to.deep.equal({ kind: 'retry', detail: 'answered 403: not authorised' });
  });

  it('404, 405, other 4xx, 400 without err: retry', () => {
    for (const status of [402, 404, 405, 409, 413, 415, 418, 422, 451, 499]) {
      expect(outcome(status)).to.deep.equal({ kind: 'retry', detail: `answered ${status}` });
    }
    expect(outcome(400)).to.deep.equal({ kind: 'retry', detail: 'answered 400 without an RFC 8935 error code' });
  });

  it('408, 429, 5xx: retry, not before Retry-After', () => {
    for (const status of [408, 429, 500, 502, 503, 504, 599]) {
      const detail = `answered ${status}`;
      expect(outcome(status)).to.deep.equal({ kind: 'retry', detail });
      expect(outcome(status, '', { 'retry-after': '30' })).to.deep.equal({
        kind: 'retry',
        detail,
        notBeforeMs: 30_000,
      });
      expect(outcome(status, '', { 'retry-after': 'Thu, 01 Jan 2026 00:02:00 GMT' })).to.deep.equal({
        kind: 'retry',
        detail,
        notBeforeMs: 120_000,
      });
      expect(outcome(status, '', { 'retry-after': 'soon' })).to.deep.equal({ kind: 'retry', detail });
    }
  });

  it('410: the endpoint is disabled', () => {
    expect(outcome(410)).to.deep.equal({ kind: 'disable', detail: 'answered 410: gone' });
  });

  it('3xx: retry, redirects are not followed', () => {
    for (const status of [300, 301, 302, 303, 304, 307, 308]) {
      expect(outcome(status, '', { location: 'https://elsewhere.example/' })).to.deep.equal({
        kind: 'retry',
        detail: `answered ${status}: redirects are not followed`,
      });
    }
  });

  it('DNS, connect, TLS, timeout, broken answer: retry with the code', () => {
    for (const error of ['ENOTFOUND', 'ECONNREFUSED', 'CERT_HAS_EXPIRED', 'ETIMEDOUT', 'HPE_INVALID_CONSTANT']) {
      expect(outcomeOf(failed(error), now)).to.deep.equal({ kind: 'retry', error, detail: 'in words' });
    }
  });

  it('statuses that make no sense: retry', () => {
    for (const status of [0, 101, 199]) {
      expect(outcome(status)).to.deep.equal({ kind: 'retry', detail: `answered ${status}` });
    }
    expect(outcome(999)).to.deep.equal({ kind: 'retry', detail: 'answered 999' });
  });
});

describe('a 400 answer without a usable err', () => {
  const bodies = [
    '',
    'Bad Request',
    '<html>',
    'null',
    '7',
    '"err"',
    '[]',
    '[{"err":"invalid_key"}]',
    '{}',
    '{"err":""}',
    '{"err":null}',
    '{"err":42}',
    '{"err":{"code":"invalid_key"}}',
    '{"ERR":"invalid_key"}',
    '{"type":"about:blank","title":"Bad Request","status":400}',
    '{"err":"invalid_key"',
  ];
  for (const body of bodies) {
    it(`is tried again: ${body || 'nothing'}`, () => {
      expect(outcome(400, body)).to.deep.equal({
        kind: 'retry',
        detail: 'answered 400 without an RFC 8935 error code',
      });
    });
  }

  it('is read whatever its media type says', () => {
    const body = JSON.stringify({ type: 'about:blank', err: 'invalid_key' });
    expect(outcome(400, body, { 'content-type': 'application/problem+json' })).to.include({ kind: 'dead' });
  });
});

describe('an err that is hostile', () => {
  const errorOf = (err: string): string | undefined => {
    const result = outcome(400, JSON.stringify({ err }));
    return result.kind === 'dead' ? result.error : undefined;
  };

  it('is cut to 64 characters', () => {
    expect(errorOf('x'.repeat(60_000))).to.equal('x'.repeat(64));
  });

  it('loses what would move a terminal or break a line', () => {
    expect(errorOf('\u001b[31mred\nnext\u202eback')).to.equal('\ufffd[31mred\ufffdnext\ufffdback');
  });

  it('is not cut in the middle of a character', () => {
    expect(errorOf(`${'x'.repeat(63)}\u{1f511}`)).to.equal(`${'x'.repeat(63)}\ufffd`);
  });
});

import type { Answer, Outcome } from './endpoint.js';
import { retryAfterOf } from './retry-after.js';

/** Codes that may be a matter of credentials that are about to be renewed (RFC 8935, section 2.4). */
const transientCodes = new Set(['authentication_failed', 'access_denied']);

/**
 * The `err` of an RFC 8935 error answer, made safe to log; undefined where the body is anything else. Its `description` is
 * left alone: a receiver may repeat in it what it was sent, and no claim may stand in the log.
 */
function errorCodeOf(body: string): string | undefined {
  try {
    const { err } = (JSON.parse(body) ?? {}) as { err?: unknown };
    return typeof err === 'string' && err !== '' ? err.slice(0, 64).replace(/\p{C}/gu, '\ufffd') : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The failure policy: what follows from one attempt. Its rows stand in the README in the same order.
 *
 * @param now milliseconds, for a Retry-After that is a date
 */
export function outcomeOf(answer: Answer, now: number): Outcome {
  if (answer.kind === 'failure') return { kind: 'retry', error: answer.code, detail: answer.detail };
  const { status, headers, body } = answer;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 400) {
    const error = errorCodeOf(body);
    if (error === undefined) return { kind: 'retry', detail: 'answered 400 without an RFC 8935 error code' };
    const detail = `the receiver answered ${error}`;
    return transientCodes.has(error)
      ? { kind: 'retry', error, detail }
      : { kind: 'dead', reason: 'rejected_by_receiver', error, detail };
  }
  if (status === 401 || status === 403) return { kind: 'retry', detail: `answered ${status}: not authorised` };
  if (status === 410) return { kind: 'disable', detail: 'answered 410: gone' };
  if (status === 408 || status === 429 || status >= 500) {
    const notBeforeMs = retryAfterOf(headers['retry-after'], now);
    return { kind: 'retry', detail: `answered ${status}`, ...(notBeforeMs !== undefined && { notBeforeMs }) };
  }
  if (status >= 300 && status < 400) return { kind: 'retry', detail: `answered ${status}: redirects are not followed` };
  return { kind: 'retry', detail: `answered ${status}` };
}

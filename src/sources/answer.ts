import { STATUS_CODES } from 'node:http';
import type { Fault } from './source.js';

/** What a request is answered with. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Why it was not taken, for the log. */
  readonly why?: string;
}

/** It is in the journal. */
export const accepted: Answer = { status: 202, headers: {}, body: '' };

/** So many faults are told, of however many there are. */
const maxFaults = 100;

const wordsOf = (detail: string, errors: readonly Fault[]): string =>
  [detail, ...errors.slice(0, 3).map((fault) => `line ${fault.line}: ${fault.detail}`)].join('; ');

/** A problem (RFC 9457): what is wrong, in words that hold no value of the request. */
export function problem(
  status: number,
  detail: string,
  { headers = {}, faults = [] }: { readonly headers?: Record<string, string>; readonly faults?: readonly Fault[] } = {},
): Answer {
  const errors = faults.slice(0, maxFaults);
  const members = {
    type: 'about:blank',
    title: STATUS_CODES[status],
    status,
    detail,
    ...(errors.length > 0 && { errors }),
  };
  return {
    status,
    headers: { ...headers, 'content-type': 'application/problem+json' },
    body: JSON.stringify(members),
    why: wordsOf(detail, errors),
  };
}

/** What was said is wrong, and will be whenever it is said again. */
export function badRequest(faults: readonly Fault[]): Answer {
  const [first] = faults;
  if (faults.length === 1 && first?.line === undefined) return problem(400, first?.detail ?? '');
  const lines = faults.length === 1 ? 'a line is' : `${faults.length} lines are`;
  return problem(400, `${lines} wrong: none was taken`, { faults });
}

/** The same may be sent again, and is taken once. */
export const later = (status: 429 | 503, why: string): Answer =>
  problem(status, `${why}: nothing is lost if the same is sent again`, { headers: { 'retry-after': '5' } });

import type { Endpoint } from '../endpoint.js';
import { errorCodeIn } from '../error-code.js';
import type { Format } from './format.js';

/** Where the published draft and its editor's copy differ in what is sent. */
const contentTypes = {
  'draft-02': 'application/json',
  secevents: 'application/secevents+json',
} as const satisfies Record<Endpoint['wire'], string>;

/**
 * SETs by their `jti`, or none, to ask for late answers (draft-deshpande-secevent-http-multi-set-push-02). A `jti` that
 * would come twice stands there once.
 */
export const multiPush = (wire: Endpoint['wire']): Format => ({
  contentType: contentTypes[wire],
  isSingle: false,
  // Their order has no meaning, says the draft.
  isOrdered: false,
  around: '{"sets":{}}'.length,
  sizeOf: ({ jti }, bytes) => Buffer.byteLength(JSON.stringify(jti)) + ':"",'.length + bytes,
  bodyOf(sets) {
    const byJti = new Map(sets.map(({ jti, sent }) => [jti, sent]));
    // A compact JWT has no character that JSON would escape.
    return `{"sets":{${Array.from(byJti, ([jti, sent]) => `${JSON.stringify(jti)}:"${sent}"`).join(',')}}}`;
  },
});

/** What a receiver has said of single SETs. */
export interface Answers {
  readonly acknowledged: readonly string[];
  /** Those that it refuses: the code, and all that it said of it. */
  readonly refused: ReadonlyMap<string, { readonly code: string; readonly text: string }>;
}

/** The answers in the body of a 2xx; undefined: it is not what the draft says. */
export function answersOf(body: string): Answers | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return undefined;
  }
  const { ack, setErrs = {} } = (answer ?? {}) as { ack?: unknown; setErrs?: unknown };
  if (!Array.isArray(ack) || !ack.every((jti) => typeof jti === 'string')) return undefined;
  if (typeof setErrs !== 'object' || setErrs === null || Array.isArray(setErrs)) return undefined;
  const refused = Object.entries(setErrs).map(([jti, error]) => {
    // An error that does not say which it is, is an error all the same.
    return [jti, { code: errorCodeIn(error) ?? 'unspecified', text: JSON.stringify(error) }] as const;
  });
  return { acknowledged: ack, refused: new Map(refused) };
}

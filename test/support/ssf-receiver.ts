// A receiver of Security Event Tokens, written from the RFCs alone: nothing here comes from src/, or from the library that
// src/ signs with. It fetches the JWK Set over HTTP, and believes nothing that it has not checked.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { type Claims, checkSet, type SetError } from './ssf-check.js';
import { remoteKeysAt } from './ssf-keys.js';

/** `draft-02` and `secevents`: draft-deshpande-secevent-http-multi-set-push-02, and the editor's copy after it. */
export type Wire = 'push' | 'draft-02' | 'secevents';

/** An answer, as it leaves. */
export interface SsfAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** How it answers from now on. All of it can be changed at any time. */
export interface Behaviour {
  /** Multi-SET push: more SETs than these are answered with `too_many_sets`. */
  maxSets?: number;
  /** Multi-SET push: a longer body is answered with 413. */
  maxBytes?: number;
  /** Multi-SET push: one answer settles so many SETs at most; the others wait for later answers. 0: all are late. */
  perAnswer?: number;
  /** Multi-SET push: SETs that are accepted, but never answered. */
  neverAnswers?: (jti: string) => boolean;
  /** SETs that it refuses although nothing is wrong with them. */
  refuses?: (claims: Claims) => { readonly err: string; readonly description?: string } | undefined;
  /** Answers in its stead, before anything is looked at: an outage, `application/problem+json`, whatever. */
  instead?: (request: { readonly sets: readonly string[]; readonly number: number }) => SsfAnswer | undefined;
}

export interface SsfReceiverOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string;
  /** RFC 8935 where left out. */
  readonly wire?: Wire;
  /** Milliseconds. */
  readonly now?: () => number;
  /** Opens what is encrypted to it: compact JWE to compact JWS. Left out: nothing is encrypted. */
  readonly open?: (compact: string) => string;
}

/** A request, and how it was answered. */
export interface SsfRequest {
  readonly headers: IncomingMessage['headers'];
  /** Compact SETs as they came, in their order. */
  readonly sets: readonly string[];
  readonly status: number;
}

export interface SsfReceiver {
  readonly url: string;
  readonly behaviour: Behaviour;
  /** Claims of the SETs that were accepted, by `jti`, in the order in which they first came. */
  readonly accepted: ReadonlyMap<string, Claims>;
  /** `kid`s that accepted SETs were signed with. */
  readonly kids: ReadonlySet<string>;
  readonly refused: readonly SetError[];
  readonly requests: readonly SsfRequest[];
  /** `jti`s that came again although they had been answered. */
  readonly repeated: readonly string[];
  /** How often the JWK Set was fetched. */
  readonly jwksFetches: number;
  stop(): Promise<void>;
}

const json = 'application/json';
const contentTypes = { push: 'application/secevent+jwt', 'draft-02': json, secevents: 'application/secevents+json' };

const mediaTypeOf = (header: string | undefined): string => header?.split(';')[0]?.trim().toLowerCase() ?? '';

const accepts = (header: string | undefined, type: string): boolean =>
  (header ?? '').split(',').some((each) => mediaTypeOf(each) === type);

const answerWith = (status: number, body: unknown, type = json): SsfAnswer => ({
  status,
  headers: { 'content-type': type, 'content-language': 'en' },
  body: JSON.stringify(body),
});

/** RFC 8935, section 2.3; the editor's copy has RFC 9457 instead. */
function failureOf(wire: Wire, err: string, description: string, status = 400): SsfAnswer {
  return wire === 'secevents'
    ? answerWith(status, { type: 'about:blank', status, title: description, err }, 'application/problem+json')
    : answerWith(status, { err, description });
}

/** The SETs of a request; undefined: it is no request of this kind. */
function setsIn(body: string, wire: Wire): ReadonlyMap<string, string> | undefined {
  if (wire === 'push') return new Map([['', body]]);
  try {
    const { sets, ...others } = JSON.parse(body) as { sets?: unknown };
    if (typeof sets !== 'object' || sets === null || Array.isArray(sets)) return undefined;
    const entries = Object.entries(sets);
    if (Object.keys(others).length > 0 || entries.some(([, set]) => typeof set !== 'string')) return undefined;
    return new Map(entries);
  } catch {
    return undefined;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Starts it on a free loopback port. */
export async function startSsfReceiver(options: SsfReceiverOptions): Promise<SsfReceiver> {
  const { wire = 'push', now = Date.now, open } = options;
  const keys = remoteKeysAt(options.jwksUrl);
  const behaviour: Behaviour = {};
  const accepted = new Map<string, Claims>();
  const kids = new Set<string>();
  const refused: SetError[] = [];
  const requests: SsfRequest[] = [];
  const repeated: string[] = [];
  /** What is still to be answered, oldest first. */
  const owed = new Map<string, { readonly err: string; readonly description?: string } | undefined>();
  const answered = new Set<string>();

  type Verdict = { readonly err: string; readonly description?: string } | undefined;

  /** What it says of one SET, once it has looked at all of it. */
  async function take(set: string, named: string): Promise<Verdict> {
    const compact = open === undefined ? set : open(set);
    const checked = await checkSet(compact, { ...options, keys, now });
    if (checked.kind === 'refused') {
      refused.push(checked.error);
      return checked.error;
    }
    const { jti, claims, kid } = checked;
    const before = accepted.get(jti);
    const wrong =
      named !== '' && named !== jti
        ? 'its jti is not the one that it is named by'
        : before !== undefined && !isDeepStrictEqual(before, claims)
          ? 'another SET had this jti'
          : undefined;
    if (wrong !== undefined) {
      const error: SetError = { err: 'invalid_request', description: wrong };
      refused.push(error);
      return error;
    }
    const unwanted = behaviour.refuses?.(claims);
    if (unwanted !== undefined) return unwanted;
    if (answered.has(jti)) repeated.push(jti);
    if (wire === 'push') answered.add(jti);
    kids.add(kid);
    if (before === undefined) accepted.set(jti, claims);
    return undefined;
  }

  /** `ack` and `setErrs` for what is owed, as much of it as one answer settles. */
  function settle(): SsfAnswer {
    const ready = [...owed].filter(([jti]) => behaviour.neverAnswers?.(jti) !== true);
    const settled = ready.slice(0, behaviour.perAnswer ?? ready.length);
    for (const [jti] of settled) {
      owed.delete(jti);
      answered.add(jti);
    }
    const setErrs = Object.fromEntries(
      settled.flatMap(([jti, verdict]) => (verdict === undefined ? [] : [[jti, verdict]])),
    );
    const ack = settled.flatMap(([jti, verdict]) => (verdict === undefined ? [jti] : []));
    return answerWith(202, { ack, ...(Object.keys(setErrs).length > 0 && { setErrs }) });
  }

  async function answerTo(request: IncomingMessage, body: string, sets: ReturnType<typeof setsIn>): Promise<SsfAnswer> {
    const { headers } = request;
    if (request.method !== 'POST') return { status: 405, headers: { allow: 'POST' } };
    if (mediaTypeOf(headers['content-type']) !== contentTypes[wire]) return { status: 415 };
    if (!accepts(headers.accept, json)) return { status: 406 };
    if (wire !== 'push' && Buffer.byteLength(body) > (behaviour.maxBytes ?? Number.POSITIVE_INFINITY))
      return { status: 413 };
    if (sets === undefined) return failureOf(wire, 'invalid_request', 'it is no {"sets": {}}');
    if (wire === 'push') {
      const verdict = await take(body, '');
      return verdict === undefined ? { status: 202 } : answerWith(400, verdict);
    }
    if (sets.size > (behaviour.maxSets ?? Number.POSITIVE_INFINITY))
      return failureOf(wire, 'too_many_sets', 'it has more SETs than are taken');
    for (const [jti, set] of sets) owed.set(jti, await take(set, jti));
    return settle();
  }

  let number = 0;
  const server = createServer(async (request, response) => {
    number += 1;
    const ordinal = number;
    try {
      const body = await bodyOf(request);
      const sets = setsIn(body, wire);
      const texts = [...(sets?.values() ?? [])];
      const answer = behaviour.instead?.({ sets: texts, number: ordinal }) ?? (await answerTo(request, body, sets));
      requests.push({ headers: request.headers, sets: texts, status: answer.status });
      response.writeHead(answer.status, answer.headers).end(answer.body);
    } catch {
      // The JWK Set cannot be had, or the transmitter has gone: it may try again.
      requests.push({ headers: request.headers, sets: [], status: 503 });
      response.writeHead(503).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    behaviour,
    accepted,
    kids,
    refused,
    requests,
    repeated,
    get jwksFetches() {
      return keys.fetches;
    },
    stop() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

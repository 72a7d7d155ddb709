import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bodyOf } from './http.js';

/** A SET as a receiver got it. */
export interface ReceivedSet {
  readonly jti: string;
  /** The member of `events`. */
  readonly eventTypeUri: string;
  /** When it first came, in milliseconds since the epoch. */
  readonly at: number;
}

/** A receiver of SETs, which knows nothing of Setwire: only what a request looks like. */
export interface Receiver {
  readonly name: string;
  readonly url: string;
  /** Verified SETs, each once: a `jti` that came before is dropped, as a receiver must. */
  readonly received: readonly ReceivedSet[];
  /** SETs that came again under a `jti` that was there already. */
  repeated(): number;
  /** Requests, or SETs of one, that were refused because they could not be verified. */
  refused(): number;
  close(): Promise<void>;
}

/** What a receiver reads of a SET that it believes in. */
export interface Verified {
  readonly jti: string;
  readonly events: object;
}

/** What a receiver makes of a request, and how it answers where that is not simply 202. */
export interface Judgement {
  readonly sets: readonly Verified[];
  /** SETs that it does not believe in. */
  readonly refused?: number;
  readonly answer?: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
}

/** Reads a request's raw body; undefined: it believes in nothing of it. */
type Judge = (body: Buffer, request: IncomingMessage) => Promise<Judgement | undefined> | Judgement | undefined;

/** What it does besides accepting; true: it has dealt with the request. */
type Fault = (response: ServerResponse) => boolean;

const maxBody = 4 * 1024 * 1024;

const equal = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
};

const headerOf = (request: IncomingMessage, name: string): string => String(request.headers[name] ?? '');

/** Starts a receiver on a free port of the loopback. */
export async function startReceiver(name: string, judge: Judge, fault: Fault = () => false): Promise<Receiver> {
  const received = new Map<string, ReceivedSet>();
  let repeated = 0;
  let refused = 0;

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request, maxBody);
    if (fault(response)) return;
    const judgement = await judge(body, request);
    if (judgement === undefined) {
      refused++;
      response.writeHead(401).end();
      return;
    }
    refused += judgement.refused ?? 0;
    for (const { jti, events } of judgement.sets) {
      if (received.has(jti)) repeated++;
      else received.set(jti, { jti, eventTypeUri: Object.keys(events)[0] ?? '', at: Date.now() });
    }
    const { status, headers, body: said } = judgement.answer ?? { status: 202 };
    response.writeHead(status, headers).end(said);
  }

  const server = createServer((request, response) => {
    receive(request, response).catch(() => response.writeHead(400).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    name,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    get received() {
      return [...received.values()];
    },
    repeated: () => repeated,
    refused: () => refused,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** One SET a request, signed as WSO2 Identity Server signs its webhooks: HMAC-SHA256 over the raw body, in hex. */
export function startCrm(secret: string): Promise<Receiver> {
  return startReceiver('crm', (body, request) => {
    const expected = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    if (!equal(headerOf(request, 'x-wso2-event-signature'), expected)) return undefined;
    return { sets: [JSON.parse(body.toString('utf8')) as Verified] };
  });
}

const maxClockSkewSeconds = 300;

/**
 * Batches, as a JSON array or a SET per line, with a bearer token and a Standard Webhooks signature. It is not well: now
 * and then it answers 503, or hangs up; never more than twice in a row.
 *
 * @param seed the same seed fails in the same places
 */
export function startSiem({
  secret,
  token,
  seed,
}: {
  readonly secret: string;
  readonly token: string;
  readonly seed: number;
}): Promise<Receiver> {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const isSigned: (body: Buffer, request: IncomingMessage) => boolean = (body, request) => {
    const [id, timestamp] = [headerOf(request, 'webhook-id'), headerOf(request, 'webhook-timestamp')];
    if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) < maxClockSkewSeconds)) return false;
    const expected = `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
    return headerOf(request, 'webhook-signature')
      .split(' ')
      .some((signature) => equal(signature, expected));
  };
  return startReceiver(
    'siem',
    (body, request) => {
      if (!equal(headerOf(request, 'authorization'), `Bearer ${token}`) || !isSigned(body, request)) return undefined;
      const text = body.toString('utf8');
      if (text.startsWith('[')) return { sets: JSON.parse(text) as Verified[] };
      const lines = text.split('\n').filter((line) => line !== '');
      return { sets: lines.map((line) => JSON.parse(line) as Verified) };
    },
    faultsFrom(seed),
  );
}

/** A third of the requests fail, by a linear congruential generator: the same ones for the same seed. */
function faultsFrom(seed: number): Fault {
  let state = seed >>> 0;
  let inARow = 0;
  return (response) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const drawn = state / 2 ** 32;
    if (drawn >= 1 / 3 || inARow === 2) {
      inARow = 0;
      return false;
    }
    inARow++;
    if (drawn < 1 / 9) response.destroy();
    else response.writeHead(503, { 'content-type': 'text/plain' }).end('busy\n');
    return true;
  };
}

import { Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { type ExtendOptions, type Got, got } from 'got';
import { version } from '../version.js';
import type { Answer, Endpoint } from './endpoint.js';
import { wordsFor } from './failure-words.js';

/** So much of an answer is read as a rule; then it is cut. */
export const usualAnswerBytes = 64 * 1024;

/**
 * One POST: no retry, no redirect. Never rejects. The time limit is for all of it, to the end of the answer: a 2xx whose
 * body does not end in time (and is not cut before) is a failure, `ETIMEDOUT`.
 */
export type Post = (
  url: string,
  body: Buffer | string,
  headers: Record<string, string>,
  signal: AbortSignal,
) => Promise<Answer>;

/** Idle connections go before the five seconds after which most servers close them. */
export const idleMs = 4000;

/** Whatever else is asked for of a receiver is in the endpoint's config. */
export const ownHeaders = {
  'user-agent': `setwire/${version}`,
  accept: 'application/json',
  'accept-encoding': 'identity',
};

/**
 * Makes POSTs with got, over connections that are kept: of one endpoint, so that one's troubles stay its own. For what is
 * not an attempt: tokens.
 */
export function postWith(
  endpoint: Pick<Endpoint, 'tls' | 'timeoutMs' | 'concurrency'>,
  now: () => number,
): { post: Post; close: () => void } {
  // A request on a connection that the server is closing at that moment would fail.
  const kept = { keepAlive: true, maxSockets: endpoint.concurrency, timeout: idleMs, scheduling: 'lifo' } as const;
  const agent = { http: new HttpAgent(kept), https: new HttpsAgent(kept) };
  const client = clientOf({ method: 'POST', agent }, endpoint.tls);
  const limits = { timeoutMs: endpoint.timeoutMs, answerBytes: usualAnswerBytes };
  return {
    post: (url, body, headers, signal) => attempt(client, limits, url, body, headers, signal, now),
    close() {
      agent.http.destroy();
      agent.https.destroy();
    },
  };
}

/** What makes requests: no retry, no redirect, every answer is one. */
export function clientOf(options: Pick<ExtendOptions, 'method' | 'agent'>, tls: Endpoint['tls']): Got {
  const { ca, cert, key, passphrase } = tls ?? {};
  return got.extend({
    ...options,
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    // An answer is cut as it comes: it must not unfold to more.
    decompress: false,
    https: {
      rejectUnauthorized: true,
      ...(ca !== undefined && { certificateAuthority: ca }),
      ...(cert !== undefined && { certificate: cert }),
      ...(key !== undefined && { key: key.reveal() }),
      ...(passphrase !== undefined && { passphrase: passphrase.reveal() }),
    },
    headers: ownHeaders,
  });
}

/** One request of a client, to the end of its answer. Never rejects. */
export function attempt(
  client: Got,
  { timeoutMs, answerBytes }: { readonly timeoutMs: number; readonly answerBytes: number },
  url: string,
  body: Buffer | string | undefined,
  headers: Record<string, string>,
  signal: AbortSignal,
  now: () => number,
): Promise<Answer> {
  const startedAt = now();
  const bytes = Buffer.byteLength(body ?? '');
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let head: { readonly status: number; readonly headers: Record<string, string | undefined> } | undefined;
    const request = client.stream(url, { headers, ...(body !== undefined && { body }) });
    const abort = (): void => failed('ABORTED');
    // Not got's own limit: that one is lost with an answer that changes the protocol, and the attempt would never end.
    const limit = setTimeout(() => failed('ETIMEDOUT'), timeoutMs);

    function settle(answer: Unmeasured): void {
      clearTimeout(limit);
      signal.removeEventListener('abort', abort);
      resolve({ ...answer, durationMs: Math.max(0, now() - startedAt), bytes });
      request.destroy();
    }

    function failed(code: string): void {
      settle({ kind: 'failure', code, detail: wordsFor(code) });
    }

    function answered(): void {
      if (head === undefined) failed('ECONNRESET');
      else settle({ kind: 'answer', ...head, body: Buffer.concat(chunks).toString('utf8', 0, answerBytes) });
    }

    function begun({ statusCode, headers: received }: IncomingMessage): void {
      const texts = Object.entries(received).map(([name, value]) => [name, value?.toString()]);
      head = { status: statusCode ?? 0, headers: Object.fromEntries(texts) };
    }

    request.on('response', begun);
    // 101, which nobody asked for: the connection is out of the agent's hands.
    request.on('upgrade', (message: IncomingMessage, socket: Duplex) => {
      socket.destroy();
      begun(message);
      answered();
    });
    request.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= answerBytes) answered();
    });
    request.on('end', answered);
    request.on('error', (error: Error) => failed(codeOf(error)));
    // Whatever else may end it without a word.
    request.on('close', () => failed('ECONNRESET'));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
  });
}

export type Unmeasured = Answer extends infer A ? (A extends Answer ? Omit<A, 'durationMs' | 'bytes'> : never) : never;

/** The innermost code says most: got's own (ERR_GOT_REQUEST_ERROR) wraps the system's. */
function codeOf(error: Error & { code?: string }): string {
  const cause = error.cause as { code?: unknown } | undefined;
  const code = typeof cause?.code === 'string' ? cause.code : error.code;
  return code ?? 'ERR_UNKNOWN';
}

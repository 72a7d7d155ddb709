import { type Dispatcher, Pool } from 'undici';
import type { Answer, Endpoint } from './endpoint.js';
import { wordsFor } from './failure-words.js';
import { idleMs, ownHeaders, type Post, type Unmeasured, usualAnswerBytes } from './post.js';

/** undici's own codes for what the system or Node have a name for. */
const codes: Readonly<Record<string, string>> = {
  UND_ERR_SOCKET: 'ECONNRESET',
  UND_ERR_CONNECT_TIMEOUT: 'ETIMEDOUT',
  UND_ERR_HEADERS_OVERFLOW: 'HPE_HEADER_OVERFLOW',
  UND_ERR_INVALID_ARG: 'ERR_INVALID_CHAR',
};

/**
 * Makes POSTs with undici, over the connections of one endpoint. It keeps the promises of `Post` as got does, for a tenth of
 * the processor's time: see `npm run bench`.
 *
 * @param moreBytes how much of an answer is read past 64 KB
 */
export function pooledPostWith(
  endpoint: Pick<Endpoint, 'tls' | 'timeoutMs' | 'concurrency'>,
  now: () => number,
  moreBytes = 0,
): { post: Post; close: () => void } {
  const { ca, cert, key, passphrase } = endpoint.tls ?? {};
  /** By URL: as a rule there is one. */
  const targets = new Map<string, Target>();
  const limits = { timeoutMs: endpoint.timeoutMs, answerBytes: usualAnswerBytes + moreBytes };

  function poolFor(origin: string): Pool {
    return new Pool(origin, {
      connections: endpoint.concurrency,
      pipelining: 1,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      // One limit is for all of it: ours.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        timeout: endpoint.timeoutMs,
        rejectUnauthorized: true,
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key: key.reveal() }),
        ...(passphrase !== undefined && { passphrase: passphrase.reveal() }),
      },
    });
  }

  function targetOf(url: string): Target {
    const known = targets.get(url);
    if (known !== undefined) return known;
    const { origin, pathname, search } = new URL(url);
    const target = { pool: poolFor(origin), path: pathname + search };
    targets.set(url, target);
    return target;
  }

  return {
    post: (url, body, headers, signal) =>
      attempt(targetOf, limits, { url, body, headers: { ...ownHeaders, ...headers } }, signal, now),
    close() {
      for (const { pool } of targets.values()) pool.destroy().catch(() => undefined);
    },
  };
}

/** Where a URL's requests go. */
interface Target {
  readonly pool: Pool;
  readonly path: string;
}

interface Sent {
  readonly url: string;
  readonly body: Buffer | string;
  readonly headers: Record<string, string>;
}

function attempt(
  targetOf: (url: string) => Target,
  { timeoutMs, answerBytes }: { readonly timeoutMs: number; readonly answerBytes: number },
  { url, body, headers }: Sent,
  signal: AbortSignal,
  now: () => number,
): Promise<Answer> {
  const startedAt = now();
  const bytes = Buffer.byteLength(body);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let head: { readonly status: number; readonly headers: Record<string, string | undefined> } | undefined;
    let request: Dispatcher.DispatchController | undefined;
    let isSettled = false;
    const abort = (): void => failed('ABORTED');
    const limit = setTimeout(() => failed('ETIMEDOUT'), timeoutMs);

    function settle(answer: Unmeasured): void {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(limit);
      signal.removeEventListener('abort', abort);
      resolve({ ...answer, durationMs: Math.max(0, now() - startedAt), bytes });
    }

    function failed(code: string): void {
      settle({ kind: 'failure', code, detail: wordsFor(code) });
      cut();
    }

    function answered(): void {
      if (head === undefined) failed('ECONNRESET');
      else settle({ kind: 'answer', ...head, body: Buffer.concat(chunks).toString('utf8', 0, answerBytes) });
    }

    /** Closes the connection; that comes back as an error, which changes nothing any more. */
    function cut(): void {
      request?.abort(new Error('the attempt is over'));
    }

    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    try {
      const { pool, path } = targetOf(url);
      pool.dispatch(
        { path, method: 'POST', headers, body },
        {
          onRequestStart(controller) {
            request = controller;
            if (isSettled) cut();
          },
          onResponseStart(_controller, status, received) {
            if (status < 200) return;
            head = { status, headers: {} };
            for (const name in received) head.headers[name] = received[name]?.toString();
          },
          onResponseData(_controller, chunk) {
            chunks.push(chunk);
            size += chunk.length;
            if (size < answerBytes) return;
            answered();
            cut();
          },
          onResponseEnd: answered,
          onResponseError: (_controller, error) => failed(codeOf(error)),
        },
      );
    } catch (error) {
      failed(codeOf(error));
    }
  });
}

function codeOf(error: unknown): string {
  const { name, code } = error as { name?: unknown; code?: unknown };
  // Its parser does not say which rule of HTTP an answer breaks.
  if (name === 'HTTPParserError' && code === undefined) return 'HPE_INVALID';
  return typeof code === 'string' ? (codes[code] ?? code) : 'ERR_UNKNOWN';
}

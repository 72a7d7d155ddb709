import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** A request as it came in, to the byte. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** Which connection it came over, counted from 1. */
  readonly connection: number;
}

/** What a receiver does with a request; nothing given: 202 and an empty body. */
export interface ScriptedAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  /** A body of so many bytes, sent as long as somebody reads. */
  readonly bodyBytes?: number;
  /** A byte every so many milliseconds, for ever. */
  readonly dripMs?: number;
  /** Answers so much later. */
  readonly delayMs?: number;
  /** Never answers. */
  readonly hang?: boolean;
  /** Cuts the connection: before an answer, or in the middle of its body. */
  readonly reset?: boolean | 'in-body';
  /** Bytes on the bare connection instead of an answer. */
  readonly raw?: string | Buffer;
}

export interface ReceiverOptions {
  /** For the first requests, one after another. */
  readonly answers?: readonly ScriptedAnswer[];
  /** For all others; a function may look at the request. */
  readonly always?: ScriptedAnswer | ((request: ReceivedRequest) => ScriptedAnswer);
  /** Given: it speaks TLS. */
  readonly tls?: ServerOptions;
}

export interface Receiver {
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  /** Connections that were opened. */
  readonly connections: number;
  /** Bytes of answers' bodies that were handed to the network. */
  readonly bytesSent: number;
  /** Resolves with the n-th request, counted from 1 (the first one where left out), once it has come in. */
  next(n?: number): Promise<ReceivedRequest>;
  stop(): Promise<void>;
}

/** A real HTTP or HTTPS server on a free loopback port that does what it is told. */
export async function startReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const requests: ReceivedRequest[] = [];
  const waiting: { n: number; resolve: (request: ReceivedRequest) => void }[] = [];
  const sockets = new Map<Socket, number>();
  let connections = 0;
  let bytesSent = 0;

  const listener: RequestListener = (message, response) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      const request: ReceivedRequest = {
        method: message.method ?? '',
        path: message.url ?? '',
        headers: message.headers,
        body: Buffer.concat(chunks),
        connection: sockets.get(message.socket) ?? 0,
      };
      requests.push(request);
      const scripted = options.answers?.[requests.length - 1] ?? options.always ?? {};
      answer(typeof scripted === 'function' ? scripted(request) : scripted, response);
      for (const one of waiting.splice(0)) {
        const found = requests[one.n - 1];
        if (found === undefined) waiting.push(one);
        else one.resolve(found);
      }
    });
  };

  function answer(scripted: ScriptedAnswer, response: ServerResponse): void {
    const { status = 202, headers = {}, body = '', bodyBytes, dripMs, delayMs, hang, reset, raw } = scripted;
    if (hang) return;
    if (delayMs !== undefined) {
      setTimeout(() => answer({ ...scripted, delayMs: undefined }, response), delayMs);
      return;
    }
    if (raw !== undefined) {
      response.socket?.end(raw);
      return;
    }
    if (reset === true) {
      response.socket?.resetAndDestroy();
      return;
    }
    response.writeHead(status, headers);
    if (reset === 'in-body') {
      response.write('half of', () => response.socket?.resetAndDestroy());
      return;
    }
    if (dripMs !== undefined) {
      const drip = setInterval(() => response.write('.'), dripMs);
      response.on('close', () => clearInterval(drip));
      return;
    }
    if (bodyBytes === undefined) {
      response.end(body);
      return;
    }
    const block = Buffer.alloc(64 * 1024, 'x');
    let poured = 0;
    const pour = (): void => {
      while (poured < bodyBytes && !response.destroyed) {
        poured += block.length;
        bytesSent += block.length;
        if (!response.write(block)) {
          response.once('drain', pour);
          return;
        }
      }
      response.end();
    };
    pour();
  }

  const server = options.tls ? createHttpsServer(options.tls, listener) : createHttpServer(listener);
  server.on(options.tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    connections += 1;
    sockets.set(socket, connections);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `${options.tls ? 'https' : 'http'}://localhost:${port}/events`,
    requests,
    get connections() {
      return connections;
    },
    get bytesSent() {
      return bytesSent;
    },
    next(n = 1) {
      const found = requests[n - 1];
      return found ? Promise.resolve(found) : new Promise((resolve) => waiting.push({ n, resolve }));
    },
    stop() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

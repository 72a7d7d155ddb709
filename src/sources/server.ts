import { existsSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { IntakeSettings } from '../config/settings.js';
import { type Answer, problem } from './answer.js';

/** Whoever sends slowly must not hold a connection for long, nor many of them. */
const usual = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
} as const;
const maxHeaders = 100;
const maxConnections = 256;

export interface IntakeServer {
  /** As it can be reached: `http://127.0.0.1:9410`, `unix:/run/setwire/intake.sock`. */
  readonly address: string;
  /** Takes no more connections, and resolves when all requests are answered, or have taken longer than this (milliseconds). */
  stop(limitMs: number): Promise<void>;
}

/** Whether a process listens at a socket, rather than having left it behind. */
function isAlive(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('connect', () => resolve(true)).once('error', () => resolve(false));
    connection.once('connect', () => connection.destroy());
  });
}

async function listen(server: Server, where: IntakeSettings['listen']): Promise<string> {
  if ('socket' in where && existsSync(where.socket) && !(await isAlive(where.socket))) unlinkSync(where.socket);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen('socket' in where ? { path: where.socket } : where, () => {
      server.off('error', reject);
      resolve();
    });
  });
  if ('socket' in where) return `unix:${where.socket}`;
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/**
 * Listens for requests.
 *
 * @param limits instead of the usual ones
 * @param answerTo answers one; what it rejects with is a fault of ours, or a connection that broke
 * @throws Error where it cannot listen there
 */
export async function startServer(
  where: IntakeSettings['listen'],
  answerTo: (request: IncomingMessage) => Promise<Answer>,
  onFault: (error: unknown) => void,
  limits: Partial<Record<keyof typeof usual, number>> = {},
): Promise<IntakeServer> {
  let isStopping = false;

  function send(response: ServerResponse, { status, headers, body }: Answer): void {
    if (response.destroyed) return;
    response.writeHead(status, {
      ...headers,
      'content-length': Buffer.byteLength(body),
      ...(isStopping && { connection: 'close' }),
    });
    response.end(body);
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      send(response, await answerTo(request));
    } catch (error) {
      if (request.destroyed && !request.complete) return;
      onFault(error);
      send(response, problem(500, 'a fault of setwire'));
    }
  }

  const server = createServer({ ...usual, ...limits }, (request, response) => void handle(request, response));
  server.maxHeadersCount = maxHeaders;
  server.maxConnections = maxConnections;
  const address = await listen(server, where);
  server.on('error', onFault);
  return {
    address,
    stop(limitMs) {
      isStopping = true;
      return new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), limitMs);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      });
    },
  };
}

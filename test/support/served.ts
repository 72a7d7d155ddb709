import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import sinon from 'sinon';
import { type Adapter, createAdapter } from '../../src/adapter.js';
import type { Settings } from '../../src/config/settings.js';
import { type Sources, startSources } from '../../src/sources/start.js';
import { type Receiver, type ReceiverOptions, startReceiver } from './receiver.js';
import { type Workplace, workplace } from './settings.js';

export interface Posted {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** What `setwire serve` runs, in this process: an adapter without a host, its sources, and a receiver called crm. */
export interface Served {
  readonly place: Workplace;
  readonly adapter: Adapter;
  readonly receiver: Receiver;
  readonly report: sinon.SinonStub;
  /** `http://127.0.0.1:<port>`, or a name for a Unix socket. */
  readonly base: string;
  /** Posts to a path; `socket`: over a Unix socket. */
  post(path: string, body: string | Buffer, headers?: Record<string, string>): Promise<Posted>;
  /** The same by any method. */
  send(method: string, path: string, body: string | Buffer, headers?: Record<string, string>): Promise<Posted>;
  /** Stops the sources, and the adapter once all is delivered; starts both anew. */
  restart(): Promise<void>;
  /** Stops the sources, and the adapter once all is delivered. */
  settle(): Promise<void>;
  end(): Promise<void>;
}

export interface ServedOptions {
  readonly intake: { readonly sources: Record<string, unknown>; readonly [setting: string]: unknown };
  /** Of the endpoint. */
  readonly endpoint?: Record<string, unknown>;
  readonly receiver?: ReceiverOptions;
  /** More of the config. */
  readonly config?: Record<string, unknown>;
  readonly answerWithinMs?: number;
  /** Wraps what the sources are given. */
  readonly keeper?: (adapter: Adapter) => Pick<Adapter, 'emit' | 'isBehind'>;
}

export async function served({
  intake,
  endpoint,
  receiver: how,
  config,
  keeper,
  answerWithinMs,
}: ServedOptions): Promise<Served> {
  const place = workplace();
  const receiver = await startReceiver(how);
  const report = sinon.stub();
  let settings: Settings;
  let adapter: Adapter;
  let sources: Sources | undefined;
  let base = 'http://localhost';

  async function start(): Promise<void> {
    settings = place.settings({
      flows: { session: { presentedEvery: '0s' } },
      stopTimeout: '5s',
      ...config,
      intake: { listen: '127.0.0.1:0', ...intake },
      endpoints: { crm: { url: receiver.url, claims: ['*'], ...endpoint } },
    });
    adapter = createAdapter(settings, { report });
    await adapter.ready;
    if (settings.intake === undefined) throw new Error('no intake');
    sources = await startSources(settings.intake, {
      adapter: keeper?.(adapter) ?? adapter,
      dataDir: settings.dataDir,
      report,
      ...(answerWithinMs !== undefined && { answerWithinMs }),
    });
    base = /^http:\/\/[^/]+/.exec(sources.lines[0] ?? '')?.[0] ?? base;
  }

  async function settle(): Promise<void> {
    await sources?.stop(5000);
    sources = undefined;
    await adapter.detach();
  }

  function send(method: string, path: string, body: string | Buffer, headers = {}): Promise<Posted> {
    const [line = ''] = sources?.lines ?? [];
    const [, socketPath] = /^unix:(.*)\/[^/]* \(/.exec(line) ?? [];
    const options = { method, headers: { 'content-type': 'application/json', ...headers }, agent: false as const };
    return new Promise((resolve, reject) => {
      const sent = request(
        new URL(path, base),
        { ...options, ...(socketPath !== undefined && { socketPath }) },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
          );
          response.on('error', reject);
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  await start();
  return {
    place,
    receiver,
    report,
    get base() {
      return base;
    },
    get adapter() {
      return adapter;
    },
    send,
    post: (path, body, headers) => send('POST', path, body, headers),
    async restart() {
      await settle();
      await start();
    },
    settle,
    async end() {
      await settle();
      await receiver.stop();
      place.remove();
    },
  };
}

export const secret = '0123456789abcdef0123456789abcdef';

/** The hexadecimal HMAC-SHA256 of a body. */
export const hmac = (body: string | Buffer, key = secret): string =>
  createHmac('sha256', key).update(body).digest('hex');

/** The bodies that a receiver got, in order. */
export const bodiesOf = ({ requests }: Pick<Receiver, 'requests'>): string[] =>
  requests.map(({ body }) => body.toString('utf8'));

/** What left, as pairs of the event's name in WSO2's catalogue and what is said under it. */
export const leftBy = (receiver: Pick<Receiver, 'requests'>): [name: string, body: Record<string, unknown>][] =>
  bodiesOf(receiver).map((body) => {
    const { events } = JSON.parse(body) as { events: Record<string, Record<string, unknown>> };
    const [[uri, said]] = Object.entries(events) as [[string, Record<string, unknown>]];
    return [uri.split('/').at(-1) ?? '', said];
  });

import { readFileSync, writeFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import sinon from 'sinon';
import { type Adapter, createAdapter } from '../../src/adapter.js';
import { main } from '../../src/cli/main.js';
import { loadConfig } from '../../src/config/load.js';
import type { Settings } from '../../src/config/settings.js';
import type { ReportedEvent } from '../../src/events/identity-event.js';
import type { DeliveryRecord } from '../../src/schema-types.js';
import { type Receiver, type ReceiverOptions, startReceiver } from './receiver.js';
import { workplace } from './settings.js';

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A folder with a config file, adapters that run by it, their receivers, and the command line. */
export interface Operated {
  path(name: string): string;
  /** Writes the config file; delivery runs inline, unless the config says otherwise. */
  write(config: Record<string, unknown>): void;
  /** Writes the config file, and loads it. */
  load(config: Record<string, unknown>, env?: NodeJS.ProcessEnv): Settings;
  /** Starts an adapter by the config, and waits until it is the one that transmits. */
  start(config: Record<string, unknown>): Promise<Adapter>;
  receiver(options?: ReceiverOptions): Promise<Receiver>;
  /** Runs a command as a shell in the folder would. */
  setwire(args: readonly string[], circumstances?: { signal?: AbortSignal; env?: NodeJS.ProcessEnv }): Promise<Ended>;
  /** What the adapters have said of themselves. */
  readonly report: sinon.SinonStub;
  logRecords(): DeliveryRecord[];
  /** Stops everything and removes the folder. */
  end(): Promise<void>;
}

export function operated(): Operated {
  const place = workplace();
  const adapters: Adapter[] = [];
  const receivers: Receiver[] = [];
  const report = sinon.stub();
  const file = place.path('setwire.yaml');

  // JSON is YAML.
  const write = (config: Record<string, unknown>): void =>
    writeFileSync(file, JSON.stringify({ log: { level: 'silent' }, transmitter: 'inline', ...config }));

  function load(config: Record<string, unknown>, env: NodeJS.ProcessEnv = {}): Settings {
    write(config);
    return loadConfig(file, { env });
  }

  return {
    path: place.path,
    write,
    load,
    report,
    async start(config) {
      const adapter = createAdapter(load(config), { report });
      adapters.push(adapter);
      await adapter.ready;
      return adapter;
    },
    async receiver(options) {
      const started = await startReceiver(options);
      receivers.push(started);
      return started;
    },
    async setwire(args, { signal = new AbortController().signal, env = {} } = {}) {
      const texts = { out: '', err: '' };
      const to = (name: keyof typeof texts) =>
        new Writable({
          write(chunk, _encoding, done) {
            texts[name] += String(chunk);
            done();
          },
        });
      const code = await main(args, { stdout: to('out'), stderr: to('err'), env, cwd: place.folder, signal });
      return { code, ...texts };
    },
    logRecords: () =>
      readFileSync(place.path('setwire-delivery.log'), 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as DeliveryRecord),
    async end() {
      await Promise.all(adapters.map((adapter) => adapter.detach()));
      await Promise.all(receivers.map((receiver) => receiver.stop()));
      place.remove();
    },
  };
}

/** An event that is known again by its `rci`. */
export const eventOf = (rci: string, user = 'ann', type = 'account.locked'): ReportedEvent => ({
  type,
  correlationId: rci,
  user: { id: user, username: `${user}@example.com` },
  initiator: { type: 'admin' },
});

/** The `rci` of every SET that came in, in order. */
export const rcisOf = ({ requests }: Pick<Receiver, 'requests'>): string[] =>
  requests.map(({ body }) => (JSON.parse(body.toString('utf8')) as { rci: string }).rci);

export const jtisOf = ({ requests }: Pick<Receiver, 'requests'>): string[] =>
  requests.map(({ body }) => (JSON.parse(body.toString('utf8')) as { jti: string }).jti);

/** What a receiver says that will never take this SET. */
export const refused = { status: 400, body: '{"err":"invalid_request"}' } as const;

// An identity server in a process of its own: `tsx host.ts <url of a receiver>, or nothing: without Setwire`. Told `capture`,
// it measures what capturing an event costs its thread.
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Provider } from 'oidc-provider';
import type { Adapter } from '../../src/adapter.js';
import { createAdapter, loadConfig } from './built.js';
import { eventOf, secret } from './event.js';
import type { HostCost } from './host-cost.js';
import { median } from './processes.js';

const [url = ''] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'setwire-host-'));

async function attached(host: unknown): Promise<Adapter> {
  const file = join(folder, 'setwire.json');
  const crm = {
    url,
    signature: { scheme: 'wso2', secret },
    batch: { format: 'array', maxEvents: 100, maxWait: '100ms' },
  };
  writeFileSync(file, JSON.stringify({ log: { level: 'error' }, endpoints: { crm } }));
  const adapter = createAdapter(loadConfig(file, { env: {} }), { host });
  await adapter.ready;
  return adapter;
}

const server = createServer();
server.listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const { port } = server.address() as AddressInfo;
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: 'machine',
      client_secret: secret,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    },
  ],
  features: { clientCredentials: { enabled: true } },
  cookies: { keys: [createHash('sha256').update(secret).digest('hex')] },
});
server.on('request', provider.callback());
const bus = new EventEmitter();
const adapter = url === '' ? undefined : await attached(provider);

/** The time of the call that an emitter makes, and all that the thread does, for events at a steady rate. */
async function capture(): Promise<HostCost['capture']> {
  await adapter?.detach();
  const captured = await attached(bus);
  const [perSecond, seconds] = [1000, 2];
  const pace = async (emit: (n: number) => void): Promise<number> => {
    const before = performance.eventLoopUtilization();
    const began = performance.now();
    for (let n = 0; n < perSecond * seconds; ) {
      const due = Math.min(perSecond * seconds, ((performance.now() - began) / 1000) * perSecond);
      for (; n < due; n += 1) emit(n);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return performance.eventLoopUtilization(before).active;
  };
  const times: number[] = [];
  const { type: _, ...event } = eventOf(1);
  const emit = (): void => {
    const began = performance.now();
    bus.emit('login.failure', event);
    times.push(performance.now() - began);
  };
  await pace(emit);
  times.length = 0;
  const idle = await pace(() => undefined);
  const active = await pace(emit);
  const callUs = median(times) * 1000;
  const rows: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const began = performance.now();
    for (let n = 0; n < 500; n += 1) emit();
    await new Promise((resolve) => setImmediate(resolve));
    rows.push(((performance.now() - began) * 1000) / 500);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await captured.detach();
  return {
    callUs,
    inARowUs: median(rows),
    loopUs: ((active - idle) * 1000) / (perSecond * seconds),
  };
}

process.on('message', async (order: 'capture' | 'end') => {
  if (order === 'capture') {
    process.send?.(await capture());
    return;
  }
  await adapter?.detach();
  rmSync(folder, { recursive: true });
  process.exit();
});
process.send?.(port);
process.on('disconnect', () => process.exit());

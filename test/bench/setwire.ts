import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdapter, loadConfig } from './built.js';
import type { Contender, ContenderOptions } from './contender.js';
import { eventOf, secret } from './event.js';

/** So many events wait for the journal at once at most, as a busy host would have it. */
const inFlight = 2000;

interface Options extends ContenderOptions {
  readonly transmitter?: string;
  /** Left out: the wso2 profile, HMAC. Else the ssf profile, ES256. */
  readonly delivery?: 'push' | 'multi-push';
  /** How many of them get every event (1). */
  readonly endpoints?: number;
  readonly concurrency?: number;
  readonly maxWait?: string;
  /** Emitted at this rate, with the time in `rci`; left out: as fast as it goes. */
  readonly perSecond?: number;
}

/** From `emit` to the receiver, everything that an operator has: journal flushed, SET checked, signed, logged. */
export async function begin(options: Options): Promise<Contender> {
  const { url, batch, transmitter = 'worker', delivery, endpoints = 1, perSecond } = options;
  const { concurrency = 64, maxWait = '20ms' } = options;
  const folder = mkdtempSync(join(tmpdir(), 'setwire-bench-'));
  const file = join(folder, 'setwire.json');
  const limits = { maxEvents: batch, maxBytes: '10MB', maxWait };
  const wso2 = {
    signature: { scheme: 'wso2', secret },
    batch: batch === 1 ? { format: 'single' } : { format: 'array', ...limits },
  };
  const ssf = {
    profile: 'ssf',
    delivery,
    audience: url,
    subject: { format: 'iss_sub' },
    ...(delivery === 'multi-push' && { batch: limits }),
  };
  const endpoint = {
    url,
    concurrency: batch === 1 ? concurrency : Math.min(concurrency, 8),
    ...(delivery === undefined ? wso2 : ssf),
  };
  const names = Array.from({ length: endpoints }, (_, n) => `e${n}`);
  const config = {
    issuer: 'https://id.example.com',
    log: { level: 'error' },
    transmitter,
    flows: { login: { suspicious: { failures: 0 } } },
    endpoints: Object.fromEntries(names.map((name) => [name, endpoint])),
  };
  writeFileSync(file, JSON.stringify(config));
  const adapter = createAdapter(loadConfig(file, { env: {} }));
  await adapter.ready;
  while (adapter.status().isTransmitting !== true) await new Promise((resolve) => setTimeout(resolve, 10));

  async function flood(count: number, from: number): Promise<void> {
    for (let n = 0; n < count; n += inFlight) {
      const some = Math.min(inFlight, count - n);
      await Promise.all(Array.from({ length: some }, (_, m) => adapter.emit(eventOf(from + n + m))));
    }
  }

  async function pace(count: number, from: number, rate: number): Promise<void> {
    const began = performance.now();
    for (let n = 0; n < count; ) {
      const due = Math.min(count, ((performance.now() - began) / 1000) * rate);
      for (; n < due; n += 1) void adapter.emit(eventOf(from + n, `t-${process.hrtime.bigint()}`));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  return {
    run: (count, from) => (perSecond === undefined ? flood(count, from) : pace(count, from, perSecond)),
    async end() {
      await adapter.detach();
      rmSync(folder, { recursive: true });
    },
  };
}

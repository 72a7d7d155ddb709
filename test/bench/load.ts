// Asks a token endpoint for tokens: `tsx load.ts`; told a port, a time and how often, it answers how many were answered and
// how long that took.
import { performance } from 'node:perf_hooks';
import { Pool } from 'undici';
import { secret } from './event.js';
import { percentile } from './processes.js';

export interface Load {
  readonly port: number;
  readonly ms: number;
  /** Left out: as fast as it answers. */
  readonly perSecond?: number;
}

export interface Answered {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const lanes = 16;
const body = 'grant_type=client_credentials';
const headers = {
  'content-type': 'application/x-www-form-urlencoded',
  authorization: `Basic ${Buffer.from(`machine:${encodeURIComponent(secret).replaceAll('%20', '+')}`).toString('base64')}`,
};

type Ask = (since: number) => Promise<void>;

/** As fast as it answers. */
async function saturate(ask: Ask, ms: number): Promise<void> {
  const end = performance.now() + ms;
  const lane = async (): Promise<void> => {
    while (performance.now() < end) await ask(performance.now());
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** So often, whether it has answered or not: a request that is late has waited since it was due. */
async function keepAsking(ask: Ask, ms: number, perSecond: number): Promise<void> {
  const began = performance.now();
  const asked: Promise<void>[] = [];
  while (performance.now() - began < ms) {
    for (;;) {
      const due = began + (asked.length * 1000) / perSecond;
      if (due > performance.now()) break;
      asked.push(ask(due));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(asked);
}

process.on('message', async ({ port, ms, perSecond }: Load) => {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: lanes });
  const times: number[] = [];
  const began = performance.now();
  const ask: Ask = async (since) => {
    const answer = await pool.request({ path: '/token', method: 'POST', headers, body });
    await answer.body.dump();
    if (answer.statusCode !== 200) throw new Error(`the token endpoint answered ${answer.statusCode}`);
    times.push(performance.now() - since);
  };
  await (perSecond === undefined ? saturate(ask, ms) : keepAsking(ask, ms, perSecond));
  const rate = (times.length * 1000) / (performance.now() - began);
  await pool.close();
  process.send?.({ perSecond: rate, p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) } satisfies Answered);
});
process.on('disconnect', () => process.exit());

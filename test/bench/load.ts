// Asks a token endpoint for tokens: `tsx load.ts`; told a port and a time, it answers with a rate and how long requests took.
import { performance } from 'node:perf_hooks';
import { Pool } from 'undici';
import { secret } from './event.js';
import { percentile } from './processes.js';

const lanes = 16;
const body = 'grant_type=client_credentials';
const headers = {
  'content-type': 'application/x-www-form-urlencoded',
  authorization: `Basic ${Buffer.from(`machine:${encodeURIComponent(secret).replaceAll('%20', '+')}`).toString('base64')}`,
};

process.on('message', async ({ port, ms }: { readonly port: number; readonly ms: number }) => {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: lanes });
  const times: number[] = [];
  const end = performance.now() + ms;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (performance.now() < end) {
        const asked = performance.now();
        const answer = await pool.request({ path: '/token', method: 'POST', headers, body });
        await answer.body.dump();
        if (answer.statusCode !== 200) throw new Error(`the token endpoint answered ${answer.statusCode}`);
        times.push(performance.now() - asked);
      }
    }),
  );
  const perSecond = (times.length * 1000) / (performance.now() - began);
  await pool.close();
  process.send?.({ perSecond, p99Ms: percentile(times, 0.99) });
});
process.on('disconnect', () => process.exit());

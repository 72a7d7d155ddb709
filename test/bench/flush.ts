// How long an event that nobody waits for can be lost: from `emit` until it is flushed. `npm run bench:flush`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { createAdapter, loadConfig } from './built.js';

const events = 1000;

async function flushTimes(transmitter: string): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'setwire-flush-'));
  const file = join(folder, 'setwire.json');
  writeFileSync(file, JSON.stringify({ transmitter, log: { level: 'silent' }, endpoints: {} }));
  const adapter = createAdapter(loadConfig(file, { env: {} }));
  await adapter.ready;
  const times: number[] = [];
  for (let n = 0; n < events; n += 1) {
    const begun = performance.now();
    void adapter
      .emit({ type: 'login.failure', user: { id: String(n) } })
      .then(() => times.push(performance.now() - begun));
    await pause(5);
  }
  await adapter.detach();
  rmSync(folder, { recursive: true, force: true });
  return times.sort((a, b) => a - b);
}

for (const transmitter of ['worker', 'inline']) {
  const times = await flushTimes(transmitter);
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? Number.NaN).toFixed(1);
  console.log(
    `${transmitter}: ${times.length} events, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, at most ${at(0.9999)} ms`,
  );
}

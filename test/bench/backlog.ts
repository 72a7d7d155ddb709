// What a long backlog costs: `npm run bench:backlog [-- events]`. An endpoint is down while events come in; then the
// journal is opened again by a new process, without and with a thread for it (which from its sources has to be compiled
// first). `status` is a quarter of a second old at most. Prints rates, anonymous memory (what is mapped from the journal's file does not
// count: the system takes it back when it needs it) and the time to open. Nothing is asserted.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { createAdapter, loadConfig } from './built.js';

const [first, second] = process.argv.slice(2);
const inFlight = 1000;

function anonymousMb(): string {
  const [, kb] = /RssAnon:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return kb === undefined ? 'unknown' : `${Math.round(Number(kb) / 1024)} MB`;
}

const event = (n: number) => ({
  type: 'login.failure',
  user: { id: `user-${n % 50_000}`, username: `user-${n % 50_000}@example.com` },
  application: { clientId: 'shop', name: 'The shop' },
  initiator: {
    type: 'user' as const,
    ip: '203.0.113.10',
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
  },
  reason: { description: 'invalid password', failedStep: { step: 1, authenticator: 'password' } },
  correlationId: `request-${n}`,
});

async function load(file: string, count: number): Promise<void> {
  const adapter = createAdapter(loadConfig(file, { env: {} }));
  await adapter.ready;
  console.log(`before                   ${anonymousMb()}`);
  const began = performance.now();
  for (let n = 0; n < count; n += inFlight) {
    await Promise.all(
      Array.from({ length: Math.min(inFlight, count - n) }, (_, index) => adapter.emit(event(n + index))),
    );
    if ((n + inFlight) % Math.ceil(count / 5) < inFlight)
      console.log(`${String(n + inFlight).padStart(9)} events wait    ${anonymousMb()}`);
  }
  const seconds = (performance.now() - began) / 1000;
  console.log(`emitted and flushed      ${Math.round(count / seconds)}/s, ${inFlight} at a time`);
  const { journal, endpoints } = adapter.status();
  console.log(
    `journal                  ${journal?.events} events, ${Math.round((journal?.bytes ?? 0) / 1024 ** 2)} MB`,
  );
  console.log(`the endpoint             ${endpoints?.down?.state}, ${endpoints?.down?.lag.events} waiting`);
  await adapter.detach();
}

async function reopen(file: string): Promise<void> {
  const settings = loadConfig(file, { env: {} });
  const began = performance.now();
  const adapter = createAdapter(settings);
  await adapter.ready;
  const ready = performance.now() - began;
  while (adapter.status().endpoints?.down?.unsettled === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  console.log(
    `opened again, ${settings.transmitter.padEnd(9)} ready in ${Math.round(ready)} ms, reading in ${Math.round(performance.now() - began)} ms`,
  );
  console.log(`                         ${anonymousMb()}`);
  await adapter.detach();
}

if (first === '--load' && second !== undefined) {
  await load(second, Number(process.argv[4]));
} else if (first === '--reopen' && second !== undefined) {
  await reopen(second);
} else {
  const count = Number(first ?? 1_000_000);
  const folder = mkdtempSync(join(tmpdir(), 'setwire-backlog-'));
  const file = join(folder, 'setwire.json');
  const down = { url: 'http://127.0.0.1:9/', circuit: { probe: '1s', maxProbe: '1s' } };
  const config = { dataDir: 'data', log: { level: 'silent' }, stopTimeout: '1s', endpoints: { down } };
  writeFileSync(file, JSON.stringify(config));
  const inline = join(folder, 'inline.json');
  writeFileSync(inline, JSON.stringify({ ...config, transmitter: 'inline' }));
  console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, durability: flush, ${count} events`);
  for (const args of [
    ['--load', file, String(count)],
    ['--reopen', inline],
    ['--reopen', file],
  ]) {
    const self = [...process.execArgv, fileURLToPath(import.meta.url), ...args];
    spawnSync(process.execPath, self, { stdio: 'inherit' });
  }
  const data = statSync(join(folder, 'data', 'journal', 'data.mdb')).size;
  console.log(`on disk                  ${Math.round(data / 1024 ** 2)} MB`);
  rmSync(folder, { recursive: true });
}

// `npm run bench`: Setwire beside its peers, all in one run and in turns. `-- --quick` takes less than two minutes on a quiet
// machine; `-- --out <file>` writes the figures as JSON. Ratios hold from one machine to another, figures do not.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureDrain, measureFanOut, measureLatency } from './endurance.js';
import { measureHostCost } from './host-cost.js';
import { startReceiver } from './processes.js';
import { startPostgres, startRedis } from './servers.js';
import { tableOf } from './table.js';
import { measureThroughput } from './throughput.js';

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, out: { type: 'string' }, only: { type: 'string' } },
});
const { quick, out, only } = values;
const tell = (text: string): void => void process.stderr.write(`${text}\n`);
const wants = (part: string): boolean => only === undefined || only.split(',').includes(part);

const here = fileURLToPath(new URL('.', import.meta.url));
if (!existsSync(join(here, 'node_modules'))) {
  tell('installs the peers, in test/bench/');
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: here, stdio: 'inherit' });
}

const folder = mkdtempSync(join(tmpdir(), 'setwire-bench-'));
chmodSync(folder, 0o755);
const receiver = await startReceiver();
const [redis, postgres] = wants('throughput')
  ? [await startRedis(folder), await startPostgres(folder)]
  : [undefined, undefined];
if (wants('throughput') && redis === undefined) tell('left out: BullMQ, since there is no redis-server');
if (wants('throughput') && postgres === undefined) tell('left out: the PostgreSQL outbox, since there is no postgres');
try {
  const rounds = 5;
  const throughput = wants('throughput')
    ? await measureThroughput(receiver, { redis, postgres }, { rounds, seconds: quick ? 0.3 : 2, tell })
    : undefined;
  tell('the host');
  const host = wants('host') ? await measureHostCost(receiver, rounds, quick ? 300 : 5000) : undefined;
  tell('latency');
  const latency = wants('latency') ? await measureLatency(receiver, quick ? 2 : 20) : undefined;
  tell('endpoints');
  const fanOut = wants('endpoints') ? await measureFanOut(receiver, quick ? 0.5 : 5) : undefined;
  tell('the backlog');
  const drain = wants('drain') ? await measureDrain(receiver, quick ? 30_000 : 1_000_000) : undefined;
  const figures = {
    machine: {
      cpus: cpus().length,
      model: cpus()[0]?.model,
      memoryGb: Math.round(totalmem() / 1024 ** 3),
      node: process.version,
      loadAverage: loadavg()[0],
    },
    ...(throughput && { throughput }),
    ...(host && { host }),
    ...(latency && { latency }),
    ...(fanOut && { fanOut }),
    ...(drain && { drain }),
  };
  console.log(tableOf(figures));
  if (out !== undefined) writeFileSync(out, `${JSON.stringify(figures, null, 2)}\n`);
} finally {
  receiver.stop();
  await Promise.all([redis?.stop(), postgres?.stop()]);
  rmSync(folder, { recursive: true, force: true });
}

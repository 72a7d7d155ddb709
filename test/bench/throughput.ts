// Events a second, from the sender to the receiver's 2xx: Setwire, its peers, and what the parts of it reach alone.
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { secret } from './event.js';
import { median, type Receiver, type Running, startContender } from './processes.js';
import type { Server } from './servers.js';

export interface Row {
  readonly name: string;
  readonly durability: string;
  /** Events a second: the median, and each round. */
  readonly perSecond: number;
  readonly rounds: readonly number[];
  readonly cpuUs?: number;
}

interface Entry {
  readonly name: string;
  readonly durability: string;
  readonly module: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Events that it begins with, which are not measured. */
  readonly warmUp: number;
}

const flushed = 'flushed to disk';
const none = 'none';

function entriesOf(redis: Server | undefined, postgres: Server | undefined): Entry[] {
  const setwire = (batch: number, warmUp: number, options = {}): Entry => ({
    name: `setwire, wso2, HMAC, batch ${batch}${'transmitter' in options ? ', inline' : ''}`,
    durability: flushed,
    module: './setwire.ts',
    options: { batch, ...options },
    warmUp,
  });
  const ssf = (delivery: 'push' | 'multi-push', batch: number, warmUp: number): Entry => ({
    name: `setwire, ssf, ES256, ${delivery}${batch === 1 ? '' : ` ${batch}`}`,
    durability: flushed,
    module: './setwire.ts',
    options: { batch, delivery },
    warmUp,
  });
  const client = (library: string, batch: number, warmUp: number): Entry => ({
    name: `${library} alone, HMAC, batch ${batch}`,
    durability: none,
    module: './peers/client.mjs',
    options: { batch, library },
    warmUp,
  });
  const outbox = (batch: number, warmUp: number): Entry => ({
    name: `PostgreSQL ${postgres?.version} outbox, batch ${batch}`,
    durability: 'fsync, synchronous_commit',
    module: './peers/outbox.mjs',
    options: { batch, connection: { host: '127.0.0.1', port: postgres?.port, user: 'bench', database: 'postgres' } },
    warmUp,
  });
  const bullmq: Entry = {
    name: `BullMQ on Redis ${redis?.version}, batch 1`,
    durability: 'appendfsync always',
    module: './peers/bullmq.mjs',
    options: { batch: 1, port: redis?.port },
    warmUp: 1000,
  };
  return [
    setwire(1, 2000),
    setwire(10, 4000),
    setwire(100, 8000),
    ssf('push', 1, 1500),
    ssf('multi-push', 10, 2000),
    ssf('multi-push', 100, 3000),
    setwire(1, 2000, { transmitter: 'inline' }),
    setwire(100, 4000, { transmitter: 'inline' }),
    client('got', 1, 700),
    client('undici', 1, 2000),
    client('undici', 10, 10_000),
    client('undici', 100, 20_000),
    ...(redis === undefined ? [] : [bullmq]),
    ...(postgres === undefined ? [] : [outbox(1, 500), outbox(100, 5000)]),
  ];
}

/** As many full batches of every size. */
const whole = (events: number): number => Math.ceil(events / 100) * 100;

/** How fast signatures are made, and nothing else: by one thread, or by those of libuv, as Setwire makes its own. */
function signing(): { name: string; sign: (count: number) => unknown; count: number }[] {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const text = Buffer.alloc(950, 'x');
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
  const signAsync = promisify(sign);
  const again = (make: () => unknown) => (count: number) => {
    for (let n = 0; n < count; n += 1) make();
  };
  return [
    {
      name: 'HMAC-SHA256 alone',
      count: 20_000,
      sign: again(() => createHmac('sha256', secret).update(text).digest('hex')),
    },
    { name: 'ES256 alone, one thread', count: 2000, sign: again(() => sign('sha256', text, key)) },
    {
      name: 'ES256 alone, four threads',
      count: 4000,
      sign: (count) => inParallel(count, 100, () => signAsync('sha256', text, key)),
    },
  ];
}

async function inParallel(count: number, atOnce: number, work: () => Promise<unknown>): Promise<void> {
  let begun = 0;
  const lane = async (): Promise<void> => {
    for (; begun < count; await work()) begun += 1;
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

/** One contender sends at a time, in turns of so many seconds: as many events as its turn before lets expect. */
export async function measureThroughput(
  receiver: Receiver,
  servers: { readonly redis: Server | undefined; readonly postgres: Server | undefined },
  {
    rounds,
    seconds,
    tell,
  }: { readonly rounds: number; readonly seconds: number; readonly tell: (text: string) => void },
): Promise<Row[]> {
  const entries = entriesOf(servers.redis, servers.postgres);
  const running: { entry: Entry; contender: Running; atFirst: number; perSecond: number[]; cpuUs: number[] }[] = [];
  const contenders = entries.map(({ module, options }) => startContender(module, options, receiver));
  for (const [index, entry] of entries.entries()) {
    tell(`begins: ${entry.name}`);
    const contender = await contenders[index];
    if (contender === undefined) continue;
    const { perSecond: atFirst } = await contender.run(entry.warmUp);
    running.push({ entry, contender, atFirst, perSecond: [], cpuUs: [] });
  }
  const signers = signing().map((each) => ({ ...each, perSecond: [] as number[] }));
  for (let round = 1; round <= rounds; round += 1) {
    tell(`round ${round} of ${rounds}`);
    for (const { contender, atFirst, perSecond, cpuUs } of running) {
      const measured = await contender.run(whole((perSecond.at(-1) ?? atFirst) * seconds));
      perSecond.push(measured.perSecond);
      cpuUs.push(measured.cpuUs);
    }
    for (const { sign: make, count, perSecond } of signers) {
      const began = performance.now();
      let made = 0;
      for (; performance.now() - began < seconds * 1000; made += count) await make(count);
      perSecond.push((made * 1000) / (performance.now() - began));
    }
  }
  for (const { contender } of running) await contender.end();
  return [
    ...running.map(({ entry: { name, durability }, perSecond, cpuUs }) => ({
      name,
      durability,
      perSecond: median(perSecond),
      rounds: perSecond,
      cpuUs: median(cpuUs),
    })),
    ...signers.map(({ name, perSecond }) => ({
      name,
      durability: none,
      perSecond: median(perSecond),
      rounds: perSecond,
    })),
  ];
}

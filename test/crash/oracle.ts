import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { embeddedJournal } from '../../src/journal/embedded.js';
import { jwksHandlerOf } from '../../src/set/jwks-handler.js';
import { keyRingIn } from '../../src/set/key-ring.js';
import { seeded } from '../transmitter/seeded.js';
import { subjects } from './roles.js';
import { issuer, variants } from './variants.js';

const program = fileURLToPath(new URL('./processes.ts', import.meta.url));
const tsx = import.meta.resolve('tsx');
const crashing = new URL('../thread/crashing.mjs', import.meta.url).href;

export interface Findings {
  /** Events whose `emit` resolved. */
  readonly kept: number;
  /** SETs that reached a receiver and were taken. */
  readonly received: number;
  readonly dead: number;
  /** SETs that were taken more than once. */
  readonly duplicates: number;
  /** Everything that must not be, in words. */
  readonly faults: readonly string[];
}

interface Run {
  /** `worker`: delivery runs in threads, which end by themselves at random moments. */
  readonly transmitter?: 'inline' | 'worker';
  /** Which variants, by name. */
  readonly endpoints: readonly string[];
  /** So many milliseconds a host waits at most between events (6). */
  readonly paceMs?: number;
  readonly kills: number;
  readonly seed: number;
  readonly tell?: (line: string) => void;
}

/**
 * Runs a host, a transmitter and a receiver as processes of their own, kills the first two with SIGKILL again and again,
 * and compares what the host was told to be kept with what the receiver got.
 */
export async function runOracle({
  transmitter = 'inline',
  endpoints,
  paceMs = 15,
  kills,
  seed,
  tell = () => undefined,
}: Run): Promise<Findings> {
  const random = seeded(seed);
  const folder = mkdtempSync(join(tmpdir(), 'setwire-oracle-'));
  const received = join(folder, 'received.txt');
  const crashes = join(folder, 'crashes');
  if (transmitter === 'worker') writeFileSync(crashes, '');
  const kept = new Set<string>();
  const numbers = Array.from({ length: subjects }, () => 0);
  const children = new Set<ChildProcess>();
  const faults: string[] = [];

  function start(role: string, file: string, ...args: string[]): { child: ChildProcess; said: Promise<string> } {
    const child = spawn(
      process.execPath,
      ['--max-old-space-size=256', '--import', tsx, '--import', crashing, program, role, file, ...args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          SETWIRE_TEST_CRASH: crashes,
          SETWIRE_TEST_CRASH_WITHIN_MS: '2000',
          SETWIRE_TEST_CRASH_SHARE: '0.6',
        },
      },
    );
    children.add(child);
    child.stderr?.on('data', (chunk) => tell(`${role}: ${String(chunk).trimEnd()}`));
    const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
    const said = once(lines, 'line').then(([line]) => String(line));
    lines.on('line', (line) => {
      const [what, subject, number] = line.split(' ');
      if (what === 'emit') numbers[Number(subject)] = Number(number);
      if (what === 'kept') kept.add(`${subject}-${number}`);
    });
    child.once('exit', (code, signal) => {
      children.delete(child);
      if (signal === null && code !== 0) faults.push(`the ${role} ended by itself with code ${code}`);
      if (signal !== null && signal !== 'SIGKILL' && signal !== 'SIGTERM')
        faults.push(`the ${role} fell with ${signal}`);
    });
    return { child, said };
  }

  function config(name: string, port: string, transmitter: string): string {
    const common = {
      timeout: '2s',
      retry: { initial: '10ms', max: '200ms' },
      circuit: { minAttempts: 200, probe: '50ms' },
    };
    const file = join(folder, name);
    const url = `http://127.0.0.1:${port}`;
    const settings = {
      transmitter,
      dataDir: 'data',
      issuer,
      signing: { keys: 'keys' },
      log: { file: `${name}.log`, level: 'error' },
      endpoints: Object.fromEntries(
        endpoints.map((endpoint) => [
          endpoint,
          { ...common, ...variants[endpoint]?.settings, url: `${url}/${endpoint}` },
        ]),
      ),
    };
    writeFileSync(file, JSON.stringify(settings));
    return file;
  }

  async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    const ended = once(child, 'close');
    child.kill(signal);
    await ended;
  }

  const jwks = await jwksServer(join(folder, 'keys'), faults);
  try {
    const jwksUrl = `http://127.0.0.1:${(jwks.address() as AddressInfo).port}/`;
    const [, port = ''] = (await start('receiver', received, String(seed), jwksUrl).said).split(' ');
    const files = {
      host: config('host.json', port, transmitter === 'worker' ? 'worker' : 'none'),
      transmitter: config('transmitter.json', port, transmitter),
    };
    const begin = (role: keyof typeof files) =>
      role === 'host'
        ? start(role, files[role], String(Math.floor(random() * 2 ** 31)), JSON.stringify(numbers), String(paceMs))
        : start(role, files[role]);
    const running = { host: begin('host'), transmitter: begin('transmitter') };
    for (let kill = 1; kill <= kills; kill += 1) {
      await Promise.all([running.host.said, running.transmitter.said]);
      await pause(random() * 400);
      const role = random() < 0.5 ? 'host' : 'transmitter';
      await end(running[role].child, 'SIGKILL');
      tell(`kill ${kill} of ${kills}: ${role}; ${kept.size} kept`);
      running[role] = begin(role);
    }
    await Promise.all([running.host.said, running.transmitter.said]);
    await pause(200);
    rmSync(crashes, { force: true });
    await end(running.host.child, 'SIGTERM');
    const dead = await settled(join(folder, 'data'), faults);
    await end(running.transmitter.child, 'SIGTERM');
    return { ...judge(kept, readFileSync(received, 'utf8'), dead, faults, endpoints), faults };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    jwks.close();
    jwks.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A process that transmits nothing and shares the keys, as one of a cluster does: it outlives those that are killed. */
async function jwksServer(directory: string, faults: string[]): Promise<Server> {
  const schedule = { alg: 'ES256', rotateEveryMs: Number.POSITIVE_INFINITY, overlapMs: 3_600_000 } as const;
  const keys = keyRingIn(directory, schedule, Date.now);
  const server = createServer(jwksHandlerOf(keys, (error) => faults.push(`the JWK Set cannot be served: ${error}`)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** Delivery that has not moved for so long is stuck. */
const stuckMs = 60_000;

/** Waits until the endpoints have finished everything; gives the dead letters as `endpoint rci`. */
async function settled(dataDir: string, faults: string[]): Promise<Set<string>> {
  const journal = embeddedJournal({ dataDir, durability: 'flush', report: () => undefined });
  const isDone = (): boolean =>
    journal.readers().every(({ position }) => position.next >= journal.end && position.pending.length === 0);
  // As long as something moves: how much has piled up depends on the machine.
  let before = '';
  for (let until = Date.now() + stuckMs; !isDone() && Date.now() < until; await pause(50)) {
    const now = JSON.stringify(journal.readers().map(({ position }) => position));
    if (now !== before) until = Date.now() + stuckMs;
    before = now;
  }
  if (!isDone()) {
    const left = journal
      .readers()
      .map(({ reader, position }) => `${reader} ${position.next} and ${position.pending.length} pending`);
    faults.push(`nothing moved for a minute, at the end ${journal.end}: ${left.join(', ')}`);
  }
  const dead = new Set(
    Array.from(journal.deadLetters.list(), ({ endpoint, event }) => `${endpoint} ${event.correlationId}`),
  );
  await journal.close();
  return dead;
}

/** Compares what was kept with what arrived. */
function judge(
  kept: ReadonlySet<string>,
  log: string,
  dead: ReadonlySet<string>,
  faults: string[],
  endpoints: readonly string[],
): Omit<Findings, 'faults'> {
  const taken = new Map<string, number>();
  const jtis = new Map<string, string>();
  /** Which event each endpoint knows a `jti` of. */
  const ownJtis = new Map<string, string>();
  /** The highest number of a subject that was settled at an endpoint. */
  const highest = new Map<string, number>();
  for (const line of log.split('\n').filter(Boolean)) {
    const [path = '', fate, isSigned, rci = '', jti = ''] = line.split(' ');
    const endpoint = path.slice(1);
    const key = `${endpoint} ${rci}`;
    if (isSigned !== 'true') faults.push(`${key} came without a signature, or with a wrong one`);
    if ((jtis.get(key) ?? jti) !== jti) faults.push(`${key} came with two jtis`);
    const owner = ownJtis.get(`${endpoint} ${jti}`) ?? key;
    if (owner !== key) faults.push(`${key} came with the jti of ${owner}`);
    ownJtis.set(`${endpoint} ${jti}`, key);
    const isFirst = !jtis.has(key);
    jtis.set(key, jti);
    const [subject = '', number = ''] = rci.split('-');
    const lane = `${endpoint} ${subject}`;
    // Until it is taken it comes before everything later of its subject; a dead letter, which is never taken, at first.
    const isEarly = dead.has(key) ? isFirst : !taken.has(key);
    if (isEarly && Number(number) < (highest.get(lane) ?? 0))
      faults.push(`${key} came for the first time after ${highest.get(lane)} of its subject`);
    if (fate !== 'taken') continue;
    taken.set(key, (taken.get(key) ?? 0) + 1);
    highest.set(lane, Math.max(highest.get(lane) ?? 0, Number(number)));
  }
  for (const endpoint of endpoints) {
    for (const rci of kept) {
      const key = `${endpoint} ${rci}`;
      if (!taken.has(key) && !dead.has(key)) faults.push(`${key} was kept, and neither arrived nor is a dead letter`);
    }
  }
  const duplicates = [...taken.values()].reduce((sum, times) => sum + times - 1, 0);
  return { kept: kept.size, received: taken.size, dead: dead.size, duplicates };
}

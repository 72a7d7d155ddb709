import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Adapter, checkQuery, createAdapter, operatorLog } from '../adapter.js';
import { loadConfig } from '../config/load.js';
import type { Settings } from '../config/settings.js';
import { watchConfig } from '../config/watch.js';
import { messageOf } from '../errors.js';
import type { Report } from '../report.js';
import { type Sources, startSources } from '../sources/start.js';
import { type Io, UsageError } from './io.js';

const usage = `Usage: setwire serve [--config <path>]

Runs Setwire as a process of its own: takes events from servers that are not Node, as \`intake\` in the config says, and
delivers what is in the journal, also what other processes with the same \`dataDir\` put there. Ctrl-C and SIGTERM stop
it: requests under way are answered, and what is left stays in the journal.

      --config <path>  the config (setwire.yaml)
`;

/** The longest that a timer takes. */
const longestMs = 2 ** 31 - 1;

/** Resolves when the operator has had enough. */
const interrupted = ({ signal }: Io): Promise<'interrupted'> =>
  new Promise((done) => {
    const stop = (): void => done('interrupted');
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });

async function started(settings: Settings, adapter: Adapter, report: Report): Promise<Sources | undefined> {
  const { intake, dataDir } = settings;
  if (intake === undefined) return undefined;
  try {
    return await startSources(intake, { adapter, dataDir, report });
  } catch (error) {
    throw new Error(`it cannot listen: ${messageOf(error)}`, { cause: error });
  }
}

function announce(settings: Settings, sources: Sources | undefined, { stderr }: Io): void {
  for (const line of sources?.lines ?? []) stderr.write(`setwire takes events from ${line}\n`);
  const names = settings.endpoints.filter(({ enabled }) => enabled).map(({ name }) => name);
  stderr.write(`setwire delivers to ${names.length === 0 ? 'nobody: the config has no endpoint' : names.join(', ')}\n`);
}

/** `setwire serve`: until the signal aborts. */
export async function serve(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    io.stdout.write(usage);
    return 0;
  }
  if (positionals.length > 0) throw new UsageError('it takes no file: --config <path>');
  const file = resolve(io.cwd, values.config ?? 'setwire.yaml');
  const load = (): Settings => {
    // Here it transmits, also where the servers that share the config leave that to this process.
    return { ...loadConfig(file, { env: io.env, checkQuery }), transmitter: 'inline' };
  };
  const settings = load();
  const report = operatorLog(settings.log.level);
  const adapter = createAdapter(settings, { report });
  // Delivery alone does not keep a process: in a host it must not.
  const hold = setInterval(() => undefined, longestMs);
  try {
    if ((await Promise.race([adapter.ready, interrupted(io)])) === 'interrupted') return 0;
    const sources = await started(settings, adapter, report);
    const unwatch = watchConfig(settings, { load, apply: adapter.apply, report });
    announce(settings, sources, io);
    await interrupted(io);
    unwatch();
    await sources?.stop(settings.stopTimeoutMs);
    return 0;
  } finally {
    await adapter.detach();
    clearInterval(hold);
    io.stderr.write('setwire has stopped\n');
  }
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Journal } from '../journal/journal.js';
import { visible } from '../log/visible.js';
import { type Io, UsageError } from './io.js';
import { knownEndpoint, withJournal } from './journal-of.js';

const usage = `Usage: setwire endpoint list
       setwire endpoint enable  <name>
       setwire endpoint disable <name> [--reason <text>]

Shows how endpoints are, or stops and goes on sending to one: at once where setwire runs, otherwise from its next start on.
A disabled endpoint loses nothing: its events wait in the journal.

      --reason <text>  why, for who looks at the status
      --config <path>  the config (setwire.yaml)
`;

interface Told {
  readonly state?: string;
  readonly reason?: string;
}

/** What the process that transmits last wrote of each endpoint. */
function toldOf(dataDir: string): Readonly<Record<string, Told>> {
  try {
    const { endpoints } = JSON.parse(readFileSync(join(dataDir, 'state.json'), 'utf8')) as {
      endpoints?: Readonly<Record<string, Told>>;
    };
    return endpoints ?? {};
  } catch {
    return {};
  }
}

function list(journal: Journal, dataDir: string, io: Io): number {
  const { isLed, end } = journal;
  const told = isLed ? toldOf(dataDir) : {};
  for (const { reader, position, disabled, removedAt } of journal.readers()) {
    const lag = Math.max(0, end - position.next) + position.pending.length;
    const dead = journal.deadLetters.count(reader);
    const state = disabled ? 'disabled' : removedAt !== undefined ? 'removed' : (told[reader]?.state ?? 'stopped');
    const why = disabled?.reason ?? told[reader]?.reason;
    const parts = [
      reader.padEnd(12),
      state.padEnd(13),
      `${lag} waiting`,
      dead > 0 && `${dead} dead`,
      why !== undefined && `(${why})`,
    ];
    io.stdout.write(`${visible(parts.filter(Boolean).join('  '))}\n`);
  }
  if (!isLed) io.stdout.write('setwire does not run\n');
  return 0;
}

/** `setwire endpoint`. */
export async function endpoint(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      reason: { type: 'string', default: 'by an operator' },
      config: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    io.stdout.write(usage);
    return 0;
  }
  const [action, name, ...more] = positionals;
  if (action === 'list' && name === undefined)
    return await withJournal(values.config, io, async (journal, dataDir) => list(journal, dataDir, io));
  if ((action !== 'enable' && action !== 'disable') || name === undefined || more.length > 0)
    throw new UsageError('list, enable <name> or disable <name> is wanted');
  return await withJournal(values.config, io, async (journal) => {
    const reader = knownEndpoint(journal, name);
    const disabled = { reason: values.reason, since: Date.now() };
    await journal.disable(reader, action === 'disable' ? disabled : undefined);
    const when = journal.isLed ? '' : ', from the next start of setwire on';
    io.stdout.write(`${name} is ${action}d${when}\n`);
    return 0;
  });
}

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkQuery, isMeant, wantsOf } from '../adapter.js';
import { loadConfig } from '../config/load.js';
import type { Journal } from '../journal/journal.js';
import type { Wish } from '../journal/requests.js';
import { type Io, timeOf, UsageError } from './io.js';
import { knownEndpoint, withJournal } from './journal-of.js';
import { resend } from './resend.js';

const usage = `Usage: setwire replay --endpoint <name> [options]

Sends events of the journal to an endpoint again, in their order, beside what is new, with the same jti; also those that
it was never sent, because it came later or because they did not match then. What is still to be delivered for the first
time is left alone.

      --endpoint <e>   to which endpoint
      --from <t>       accepted since: 2h, 3d ago, or a time: 2026-11-20T00:00 (the oldest that the journal has)
      --to <t>         accepted before (now)
      --event <t>      only events of this type: login.failure, login.*; may be repeated
      --subject <u>    only events of the user with this id or name
      --rate <n>       events a second at most (200)
      --dry-run        only say how many there are
      --config <path>  the config (setwire.yaml)

It is done by the process that transmits; where there is none, by this one. Exit code 1 where an event could not be
delivered, and is a dead letter now.
`;

type Replay = Extract<Wish, { kind: 'replay' }>;

/** `setwire replay`. */
export async function replay(argv: readonly string[], io: Io): Promise<number> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      endpoint: text,
      from: text,
      to: text,
      event: { type: 'string', multiple: true },
      subject: text,
      rate: { type: 'string', default: '200' },
      'dry-run': { type: 'boolean' },
      config: text,
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    io.stdout.write(usage);
    return 0;
  }
  const { endpoint: name, event: events, subject } = values;
  if (name === undefined) throw new UsageError('--endpoint <name> is wanted');
  const rate = Number(values.rate);
  if (!/^\d{1,6}$/.test(values.rate) || rate === 0)
    throw new UsageError('--rate: a number of events a second is wanted');
  const now = Date.now();
  const since = values.from === undefined ? undefined : timeOf('--from', values.from, now);
  const until = values.to === undefined ? undefined : timeOf('--to', values.to, now);

  return await withJournal(values.config, io, async (journal) => {
    const endpoint = knownEndpoint(journal, name);
    const wish: Replay = {
      kind: 'replay',
      from: 1,
      to: journal.end,
      ...(events && { events }),
      ...(subject !== undefined && { subject }),
      ...(since !== undefined && { since }),
      ...(until !== undefined && { until }),
    };
    if (values['dry-run']) return await count(journal, endpoint, wish, values.config, io);
    return await resend(journal, { endpoint, wish, rate, config: values.config }, io);
  });
}

/** Says what a replay would send. */
async function count(
  journal: Journal,
  name: string,
  wish: Replay,
  config: string | undefined,
  io: Io,
): Promise<number> {
  const settings = loadConfig(resolve(io.cwd, config ?? 'setwire.yaml'), { env: io.env, checkQuery });
  const endpoint = settings.endpoints.find((each) => each.name === name);
  if (endpoint === undefined) throw new UsageError(`the config has no endpoint ${name}`);
  const wants = wantsOf(endpoint);
  const { next, pending } = journal.position(name);
  const underWay = new Set(pending.map(({ offset }) => offset));
  const counts = new Map<string, number>();
  let waiting = 0;
  for (let from = wish.from; from < wish.to; ) {
    const read = await journal.read(from, 500);
    const last = read.at(-1);
    if (last === undefined) break;
    for (const entry of read) {
      if (!isMeant(entry, wish) || !wants(entry.event)) continue;
      if (entry.offset >= next || underWay.has(entry.offset)) waiting += 1;
      else counts.set(entry.event.type, (counts.get(entry.event.type) ?? 0) + 1);
    }
    from = last.offset + 1;
  }
  const sum = [...counts.values()].reduce((all, each) => all + each, 0);
  const rows = [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([type, times]) => `  ${String(times).padStart(8)}  ${type}\n`);
  io.stdout.write(`${sum} event${sum === 1 ? '' : 's'} would be sent to ${name}\n${rows.join('')}`);
  if (waiting > 0) io.stdout.write(`${waiting} more are on their way to it for the first time, and left alone\n`);
  return 0;
}

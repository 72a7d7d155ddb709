import { parseArgs } from 'node:util';
import { matchesPattern } from '../events/type-pattern.js';
import type { Journal } from '../journal/journal.js';
import { visible } from '../log/visible.js';
import type { DeadLetter } from '../schema-types.js';
import { type Io, UsageError } from './io.js';
import { withJournal } from './journal-of.js';
import { outputTo } from './output.js';
import { resend } from './resend.js';

const usage = `Usage: setwire dead list  [--endpoint <e>] [--event <t>] [--json]
       setwire dead show  <id>
       setwire dead retry <id>... | [--endpoint <e>] [--event <t>] | --all   [--rate <n>]
       setwire dead drop  <id>... | [--endpoint <e>] [--event <t>] | --all

Dead letters: events that were given up for an endpoint, each with the reason. show prints one as it is kept, with the
event and all that is known of the user. retry sends them again with the same jti: what arrives is a dead letter no more.

      --endpoint <e>   only of this endpoint
      --event <t>      only events of this type: login.failure, login.*; may be repeated
      --all            all of them
      --rate <n>       events a second at most (200)
      --json           a line of JSON for each
      --config <path>  the config (setwire.yaml)
`;

interface Choice {
  readonly ids: readonly string[];
  readonly endpoint: string | undefined;
  readonly events: readonly string[] | undefined;
  readonly all: boolean;
}

function chosen(journal: Journal, { ids, endpoint, events }: Choice): Iterable<DeadLetter> {
  if (ids.length > 0) return ids.map((id) => found(journal, id));
  return journal.deadLetters.list({
    ...(endpoint !== undefined && { endpoint }),
    ...(events && { isWanted: (type: string) => events.some((pattern) => matchesPattern(pattern, type)) }),
  });
}

function found(journal: Journal, id: string): DeadLetter {
  const letter = journal.deadLetters.get(id);
  if (letter === undefined) throw new Error(`there is no dead letter ${visible(JSON.stringify(id))}`);
  return letter;
}

/** What changes something wants to be told what: a slip must not mean everything. */
function checkChoice({ ids, endpoint, events, all }: Choice): void {
  const isNarrowed = endpoint !== undefined || events !== undefined;
  if (ids.length === 0 && !isNarrowed && !all) throw new UsageError('which ones? an id, --endpoint, --event or --all');
  if (ids.length > 0 && (isNarrowed || all)) throw new UsageError('either ids, or --endpoint and --event, or --all');
}

async function list(journal: Journal, choice: Choice, json: boolean, io: Io): Promise<number> {
  const out = outputTo(io.stdout, io.signal);
  let count = 0;
  for (const letter of chosen(journal, choice)) {
    if (out.signal.aborted) return io.signal.aborted ? 130 : 0;
    count += 1;
    await out.write(json ? `${JSON.stringify(letter)}\n` : `${lineOf(letter)}\n`);
  }
  if (!json) await out.write(`${count} dead letter${count === 1 ? '' : 's'}\n`);
  return 0;
}

function lineOf({ id, endpoint, diedAt, event, reason, status, error, attempts }: DeadLetter): string {
  const last = [status, error].filter((part) => part !== undefined).join(' ');
  const tries = attempts === 0 ? 'not sent' : `${attempts} attempt${attempts === 1 ? '' : 's'}`;
  return visible(
    [id, diedAt.slice(0, 19).replace('T', ' '), endpoint.padEnd(8), event.type.padEnd(22), reason, last, tries]
      .filter((part) => part !== '')
      .join('  '),
  );
}

async function retry(
  journal: Journal,
  choice: Choice,
  rate: number,
  config: string | undefined,
  io: Io,
): Promise<number> {
  const byEndpoint = new Map<string, string[]>();
  for (const { id, endpoint } of chosen(journal, choice)) {
    byEndpoint.set(endpoint, [...(byEndpoint.get(endpoint) ?? []), id]);
  }
  if (byEndpoint.size === 0) io.stdout.write('0 dead letters\n');
  let code = 0;
  for (const [endpoint, ids] of byEndpoint) {
    if (byEndpoint.size > 1) io.stdout.write(`${endpoint}: `);
    const ended = await resend(journal, { endpoint, wish: { kind: 'retry', ids }, rate, config }, io);
    if (ended === 130) return ended;
    code = Math.max(code, ended);
  }
  return code;
}

/** `setwire dead`. */
export async function dead(argv: readonly string[], io: Io): Promise<number> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      endpoint: text,
      event: { type: 'string', multiple: true },
      all: { type: 'boolean', default: false },
      rate: { type: 'string', default: '200' },
      json: { type: 'boolean', default: false },
      config: text,
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    io.stdout.write(usage);
    return 0;
  }
  const [action, ...named] = positionals;
  // One that is named twice is sent once.
  const ids = [...new Set(named)];
  const { endpoint, event: events, all, config } = values;
  const choice: Choice = { ids, endpoint, events, all };
  const rate = Number(values.rate);
  if (!/^\d{1,6}$/.test(values.rate) || rate === 0)
    throw new UsageError('--rate: a number of events a second is wanted');
  switch (action) {
    case 'list':
      if (ids.length > 0) throw new UsageError('list takes no ids: setwire dead show <id>');
      return await withJournal(config, io, (journal) => list(journal, choice, values.json, io));
    case 'show': {
      const [id] = ids;
      if (id === undefined || named.length > 1) throw new UsageError('one id is wanted: setwire dead show <id>');
      return await withJournal(config, io, async (journal) => {
        io.stdout.write(`${JSON.stringify(found(journal, id), null, 2)}\n`);
        return 0;
      });
    }
    case 'retry':
      checkChoice(choice);
      return await withJournal(config, io, (journal) => retry(journal, choice, rate, config, io));
    case 'drop':
      checkChoice(choice);
      return await withJournal(config, io, async (journal) => {
        const dropped = await journal.deadLetters.drop(Array.from(chosen(journal, choice), ({ id }) => id));
        io.stdout.write(`${dropped} dropped\n`);
        return 0;
      });
    default:
      throw new UsageError(
        `list, show, retry or drop is wanted${action === undefined ? '' : `, not ${visible(JSON.stringify(action))}`}`,
      );
  }
}

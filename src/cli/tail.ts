import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fillIn, type Json } from '../config/secrets.js';
import { readSource } from '../config/source.js';
import { messageOf } from '../errors.js';
import { matches, type RecordFilter } from '../log/filter.js';
import { follow } from '../log/follow.js';
import { formatRecord, isDated, wrapped } from '../log/format.js';
import { lastLines } from '../log/last-lines.js';
import { placeSince } from '../log/place-since.js';
import { recordOf } from '../log/record.js';
import { newSummary } from '../log/summary.js';
import { visible } from '../log/visible.js';
import type { DeliveryRecord } from '../schema-types.js';
import { coloured, type Io, timeOf, UsageError } from './io.js';
import { outputTo } from './output.js';

const usage = `Usage: setwire tail [options]

Shows the delivery log: the last 20 attempts, and with -f every new one.

  -f, --follow         go on with new attempts until Ctrl-C, across rotation
  -n, --lines <n>      how many attempts are shown first (20; with --since: all)
      --endpoint <e>   only this endpoint
      --event <t>      only attempts with an event of this type: login.failure, login.*
      --outcome <o>    only delivered, retry or dead
      --jti <id>       only attempts with this SET; its first characters are enough
      --since <t>      only since 10m, 2h, 3d ago, or since a time: 2026-11-23T14:00:00Z
      --json           the lines of the log as they are, and no summary
      --file <path>    the log's file (otherwise as the config says)
      --config <path>  the config (setwire.yaml)

--endpoint, --event, --outcome and --jti may be repeated: any of them.
`;

const defaultConfig = 'setwire.yaml';
const defaultLog = 'setwire-delivery.log';
const outcomes: readonly string[] = ['delivered', 'retry', 'dead'] satisfies DeliveryRecord['outcome'][];

/** There is no log to show: exit code 1. */
class NoLogError extends Error {}

interface Wish {
  readonly filter: RecordFilter;
  readonly follow: boolean;
  readonly json: boolean;
  /** undefined: all of them. */
  readonly count: number | undefined;
  readonly file: string;
}

function countOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`-n ${visible(text)}: a number is wanted`);
  return Number(text);
}

/** `log.file` and nothing else of the config: an operator's shell seldom has its secrets. */
function fileOf(given: { file?: string | undefined; config?: string | undefined }, { cwd, env }: Io): string {
  if (given.file !== undefined) return resolve(cwd, given.file);
  const config = resolve(cwd, given.config ?? defaultConfig);
  if (given.config === undefined && !existsSync(config)) return resolve(cwd, defaultLog);
  const log = memberOf(readSource(config).value, 'log') ?? {};
  const { value, unfilled } = fillIn({ file: memberOf(log, 'file') ?? defaultLog }, config, env);
  const file = memberOf(value, 'file');
  const [missing] = unfilled;
  if (typeof file === 'string' && missing === undefined) return resolve(dirname(config), file);
  const found = missing === undefined ? 'is no text' : `has ${missing.found} and needs ${missing.allowed}`;
  throw new NoLogError(`log.file in ${visible(config)} ${visible(found)}; or name the log: setwire tail --file <path>`);
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return (value as Readonly<Record<string, Json>>)[name];
}

function parse(argv: readonly string[], io: Io, now: number): Wish | 'help' {
  const text = { type: 'string' } as const;
  const texts = { type: 'string', multiple: true } as const;
  let values: ReturnType<typeof read>;
  const read = () =>
    parseArgs({
      args: [...argv],
      options: {
        follow: { type: 'boolean', short: 'f' },
        lines: { ...text, short: 'n' },
        endpoint: texts,
        event: texts,
        outcome: texts,
        jti: texts,
        since: text,
        json: { type: 'boolean' },
        file: text,
        config: text,
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  try {
    values = read();
  } catch (error) {
    throw new UsageError(`${visible(messageOf(error))}\n\n${usage}`, { cause: error });
  }
  if (values.help === true) return 'help';
  const wrong = values.outcome?.find((outcome) => !outcomes.includes(outcome));
  if (wrong !== undefined) throw new UsageError(`--outcome ${visible(wrong)}: delivered, retry or dead is wanted`);
  const since = values.since === undefined ? undefined : timeOf('--since', values.since, now);
  return {
    filter: {
      endpoints: values.endpoint ?? [],
      events: values.event ?? [],
      outcomes: values.outcome ?? [],
      jtis: values.jti ?? [],
      ...(since !== undefined && { since }),
    },
    follow: values.follow === true,
    json: values.json === true,
    count: values.lines === undefined ? (since === undefined ? 20 : undefined) : countOf(values.lines),
    file: fileOf(values, io),
  };
}

/** Shows records as they come: columns widen with what they hold, and never shrink again. */
function screenOf(io: Io, print: (text: string) => Promise<void>): (record: DeliveryRecord) => Promise<void> {
  const colour = coloured(io);
  let endpointWidth = 6;
  let dated = false;
  return async (record) => {
    const now = Date.now();
    endpointWidth = Math.max(endpointWidth, Math.min(record.endpoint.length, 20));
    dated ||= isDated(record.time, now);
    const { columns } = io.stdout;
    await print(formatRecord(record, { colour, now, endpointWidth, dated, ...(columns !== undefined && { columns }) }));
  };
}

/**
 * `setwire tail`: the last records of the delivery log, and what follows.
 *
 * @returns the exit code: 0, 1 where the log cannot be read, or 2 for a command line that cannot be understood
 */
export async function tail(argv: readonly string[], io: Io): Promise<number> {
  const output = outputTo(io.stdout, io.signal);
  try {
    const wish = parse(argv, io, Date.now());
    if (wish === 'help') await output.write(usage);
    else await show(wish, io, output.signal, (line) => output.write(`${line}\n`));
    if (output.error !== undefined && output.error.code !== 'EPIPE') throw output.error;
    return 0;
  } catch (error) {
    const why = error instanceof UsageError ? error.message.trimEnd() : visible(messageOf(error));
    io.stderr.write(`setwire tail: ${why}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function show(wish: Wish, io: Io, signal: AbortSignal, print: (line: string) => Promise<void>): Promise<void> {
  const { file, filter, count } = wish;
  const screen = screenOf(io, print);
  const summary = newSummary();
  let unreadable = 0;

  const take = async (line: string): Promise<void> => {
    const record = recordOf(line);
    if (record === undefined) unreadable += 1;
    else if (matches(record, filter)) {
      summary.add(record);
      await (wish.json ? print(visible(line)) : screen(record));
    }
  };
  const timeOf = (line: string): number | undefined => {
    const record = recordOf(line);
    return record && Date.parse(record.time);
  };

  let from: Parameters<typeof follow>[1]['from'] = 'start';
  let missing = false;
  if (count === undefined && filter.since !== undefined) {
    from = await placeSince(file, filter.since, timeOf);
    missing = from === 'start' && (await lastLines(file, 0, () => false)).end === undefined;
  } else {
    const last = await lastLines(file, count ?? 0, (line) => {
      const record = recordOf(line);
      if (record === undefined) {
        unreadable += 1;
        return false;
      }
      // With a margin, as records are a little out of order.
      if (filter.since !== undefined && Date.parse(record.time) < filter.since - 60_000) return 'stop';
      return matches(record, filter);
    });
    for (const line of last.lines) await take(line);
    missing = last.end === undefined;
    from = last.end ?? 'start';
  }
  if (missing) {
    const where = `there is no delivery log at ${visible(file)}`;
    if (!wish.follow) {
      throw new NoLogError(
        `${where} yet; it is written at the first start of the plugin. Another place: --file <path>`,
      );
    }
    io.stderr.write(`setwire tail: ${where} yet, waiting for it\n`);
  }
  if (wish.follow || count === undefined) {
    for await (const line of follow(file, { signal, from, wait: wish.follow })) await take(line);
  }
  if (!wish.follow && !wish.json) {
    const garbage = unreadable > 0 ? ` · ${unreadable} unreadable line${unreadable === 1 ? '' : 's'} left out` : '';
    await print(wrapped(`${summary.text()}${garbage}`, io.stdout.columns));
  } else if (unreadable > 0) {
    io.stderr.write(`setwire tail: ${unreadable} unreadable line${unreadable === 1 ? '' : 's'} left out\n`);
  }
}

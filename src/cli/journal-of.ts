import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fillIn, type Json } from '../config/secrets.js';
import { readSource } from '../config/source.js';
import { embeddedJournal } from '../journal/embedded.js';
import type { Journal } from '../journal/journal.js';
import type { Io } from './io.js';

const defaultConfig = 'setwire.yaml';
const defaultDataDir = 'setwire-data';

/** There is no journal that could be looked at: exit code 1. */
export class NoJournalError extends Error {}

function memberOf(value: Json, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return (value as Readonly<Record<string, Json>>)[name];
}

/** Where a config has its data: nothing else of it is needed, an operator's shell seldom has its secrets. */
export function dataDirOf(config: string | undefined, { cwd, env }: Io): string {
  const file = resolve(cwd, config ?? defaultConfig);
  const source = readSource(file).value;
  if (memberOf(source, 'journal') === 'memory')
    throw new NoJournalError(`${file} has \`journal: memory\`: only the process itself can see it`);
  const { value, unfilled } = fillIn({ dataDir: memberOf(source, 'dataDir') ?? defaultDataDir }, file, env);
  const dataDir = memberOf(value, 'dataDir');
  const [missing] = unfilled;
  if (typeof dataDir === 'string' && missing === undefined) return resolve(dirname(file), dataDir);
  throw new NoJournalError(`dataDir in ${file} ${missing === undefined ? 'is no text' : `needs ${missing.allowed}`}`);
}

/**
 * Does something with the journal of a config, whether or not a process has it open, and closes it.
 *
 * @throws NoJournalError
 */
export async function withJournal<T>(
  config: string | undefined,
  io: Io,
  work: (journal: Journal, dataDir: string) => Promise<T>,
): Promise<T> {
  const dataDir = dataDirOf(config, io);
  if (!existsSync(join(dataDir, 'journal', 'data.mdb')))
    throw new NoJournalError(`there is no journal in ${dataDir} yet: setwire has not run with this config`);
  let failure: string | undefined;
  const journal = embeddedJournal({
    dataDir,
    durability: 'flush',
    report(level, message, fields) {
      if (level === 'error') failure = `${message}: ${String(fields?.why ?? '')}`;
    },
  });
  try {
    if (journal.status.error !== undefined || failure !== undefined)
      throw new NoJournalError(failure ?? journal.status.error);
    return await work(journal, dataDir);
  } finally {
    await journal.close();
  }
}

/**
 * An endpoint that the journal knows.
 *
 * @throws NoJournalError
 */
export function knownEndpoint(journal: Journal, name: string): string {
  const names = journal.readers().map(({ reader }) => reader);
  if (names.includes(name)) return name;
  throw new NoJournalError(`there is no endpoint ${JSON.stringify(name)}; there are: ${names.join(', ') || 'none'}`);
}

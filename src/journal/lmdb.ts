import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { messageOf, SetwireError } from '../errors.js';
import { damageOf } from './damage.js';
import type { Table, Tables, Totals, Writing } from './store.js';

/** Layout of the tables; a journal of a later one is left alone. */
const format = 1;

/** An LMDB environment, open. */
export interface Environment {
  readonly tables: Tables;
  /** Runs `change` in one transaction; resolves when it is committed and, where `durable`, flushed to disk. */
  transact(change: (tables: Writing) => void): Promise<void>;
  /** Whether the file is still where it was opened. */
  isInPlace(): boolean;
  /** Writes all of it, as it is now, into a new folder, and flushes it to disk. */
  copyTo(folder: string): Promise<void>;
  close(): Promise<void>;
}

/** The environment in a folder cannot be used, and never will be. */
export class DamagedError extends Error {}

// The errors of LMDB that speak of what stands in the file.
const damage = /MDB_(CORRUPTED|PAGE_NOTFOUND|INVALID|PANIC|BAD_TXN|BAD_VALSIZE)/;

/** Whether an error of reading or writing says that the environment is damaged. */
export const isDamage = (error: unknown): boolean => error instanceof DamagedError || damage.test(messageOf(error));

function tableOn<K, V>(db: Database<V, never>): Table<K, V> {
  const keyed = db as unknown as Database<V, string>;
  return {
    get: (key) => keyed.get(key as string),
    // Within a transaction these are done at once, and what they return says nothing.
    put: (key, value) => void keyed.put(key as string, value),
    remove: (key) => void keyed.remove(key as string),
    range({ start, end, limit }) {
      const found = keyed.getRange({
        ...(start !== undefined && { start: start as string }),
        ...(end !== undefined && { end: end as string }),
        ...(limit !== undefined && { limit: Math.min(limit, 2 ** 31 - 1) }),
      });
      return Array.from(found, ({ key, value }) => ({ key: key as K, value }));
    },
    count: () => (keyed.getStats() as { entryCount: number }).entryCount,
  };
}

function tablesOf(root: RootDatabase): Omit<Tables, 'totals'> & { readonly meta: Table<string, unknown> } {
  const table = <K, V>(name: string): Table<K, V> => tableOn(root.openDB(name, { encoding: 'json' }));
  return {
    events: tableOn(root.openDB('events', { encoding: 'string' })),
    ids: table('ids'),
    readers: table('readers'),
    lease: table('lease'),
    deadLetters: table('dead-letters'),
    deadIds: table('dead-ids'),
    requests: table('requests'),
    meta: table('meta'),
  };
}

const empty: Totals = { end: 1, bytes: 0, dead: {} };

/** What this process has open, by folder. */
const shared = new Map<string, { readonly environment: Environment; users: number }>();

/**
 * Opens the environment in a folder, or makes one. Whoever opens one that this process has open gets the same, and its
 * durability: LMDB allows no second one, two of them would wait for each other's write lock for ever.
 *
 * @throws DamagedError where what stands there is no journal, or no longer a whole one
 * @throws Error where it cannot be reached, or is of a later version
 */
export function openEnvironment(folder: string, options: { readonly durable: boolean }): Environment {
  const found = shared.get(folder);
  const one = found?.environment.isInPlace() ? found : { environment: openAlone(folder, options), users: 0 };
  shared.set(folder, one);
  one.users += 1;
  const { environment } = one;
  let closed: Promise<void> | undefined;

  async function leave(): Promise<void> {
    one.users -= 1;
    if (one.users > 0) return;
    if (shared.get(folder) === one) shared.delete(folder);
    await environment.close();
  }

  return {
    ...environment,
    close() {
      closed ??= leave();
      return closed;
    },
  };
}

/**
 * @throws DamagedError where what stands there is no journal, or no longer a whole one
 * @throws Error where it cannot be reached, or is of a later version
 */
function openAlone(folder: string, { durable }: { readonly durable: boolean }): Environment {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'data.mdb');
  // LMDB does not survive a file that was cut: that would end the host's process.
  const found = existsSync(file) ? damageOf(file) : undefined;
  if (found !== undefined) throw new DamagedError(`${basename(folder)}: ${found}`);
  // Without event turn batching every write is a transaction of its own, and its failure reaches only who asked for it.
  const root = open({ path: folder, maxDbs: 16, eventTurnBatching: false, overlappingSync: false, noSync: !durable });
  const { meta, ...tables } = tablesOf(root);
  const totals = (): Totals => ({ ...empty, ...(meta.get('totals') as Totals | undefined) });
  const stored = meta.get('format') ?? format;
  if (stored !== format) {
    void root.close();
    throw new SetwireError(
      'SETWIRE_JOURNAL_UNWRITABLE',
      `the journal in ${folder} has format ${stored}, this version of setwire knows ${format}: use the version that made it, or another \`dataDir\``,
    );
  }
  const { ino } = statSync(file);

  async function transact(change: (tables: Writing) => void): Promise<void> {
    try {
      await root.transaction(() => {
        const now = structuredClone(totals());
        const before = JSON.stringify(now);
        change({ ...tables, totals: now });
        if (JSON.stringify(now) !== before) {
          meta.put('totals', now);
          if (meta.get('format') === undefined) meta.put('format', format);
        }
      });
    } catch (error) {
      // What went wrong stands in a promise, which would end the process if nobody looked at it.
      const { commitError } = error as { commitError?: Promise<unknown> };
      throw (await commitError?.catch((cause: unknown) => cause)) ?? error;
    }
  }

  return {
    tables: { ...tables, totals },
    transact,
    isInPlace() {
      try {
        return statSync(file).ino === ino;
      } catch {
        return false;
      }
    },
    async copyTo(target) {
      await root.backup(target, false);
      const copy = await openFile(join(target, 'data.mdb'), 'r');
      await copy.sync().finally(() => copy.close());
    },
    close: () => root.close(),
  };
}

/** Moves what stands in a folder out of the way, and says where to. */
export function setAside(folder: string, now: number): string {
  const aside = `${folder}.damaged-${new Date(now).toISOString().replace(/[:.]/g, '-')}`;
  renameSync(folder, aside);
  return aside;
}

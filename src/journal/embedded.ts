import { mkdirSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorCode, messageOf, SetwireError } from '../errors.js';
import type { Report } from '../report.js';
import type { Journal } from './journal.js';
import { journalOn } from './journal-on.js';
import { pause } from './lease.js';
import { type Environment, isDamage, openEnvironment, setAside } from './lmdb.js';
import type { Store, Table, Tables, Writing } from './store.js';

export interface EmbeddedOptions {
  /** The journal is in `journal` within it; made with mode 0700 where missing. */
  readonly dataDir: string;
  /** `flush`: stored means flushed to disk; `commit`: the operating system has it. */
  readonly durability: 'flush' | 'commit';
  readonly report: Report;
  /** As whom this process asks for the lead; left out: as one that nobody else is. */
  readonly owner?: string;
}

/** So many changes are stored in one transaction at most. */
const maxGroup = 2000;
/** An environment that could not be opened is not asked for again sooner. */
const openAgainMs = 500;
const firstPauseMs = 100;
const longestPauseMs = 5000;

interface Change {
  readonly run: (tables: Writing) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  outcome?: { readonly value: unknown } | { readonly error: unknown };
}

/**
 * A store in an LMDB environment, with group commit: what is asked for while a transaction is under way goes into the next.
 *
 * What stands in the way of writing (a full disk, no permission) is reported, and tried again until it is gone. A damaged
 * environment is moved aside and a new one begun. One whose folder was removed is still there for who has it open: it is
 * written anew.
 */
function storeOn({ dataDir, durability, report }: Omit<EmbeddedOptions, 'owner'>): Store {
  const folder = join(dataDir, 'journal');
  const closing = new AbortController();
  let environment: Environment | undefined;
  let readable: Tables | undefined;
  let queue: Change[] = [];
  let working: Promise<void> | undefined;
  let failure: string | undefined;
  let openedAt = Number.NEGATIVE_INFINITY;

  function opened(): Environment {
    if (environment !== undefined) return environment;
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const open = () => openEnvironment(folder, { durable: durability === 'flush' });
    try {
      environment = open();
    } catch (error) {
      if (!isDamage(error)) throw error;
      abandon(error);
      environment = open();
    }
    readable = readableIn(environment);
    return environment;
  }

  /** What is found to be damaged when it is read is dealt with as when it is written; until then it is as if it were empty. */
  function readableIn(current: Environment): Tables {
    let isCondemned = false;
    function reading<T>(read: () => T, otherwise: T): T {
      try {
        return read();
      } catch (error) {
        if (!isDamage(error)) throw error;
        const condemn = (): void => {
          if (environment === current) throw error;
        };
        if (!isCondemned) write(condemn).catch(() => undefined);
        isCondemned = true;
        return otherwise;
      }
    }
    const guarded = <K, V>(table: Table<K, V>): Table<K, V> => ({
      ...table,
      get: (key) => reading(() => table.get(key), undefined),
      range: (bounds) => reading(() => table.range(bounds), []),
      count: () => reading(() => table.count(), 0),
    });
    const { events, ids, readers, lease, deadLetters, deadIds, requests, totals } = current.tables;
    return {
      events: guarded(events),
      ids: guarded(ids),
      readers: guarded(readers),
      lease: guarded(lease),
      deadLetters: guarded(deadLetters),
      deadIds: guarded(deadIds),
      requests: guarded(requests),
      totals: () => reading(totals, { end: 1, bytes: 0, dead: {} }),
    };
  }

  /** What is damaged stays for whoever wants to look at it; new events are not held up by it. */
  function abandon(error: unknown): void {
    void environment?.close();
    environment = undefined;
    const movedTo = setAside(folder, Date.now());
    const code: ErrorCode = 'SETWIRE_JOURNAL_CORRUPT';
    const note = 'a new journal is begun; what was not delivered is in the old one';
    report('error', 'the journal is damaged', { code, why: messageOf(error), movedTo, note });
  }

  /** The folder is gone, but not what was in it, as long as it is open. False: another journal stands there already. */
  async function putBack(lost: Environment): Promise<boolean> {
    const copy = `${folder}.copy-${process.pid}`;
    rmSync(copy, { recursive: true, force: true });
    mkdirSync(copy, { recursive: true, mode: 0o700 });
    await lost.copyTo(copy);
    environment = undefined;
    await lost.close();
    try {
      renameSync(copy, folder);
      // At once: it may be removed again.
      attempt(opened);
      report('error', 'the journal was removed while it was open; it has been written anew', { folder });
      return true;
    } catch (error) {
      // Another process was faster, with what is the same.
      rmSync(copy, { recursive: true, force: true });
      report('warn', 'the journal was replaced while it was open; the new one is used', { why: messageOf(error) });
      return false;
    }
  }

  async function storeGroup(group: readonly Change[]): Promise<void> {
    const current = opened();
    await current.transact((tables) => {
      for (const change of group) {
        try {
          change.outcome = { value: change.run(tables) };
        } catch (error) {
          if (isDamage(error)) throw error;
          change.outcome = { error };
        }
      }
    });
    // What has just been stored is in the copy; whether it is in another's cannot be told.
    if (!current.isInPlace() && !(await putBack(current))) await storeGroup(group);
  }

  function tell(error: unknown): void {
    const why = whyOf(error, dataDir);
    if (failure === why) return;
    failure = why;
    const code: ErrorCode = 'SETWIRE_JOURNAL_UNWRITABLE';
    report('error', 'the journal cannot be written', {
      code,
      dataDir,
      why,
      note: 'events wait in memory, it is tried again',
    });
  }

  function settle(group: readonly Change[]): void {
    queue = queue.slice(group.length);
    if (failure !== undefined) report('info', 'the journal is written again', { dataDir });
    failure = undefined;
    for (const { outcome, resolve, reject } of group) {
      if (outcome !== undefined && 'value' in outcome) resolve(outcome.value);
      else reject(outcome?.error);
    }
  }

  async function work(): Promise<void> {
    let pauseMs = firstPauseMs;
    // What is asked for in the same turn is stored together.
    await Promise.resolve();
    while (queue.length > 0) {
      const group = queue.slice(0, maxGroup);
      try {
        await storeGroup(group);
        settle(group);
        pauseMs = firstPauseMs;
      } catch (error) {
        let obstacle = error;
        if (environment !== undefined && isDamage(error)) {
          try {
            abandon(error);
            continue;
          } catch (other) {
            obstacle = other;
          }
        }
        tell(obstacle);
        if (closing.signal.aborted) giveUp();
        await pause(pauseMs, closing.signal);
        pauseMs = Math.min(longestPauseMs, pauseMs * 2);
      }
    }
    // In the same turn in which the queue was seen to be empty: what comes now begins anew.
    working = undefined;
  }

  function giveUp(): void {
    const error = new SetwireError(
      'SETWIRE_JOURNAL_UNWRITABLE',
      `the journal was closed before it could be written: ${failure}`,
    );
    for (const { reject } of queue.splice(0)) reject(error);
  }

  function attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      tell(error);
    }
  }

  function write<T>(run: (tables: Writing) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (closing.signal.aborted) {
        reject(new SetwireError('SETWIRE_JOURNAL_UNWRITABLE', 'the journal is closed'));
        return;
      }
      queue.push({ run, resolve: resolve as Change['resolve'], reject });
      working ??= work();
    });
  }

  return {
    write,
    tables() {
      if (environment === undefined && !closing.signal.aborted && performance.now() - openedAt > openAgainMs) {
        openedAt = performance.now();
        attempt(opened);
      }
      return environment && readable;
    },
    isShared: true,
    get error() {
      return failure;
    },
    async close() {
      closing.abort();
      await working;
      // Whoever read or wrote while it is being closed would end the process.
      const last = environment;
      environment = undefined;
      await last?.close();
    },
  };
}

/** LMDB calls a full disk an input/output error. */
function whyOf(error: unknown, dataDir: string): string {
  const why = messageOf(error);
  if (!/Input\/output error/.test(why)) return why;
  try {
    const { bavail, bsize } = statfsSync(dataDir);
    return bavail * bsize < 1024 * 1024 ? 'the disk is full' : why;
  } catch {
    return why;
  }
}

/**
 * The journal on disk: an LMDB environment in the data directory, which several processes of one machine may share.
 *
 * It never throws: what keeps it from opening is reported, `append` and `open` wait until it can be written.
 */
export const embeddedJournal = ({ owner, ...options }: EmbeddedOptions): Journal =>
  journalOn(storeOn(options), owner === undefined ? {} : { owner });

import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Lead } from './journal.js';
import type { LeaseRow, Store } from './store.js';

const key = 'transmitter';
const beatMs = 1000;
/** An owner that has not shown itself for so long is taken to be gone, unless its process is known to be. */
const expiryMs = 5000;
const askAgainMs = 200;

function firstOf(...reads: readonly (() => string)[]): string {
  for (const read of reads) {
    try {
      return read().trim();
    } catch {}
  }
  return '';
}

/** Whose process ids ours is one of: two containers may have the same ids and share a journal. */
const ownSpace = (): string =>
  [
    hostname(),
    firstOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    firstOf(() => readlinkSync('/proc/self/ns/pid')),
  ].join(' ');

/** Whether the process of a lease is known to have ended; false where it cannot be known. */
function hasEnded({ pid, space }: LeaseRow): boolean {
  if (space !== ownSpace()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Resolves after a time, or when the signal aborts. Does not keep the process alive. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms).unref();
    signal.addEventListener('abort', done);
  });
}

export interface Lease {
  /** Resolves once it is this one's; undefined when `signal` aborts. */
  acquire(signal: AbortSignal): Promise<Lead | undefined>;
  /** Within a transaction: whether it is still this one's. */
  isOurs(row: LeaseRow | undefined): boolean;
  /** Whether anyone has it and lives. */
  isHeld(): boolean;
  read(tables: { readonly lease: { get(key: string): LeaseRow | undefined } }): LeaseRow | undefined;
}

/**
 * Who of several processes transmits: whoever first writes its name into the store, as long as it counts its beat up.
 * Times are taken from this process's own steady clock, so that a clock that is set moves no lease.
 *
 * @param owner differs between all who may ask at the same time
 */
export function leaseIn(store: Store, owner: string): Lease {
  const space = ownSpace();
  let seen: { readonly row: LeaseRow; readonly at: number } | undefined;

  const read: Lease['read'] = ({ lease }) => lease.get(key);

  /** Whether a lease has run out; it has to be looked at more than once to be known to. */
  function hasRunOut(row: LeaseRow): boolean {
    const now = performance.now();
    if (seen?.row.owner !== row.owner || seen.row.beat !== row.beat) seen = { row, at: now };
    return now - seen.at >= expiryMs || hasEnded(row);
  }

  /** False: it is another's. */
  const take = (found: LeaseRow | undefined): Promise<boolean> =>
    store.write((tables) => {
      const row = read(tables);
      if (row !== undefined && (row.owner !== found?.owner || row.beat !== found.beat)) return false;
      tables.lease.put(key, { owner, pid: process.pid, space, beat: 1 });
      return true;
    });

  const beat = (): Promise<boolean> =>
    store.write((tables) => {
      const row = read(tables);
      if (row?.owner !== owner) return false;
      tables.lease.put(key, { ...row, beat: row.beat + 1 });
      return true;
    });

  function held(): Lead {
    const lost = new AbortController();
    const ended = new AbortController();
    async function keep(): Promise<void> {
      for (;;) {
        await pause(beatMs, ended.signal);
        if (ended.signal.aborted) return;
        if (!(await beat())) return lost.abort();
      }
    }
    // It is rejected only when the store has been closed.
    keep().catch(() => lost.abort());
    return {
      lost: lost.signal,
      async release() {
        ended.abort();
        await store.write((tables) => {
          if (read(tables)?.owner === owner) tables.lease.remove(key);
        });
      },
    };
  }

  return {
    read,
    isOurs: (row) => row?.owner === owner,
    isHeld() {
      const tables = store.tables();
      const row = tables && read(tables);
      return row !== undefined && !hasRunOut(row);
    },
    async acquire(signal) {
      while (!signal.aborted) {
        const tables = store.tables();
        const row = tables && read(tables);
        // One that is our own is left from a thread that has crashed.
        if ((row === undefined || row.owner === owner || hasRunOut(row)) && (await take(row))) return held();
        await pause(askAgainMs, signal);
      }
      return undefined;
    },
  };
}

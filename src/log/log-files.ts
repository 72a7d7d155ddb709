import type { BigIntStats } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';

/** A place in a log, which stays the same when the file is renamed. */
export interface Place {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly offset: number;
}

/** A log file that was opened for reading. */
export interface LogFile {
  readonly handle: FileHandle;
  readonly dev: bigint;
  readonly ino: bigint;
}

type Identity = Pick<LogFile, 'dev' | 'ino'>;

const missing = (error: unknown): boolean => {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
};

export const sameFile = (a: Identity | undefined, b: Identity | undefined): boolean =>
  a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;

/** The log's files lie where a link at its path points. */
async function baseOf(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    if (missing(error)) return file;
    throw error;
  }
}

const aged = (base: string, age: number): string => (age === 0 ? base : `${base}.${age}`);

async function statOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (missing(error)) return undefined;
    throw error;
  }
}

/** The file at the path (`age` 0) or the one that was rotated away `age` times. undefined: there is none. */
export async function openLog(file: string, age: number): Promise<LogFile | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(aged(await baseOf(file), age), 'r');
  } catch (error) {
    if (missing(error)) return undefined;
    throw error;
  }
  const { dev, ino } = await handle.stat({ bigint: true });
  return { handle, dev, ino };
}

/** How often a file has been rotated away by now; undefined: it is not among the log's files. */
export async function ageOf(file: string, identity: Identity): Promise<number | undefined> {
  const base = await baseOf(file);
  let holes = 0;
  for (let age = 0; ; age += 1) {
    const found = await statOf(aged(base, age));
    if (sameFile(found, identity)) return age;
    holes = found === undefined && age > 0 ? holes + 1 : 0;
    // A rotation half done leaves one number free, which wanders downwards; two are the end.
    if (holes > 1) return undefined;
  }
}

/** What a file that is not written any more is known by. Its number alone will not do: it is given anew as soon as the file is removed. */
export type Mark = Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs'>;

export async function markOf(file: string, age: number): Promise<Mark | undefined> {
  return statOf(aged(await baseOf(file), age));
}

/** The oldest file that is newer than `older`, or the oldest there is; undefined: none. */
export async function openOldestAfter(file: string, older: Mark | undefined): Promise<LogFile | undefined> {
  const base = await baseOf(file);
  let age = 0;
  for (let next = 1; ; next += 1) {
    const found = await statOf(aged(base, next));
    if (found === undefined) break;
    if (sameFile(found, older) && found.size === older?.size && found.mtimeNs === older.mtimeNs) break;
    age = next;
  }
  return openLog(file, age);
}

/** How often is looked again where a rotation was caught half done. */
const maxLooks = 20;

/** The file with which the log goes on after `from`, which must be open; undefined: there is none, or none yet. */
export async function openNewer(file: string, from: Identity): Promise<LogFile | undefined> {
  for (let looks = 0; looks < maxLooks; looks += 1) {
    const age = await ageOf(file, from);
    if (age === undefined || age === 0) return undefined;
    const newer = await openLog(file, age - 1);
    if (!sameFile(newer, from) && (await ageOf(file, from)) === age) return newer;
    await newer?.handle.close();
  }
  return undefined;
}

/** The file that was rotated away before `from`, which must be open. */
export async function openOlder(file: string, from: Identity): Promise<LogFile | undefined> {
  for (let looks = 0; looks < maxLooks; looks += 1) {
    const age = await ageOf(file, from);
    if (age === undefined) continue;
    const older = await openLog(file, age + 1);
    const settled = older !== undefined || (await markOf(file, age + 2)) === undefined;
    if (settled && !sameFile(older, from) && (await ageOf(file, from)) === age) return older;
    await older?.handle.close();
  }
  return undefined;
}

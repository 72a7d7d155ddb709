import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Head, TailPosition } from './tail-position.js';

/** A log file that is open. */
export interface OpenFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly ino: string;
}

const headBytes = 256;

const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes(String((error as { code?: string }).code));

/** @returns undefined where there is no such file */
export async function openFile(path: string): Promise<OpenFile | undefined> {
  try {
    const handle = await open(path, 'r');
    const { ino } = await handle.stat({ bigint: true });
    return { path, handle, ino: String(ino) };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function hashOf(handle: FileHandle, bytes: number): Promise<string | undefined> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
  return bytesRead < bytes ? undefined : createHash('sha256').update(buffer).digest('hex');
}

/** How a file begins that has been read up to `offset`: what has been read does not change. */
export async function headOf({ handle }: OpenFile, offset: number): Promise<Head> {
  const bytes = Math.min(headBytes, offset);
  return { bytes, hash: (await hashOf(handle, bytes)) ?? '' };
}

/** Whether it is the file that the position is of, or a copy of it that has been read no further than it goes. */
export async function carries({ handle }: OpenFile, { offset, head }: TailPosition): Promise<boolean> {
  const { size } = await handle.stat();
  return size >= offset && (await hashOf(handle, head.bytes)) === head.hash;
}

async function statOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export async function inoOf(path: string): Promise<string | undefined> {
  const found = await statOf(path);
  return found && String(found.ino);
}

/** The log and what was rotated away from it, the one that was written first before the others. */
async function generations(path: string): Promise<{ path: string; ino: string; mtimeNs: bigint }[]> {
  const folder = dirname(path);
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const wanted = names.filter((name) => name.startsWith(basename(path)) && !/\.(gz|zip|bz2|xz|zst)$/.test(name));
  const found = await Promise.all(
    wanted.map(async (name) => {
      const stats = await statOf(join(folder, name));
      return stats?.isFile() ? [{ path: join(folder, name), ino: String(stats.ino), mtimeNs: stats.mtimeNs }] : [];
    }),
  );
  // The log itself comes last: the others are not written any more.
  const rank = (file: { path: string }): number => (file.path === path ? 1 : 0);
  const byTime = (a: { mtimeNs: bigint }, b: { mtimeNs: bigint }): number => Number(a.mtimeNs - b.mtimeNs);
  return found.flat().sort((a, b) => rank(a) - rank(b) || byTime(a, b) || numberOf(b.path) - numberOf(a.path));
}

/** The number that a rotated file has as a rule, the higher the older: for two that were last written at the same time. */
const numberOf = (path: string): number => Number(/\.(\d{1,6})$/.exec(path)?.[1] ?? 0);

/** Where a position stands now: the log, the file that it was renamed to, or else a copy of it; undefined: nowhere. */
export async function openAt(path: string, position: TailPosition): Promise<OpenFile | undefined> {
  const files = await generations(path);
  const isSame = (file: { ino: string }): boolean => file.ino === position.ino;
  for (const { path: candidate } of [...files.filter(isSame), ...files.filter((file) => !isSame(file))]) {
    const file = await openFile(candidate);
    if (file === undefined) continue;
    if (await carries(file, position)) return file;
    await file.handle.close();
  }
  return undefined;
}

/** The file that goes on where another ends that is not written any more; undefined: there is none yet. */
export async function openAfter(path: string, { handle, ino }: OpenFile): Promise<OpenFile | undefined> {
  const files = await generations(path);
  const place = files.findIndex((file) => file.ino === ino);
  const { mtimeNs } = await handle.stat({ bigint: true });
  const next = place === -1 ? files.find((file) => file.path === path || file.mtimeNs > mtimeNs) : files[place + 1];
  return next && (await openFile(next.path));
}

const blockBytes = 64 * 1024;

/** Where the last whole line of a file ends. */
export async function lastLineEnd({ handle }: OpenFile): Promise<number> {
  const { size } = await handle.stat();
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - blockBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(end - start), 0, end - start, start);
    const last = buffer.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (last !== -1) return start + last + 1;
    end = start;
  }
  return 0;
}

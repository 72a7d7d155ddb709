import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../errors.js';
import type { Report } from '../report.js';
import { carries, headOf, inoOf, lastLineEnd, type OpenFile, openAfter, openAt, openFile } from './tail-files.js';
import type { PositionStore, TailPosition } from './tail-position.js';

export interface TailOptions {
  readonly file: string;
  /** Where a log begins that has no position yet. */
  readonly from: 'now' | 'beginning';
  readonly positions: PositionStore;
  /** Takes whole lines; resolves true when what they say is kept, whatever it is; false: `signal` was aborted before. */
  readonly take: (lines: readonly string[]) => Promise<boolean>;
  readonly report: Report;
  /** Ends it, once what is being taken has been. */
  readonly signal: AbortSignal;
  /** How often is looked for more, in milliseconds. Default: 250. */
  readonly pollMs?: number;
}

const firstChunk = 64 * 1024;
/** A longer line is no event: it is left out. */
const longestLine = 4 * 1024 * 1024;
const newline = 0x0a;

/** A file that is read, and how far. */
interface Reader {
  readonly log: OpenFile;
  readonly at: TailPosition;
  /**
   * Takes the next lines; false: there are none, for now, or they were not taken.
   *
   * @param isOver nothing comes any more: what stands behind the last line break is a line, too
   */
  step(isOver: boolean): Promise<boolean>;
}

async function readerOf(log: OpenFile, from: number, { take, positions }: TailOptions): Promise<Reader> {
  let chunk = firstChunk;
  let isSkipping = false;
  const positionAt = async (offset: number): Promise<TailPosition> => ({
    ino: log.ino,
    offset,
    head: await headOf(log, offset),
  });
  let at = await positionAt(from);
  return {
    log,
    get at() {
      return at;
    },
    async step(isOver) {
      const { buffer, bytesRead } = await log.handle.read(Buffer.allocUnsafe(chunk), 0, chunk, at.offset);
      const bytes = buffer.subarray(0, bytesRead);
      const end = isOver && bytesRead < chunk ? bytesRead : bytes.lastIndexOf(newline) + 1;
      if (end > 0) {
        const lines = bytes.toString('utf8', 0, end).split('\n');
        if (!(await take(lines.slice(isSkipping ? 1 : 0).filter((line) => line !== '')))) return false;
        isSkipping = false;
        chunk = firstChunk;
        at = await positionAt(at.offset + end);
        positions.save(at);
        return true;
      }
      if (bytesRead < chunk) return false;
      if (chunk < longestLine) {
        chunk *= 2;
        return true;
      }
      isSkipping = true;
      at = await positionAt(at.offset + bytesRead);
      return true;
    },
  };
}

/** A log that is being read. */
export interface Tail {
  /** Resolves when it is known where it begins; what is written from then on is read. */
  readonly begun: Promise<void>;
  readonly ended: Promise<void>;
}

/**
 * Reads a log's lines on and on, from where the last process stopped: over rotation by renaming and by copying and
 * truncating, of which also what was written between is read, as long as the rotated file is there and not compressed.
 */
export function tailLog(options: TailOptions): Tail {
  const { file, from, positions, report, signal, pollMs = 250 } = options;
  let reader: Reader | undefined;
  let hasBegun = false;
  let trouble: string | undefined;

  async function enter(log: OpenFile | undefined, offset = 0): Promise<void> {
    const last = reader;
    reader = log && (await readerOf(log, offset, options));
    await last?.log.handle.close();
  }

  /** Where it was read to is in the log, in a file that the log was renamed to, or in a copy. */
  async function resume(position: TailPosition): Promise<void> {
    const found = await openAt(file, position);
    if (found !== undefined) return await enter(found, position.offset);
    const note = 'what stood behind the place that had been read to is lost';
    report('warn', 'a log was rotated, and the rotated file is not found', { file, note });
    await enter(await openFile(file));
  }

  async function begin(): Promise<void> {
    const position = hasBegun ? undefined : positions.load();
    const isFirst = !hasBegun && position === undefined;
    if (position !== undefined) await resume(position);
    else {
      const log = await openFile(file);
      await enter(log, isFirst && from === 'now' && log !== undefined ? await lastLineEnd(log) : 0);
    }
    hasBegun = true;
    if (reader !== undefined) positions.save(reader.at);
  }

  /** Whether there may be more to read at once. */
  async function look(): Promise<boolean> {
    if (reader === undefined) await begin();
    if (reader === undefined) return false;
    if (!(await carries(reader.log, reader.at))) {
      await resume(reader.at);
      return true;
    }
    // Asked before reading: what is written up to a rotation stands in the file by then.
    const isLog = (await inoOf(file)) === reader.log.ino;
    if (await reader.step(false)) return true;
    const next = isLog ? undefined : await openAfter(file, reader.log);
    if (next === undefined) return false;
    while (!signal.aborted && (await reader.step(true)));
    if (!signal.aborted) await enter(next);
    else await next.handle.close();
    return true;
  }

  /** The same, whatever happens. */
  async function tried(work: () => Promise<boolean>): Promise<boolean> {
    try {
      const isMore = await work();
      trouble = undefined;
      return isMore;
    } catch (error) {
      const why = messageOf(error);
      if (why !== trouble) report('error', 'a log cannot be read', { file, why, note: 'it is tried again' });
      trouble = why;
      return false;
    }
  }

  const begun = tried(() => begin().then(() => true));

  async function run(): Promise<void> {
    await begun;
    while (!signal.aborted) {
      if (!(await tried(look))) await delay(pollMs, undefined, { signal }).catch(() => undefined);
    }
    await reader?.log.handle.close();
  }

  return { begun: begun.then(() => undefined), ended: run() };
}

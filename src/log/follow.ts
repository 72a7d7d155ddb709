import { setTimeout as delay } from 'node:timers/promises';
import { lineSplitter } from './line-splitter.js';
import {
  ageOf,
  type LogFile,
  type Mark,
  markOf,
  openLog,
  openNewer,
  openOldestAfter,
  type Place,
  sameFile,
} from './log-files.js';

const chunkBytes = 64 * 1024;

export interface FollowOptions {
  /** Ends it, without an error. */
  readonly signal: AbortSignal;
  /** Where to begin. `start`: with the oldest rotated file. */
  readonly from: Place | 'start';
  /** false: ends at the end of the log instead of waiting for more. Default: true. */
  readonly wait?: boolean;
  /** How often is looked for more, in milliseconds. Default: 200. */
  readonly pollMs?: number;
  /** Is told of every read, in bytes. */
  readonly onRead?: (bytes: number) => void;
}

/** One file, read forward. */
interface Reader {
  readonly log: LogFile;
  /** The next lines, perhaps none of them whole yet; undefined: the end, for now. */
  read(): Promise<string[] | undefined>;
  /** The file has become shorter than what was read of it. */
  cut(): Promise<boolean>;
}

function readerOf(log: LogFile, from: number, onRead: (bytes: number) => void): Reader {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  const splitter = lineSplitter();
  let offset = from;
  return {
    log,
    async read() {
      const { bytesRead } = await log.handle.read(buffer, 0, chunkBytes, offset);
      if (bytesRead === 0) return undefined;
      onRead(bytesRead);
      offset += bytesRead;
      return splitter.push(buffer.subarray(0, bytesRead));
    },
    cut: async () => (await log.handle.stat()).size < offset,
  };
}

/**
 * The log's lines, on through rotation, truncation and deletion, and from a file that does not exist yet. A line is
 * there when its line break is.
 *
 * @throws Error of the file system, but not for a missing file
 */
export async function* follow(file: string, options: FollowOptions): AsyncGenerator<string, void, void> {
  const { signal, from, wait = true, pollMs = 200, onRead = () => undefined } = options;
  let reader: Reader | undefined;
  let begun = false;
  /** The file before the one that is read. */
  let older: Mark | undefined;
  let wasNewest = false;
  let strayed = 0;

  const pause = (): Promise<void> =>
    delay(pollMs, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  const enter = async (log: LogFile | undefined, offset = 0): Promise<Reader | undefined> => {
    await reader?.log.handle.close();
    wasNewest = false;
    strayed = 0;
    return log && readerOf(log, offset, onRead);
  };

  try {
    while (!signal.aborted) {
      if (reader === undefined) {
        const first = begun || from === 'start' ? undefined : await openPlace(file, from);
        const log = first ?? (await openOldestAfter(file, older));
        if (log === undefined) {
          if (!wait) return;
          await pause();
          continue;
        }
        reader = await enter(log, first !== undefined && from !== 'start' ? from.offset : 0);
        begun = true;
        const age = await ageOf(file, log);
        if (age !== undefined) older = await markOf(file, age + 1);
        continue;
      }

      // Asked before reading: what is written up to a rotation stands in the file by then.
      const age: number | undefined = await ageOf(file, reader.log);
      wasNewest ||= age === 0;
      let found = false;
      for (let lines = await reader.read(); lines !== undefined; lines = await reader.read()) {
        found = true;
        for (const line of lines) {
          yield line;
          if (signal.aborted) return;
        }
      }

      if (!found && (await reader.cut())) {
        reader = await enter(await openLog(file, 0));
        continue;
      }
      // A writer that did not rotate the file itself may go on in it until it is told to reopen: looked at once more.
      const mayGrow = age === 0 || (found && wasNewest);
      const next = age === undefined || mayGrow ? undefined : await openNewer(file, reader.log);
      if (next !== undefined) {
        older = await reader.log.handle.stat({ bigint: true });
        reader = await enter(next);
        continue;
      }
      if (!wait && age !== undefined) {
        if (!mayGrow || age === 0) return;
        continue;
      }
      // Deleted or moved elsewhere; or a rotation was caught half done, so it is looked twice.
      strayed = age === undefined ? strayed + 1 : 0;
      if (strayed > 1) reader = await enter(await openOldestAfter(file, older));
      await pause();
    }
  } finally {
    await reader?.log.handle.close();
  }
}

async function openPlace(file: string, place: Place): Promise<LogFile | undefined> {
  for (let looks = 0; looks < 3; looks += 1) {
    const age = await ageOf(file, place);
    const found = age === undefined ? undefined : await openLog(file, age);
    if (sameFile(found, place)) return found;
    await found?.handle.close();
  }
  return undefined;
}

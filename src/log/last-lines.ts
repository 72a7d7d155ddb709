import { backwardSplitter } from './line-splitter.js';
import { type LogFile, openLog, openOlder, type Place } from './log-files.js';

const blockBytes = 64 * 1024;
const newline = 0x0a;

/** `stop`: neither this line nor any before it. */
export type Wanted = (line: string) => boolean | 'stop';

export interface LastLines {
  /** In the log's order. */
  readonly lines: readonly string[];
  /** Behind the last whole line, for `follow`; undefined: there is no log. */
  readonly end?: Place;
}

/**
 * The last `count` lines that are wanted. Reads backwards in blocks, over rotated files where it must, and no further
 * than it needs: what a log costs does not depend on its size.
 *
 * @param onRead is told of every read, in bytes
 */
export async function lastLines(
  file: string,
  count: number,
  wanted: Wanted,
  onRead: (bytes: number) => void = () => undefined,
): Promise<LastLines> {
  let log = (await openLog(file, 0)) ?? (await openLog(file, 1));
  if (log === undefined) return { lines: [] };
  const found: string[] = [];
  try {
    const size = await wholeSize(log, onRead);
    const end = { dev: log.dev, ino: log.ino, offset: size };
    let from = size;
    while (log !== undefined && found.length < count) {
      for await (const line of linesBackward(log, from, onRead)) {
        const answer = wanted(line);
        if (answer === 'stop') return { lines: found.reverse(), end };
        if (answer) found.push(line);
        if (found.length >= count) break;
      }
      if (found.length >= count) break;
      const older = await openOlder(file, log);
      await log.handle.close();
      log = older;
      if (log !== undefined) from = await wholeSize(log, onRead);
    }
    return { lines: found.reverse(), end };
  } finally {
    await log?.handle.close();
  }
}

/** Up to where the file's lines are whole. */
async function wholeSize(log: LogFile, onRead: (bytes: number) => void): Promise<number> {
  const { size } = await log.handle.stat();
  for await (const { block, start } of blocksBackward(log, size, onRead)) {
    const found = block.lastIndexOf(newline);
    if (found !== -1) return start + found + 1;
  }
  return 0;
}

async function* linesBackward(log: LogFile, from: number, onRead: (bytes: number) => void): AsyncGenerator<string> {
  const splitter = backwardSplitter();
  for await (const { block } of blocksBackward(log, from, onRead)) yield* splitter.push(block);
  yield* splitter.end();
}

async function* blocksBackward(
  log: LogFile,
  from: number,
  onRead: (bytes: number) => void,
): AsyncGenerator<{ block: Buffer; start: number }> {
  const buffer = Buffer.allocUnsafe(blockBytes);
  for (let end = from; end > 0; ) {
    const start = Math.max(0, end - blockBytes);
    const { bytesRead } = await log.handle.read(buffer, 0, end - start, start);
    // Cut short by someone else meanwhile: what was there is not the log any more.
    if (bytesRead < end - start) return;
    onRead(bytesRead);
    yield { block: buffer.subarray(0, bytesRead), start };
    end = start;
  }
}

import { type LogFile, openLog, openOlder, type Place } from './log-files.js';

const blockBytes = 16 * 1024;
const newline = 0x0a;
/** Records are written when their attempt has ended, so that a few stand out of order. */
const disorderMs = 60_000;

/**
 * Where to begin reading for all that was written since a time: found by halving, so that it costs a few reads in a log
 * of any size. Some earlier lines may follow the place.
 *
 * @param since in milliseconds since 1970
 * @param timeOf a line's time; undefined: it has none
 */
export async function placeSince(
  file: string,
  since: number,
  timeOf: (line: string) => number | undefined,
): Promise<Place | 'start'> {
  let log = (await openLog(file, 0)) ?? (await openLog(file, 1));
  try {
    while (log !== undefined) {
      const { size } = await log.handle.stat();
      const first = await firstTimed(log, 0, size, timeOf);
      if (first !== undefined && first.time < since - disorderMs) {
        return { dev: log.dev, ino: log.ino, offset: await offsetSince(log, size, since - disorderMs, timeOf) };
      }
      const older = await openOlder(file, log);
      await log.handle.close();
      log = older;
    }
    return 'start';
  } finally {
    await log?.handle.close();
  }
}

/** Start of a line that is older than `since`, with at most a few blocks of such lines behind it. */
async function offsetSince(
  log: LogFile,
  size: number,
  since: number,
  timeOf: (line: string) => number | undefined,
): Promise<number> {
  let low = 0;
  let high = size;
  while (high - low > 2 * blockBytes) {
    const middle = Math.floor((low + high) / 2);
    const found = await firstTimed(log, middle, high, timeOf);
    if (found !== undefined && found.time < since) low = found.start;
    else high = middle;
  }
  return low;
}

/** The first line that begins at `from` or behind it, and before `to`, and has a time. */
async function firstTimed(
  log: LogFile,
  from: number,
  to: number,
  timeOf: (line: string) => number | undefined,
): Promise<{ start: number; time: number } | undefined> {
  // From the byte before: were it a line break, a line would begin right at `from`.
  let start = Math.max(0, from - 1);
  let whole = from === 0;
  let rest: Buffer = Buffer.alloc(0);
  for (let at = start; start < to; ) {
    const { buffer, bytesRead } = await log.handle.read(Buffer.allocUnsafe(blockBytes), 0, blockBytes, at);
    if (bytesRead === 0) return undefined;
    at += bytesRead;
    rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
    for (let end = rest.indexOf(newline); end !== -1; end = rest.indexOf(newline)) {
      const time = whole && start < to ? timeOf(rest.toString('utf8', 0, end)) : undefined;
      if (time !== undefined) return { start, time };
      whole = true;
      start += end + 1;
      rest = rest.subarray(end + 1);
    }
  }
  return undefined;
}

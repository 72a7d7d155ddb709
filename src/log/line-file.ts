import { closeSync, fstatSync, mkdirSync, openSync, type Stats, writeSync } from 'node:fs';
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { within } from '../within.js';
import { rotate } from './rotation.js';

/** How one write may be at most; the bound of what a slow disk holds up at once. */
const chunkBytes = 256 * 1024;
const fileMode = 0o640;
const newline = 0x0a;

export interface LineFileOptions {
  readonly file: string;
  /** A new file is begun rather than grow past it. 0: never. */
  readonly maxBytes: number;
  /** How many older files are kept. */
  readonly keep: number;
  /** So much waits in memory while the file cannot be written. */
  readonly maxWaitingBytes: number;
  /** How long after a failure it is tried again. */
  readonly retryMs: number;
  onWritten(lines: number): void;
  /** A try has failed; what waits goes on waiting. */
  onFailure(what: 'write' | 'rotate', error: unknown): void;
}

/** Lines on their way into a file that is rotated, moved or deleted while it is written. */
export interface LineFile {
  /** Takes one line with its line break. false: too much is waiting already. Never throws. */
  write(line: string): boolean;
  /** Goes on in a new file at the path, whatever has become of the old one. */
  reopen(): void;
  /** Writes what waits before it returns, as far as it can; for the last moment of a process. Does not rotate. */
  flushSync(): void;
  /** Writes what waits and closes; resolves after `timeoutMs` at the latest with the number of lines that are lost. */
  close(timeoutMs: number): Promise<number>;
}

/** Lines that are being written: `done` bytes of them are in the file. */
interface Chunk {
  readonly lines: readonly string[];
  readonly bytes: Buffer;
  done: number;
}

const sameFile = (a: Stats, b: Stats): boolean => a.ino === b.ino && a.dev === b.dev;
/** What stops a write but leaves the open file sound, so that a line which was cut off can be completed. */
const passing = new Set(['ENOSPC', 'EDQUOT', 'EAGAIN', 'EBUSY']);
const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code;

/**
 * Writes off the host's thread, in order, and cuts only between lines. Our own and not SonicBoom, which can neither
 * change the file at a line that was chosen nor tell after an error what is in it.
 */
export function openLineFile(options: LineFileOptions): LineFile {
  const { file, maxBytes, keep, maxWaitingBytes, retryMs } = options;
  let waiting: string[] = [];
  let waitingBytes = 0;
  let chunk: Chunk | undefined;
  let current: { readonly handle: FileHandle; readonly opened: Stats; size: number } | undefined;
  let inFlight: { readonly expected: number } | undefined;
  let flushes = 0;
  let reopenAsked = true;
  let rotateAgainAt = 0;
  let running: Promise<void> | undefined;
  let retryTimer: NodeJS.Timeout | undefined;
  let state: 'open' | 'closing' | 'closed' = 'open';

  const pending = (): boolean => chunk !== undefined || waiting.length > 0;

  /** Lines that are whole in the file are done with; the rest, a torn one included, is written again from its beginning. */
  function putBack(partly: Chunk | undefined): void {
    if (partly === undefined) return;
    let end = 0;
    let whole = 0;
    for (const line of partly.lines) {
      const length = Buffer.byteLength(line);
      if (end + length > partly.done) break;
      end += length;
      whole += 1;
    }
    waitingBytes -= end;
    waiting = [...partly.lines.slice(whole), ...waiting];
    if (whole > 0) options.onWritten(whole);
  }

  function nextChunk(room: number): Chunk | undefined {
    const limit = Math.min(room, chunkBytes);
    let bytes = 0;
    let count = 0;
    for (const line of waiting) {
      const length = Buffer.byteLength(line);
      if (count > 0 && bytes + length > limit) break;
      bytes += length;
      count += 1;
    }
    if (count === 0) return undefined;
    const lines = waiting.splice(0, count);
    return { lines, bytes: Buffer.from(lines.join('')), done: 0 };
  }

  function finish(written: Chunk): void {
    waitingBytes -= written.bytes.length;
    if (chunk === written) chunk = undefined;
    options.onWritten(written.lines.length);
  }

  /** What the file is with no flush since it was asked: an older size would let a flush overtake a write under way. */
  async function upToDate(look: () => Promise<Stats>): Promise<Stats> {
    for (;;) {
      const before = flushes;
      const found = await look();
      if (flushes === before) return found;
    }
  }

  async function closeCurrent(): Promise<void> {
    const old = current;
    current = undefined;
    putBack(chunk);
    chunk = undefined;
    await old?.handle.close();
  }

  async function openCurrent(): Promise<void> {
    await mkdir(dirname(file), { recursive: true, mode: 0o750 });
    const handle = await open(file, 'a', fileMode);
    try {
      const opened = await upToDate(() => handle.stat());
      current = { handle, opened, size: opened.size };
      if (opened.isFile() && opened.size > 0 && (await endsTorn(file, opened.size))) {
        // A line that a crash or a full disk has cut off: the next one must not be glued to it.
        await handle.write('\n');
        current.size += 1;
      }
    } catch (error) {
      current = undefined;
      await handle.close();
      throw error;
    }
  }

  /** The open file is the one at the path, and its size is known; else the path is opened anew. */
  async function settleCurrent(): Promise<void> {
    if (current !== undefined && !reopenAsked) {
      if (!current.opened.isFile()) return;
      const found = await upToDate(() => stat(file)).catch((error: unknown) =>
        codeOf(error) === 'ENOENT' ? undefined : current?.opened,
      );
      if (found !== undefined && sameFile(found, current.opened)) {
        if (found !== current.opened) current.size = found.size;
        return;
      }
    }
    reopenAsked = false;
    await closeCurrent();
    await openCurrent();
  }

  async function rotateIfFull(): Promise<void> {
    const next = waiting[0];
    if (maxBytes === 0 || current === undefined || next === undefined || chunk !== undefined) return;
    if (!current.opened.isFile() || current.size === 0) return;
    if (current.size + Buffer.byteLength(next) <= maxBytes || Date.now() < rotateAgainAt) return;
    await closeCurrent();
    try {
      await rotate(file, keep);
    } catch (error) {
      // Too large is better than lost: the same file is written on.
      rotateAgainAt = Date.now() + retryMs;
      if (codeOf(error) !== 'ENOENT') options.onFailure('rotate', error);
    }
    await openCurrent();
  }

  async function writeChunk(): Promise<void> {
    if (current === undefined) return;
    const room = maxBytes === 0 || Date.now() < rotateAgainAt ? Number.POSITIVE_INFINITY : maxBytes - current.size;
    chunk ??= nextChunk(room);
    const writing = chunk;
    while (writing !== undefined && writing.done < writing.bytes.length) {
      inFlight = { expected: current.size + writing.bytes.length - writing.done };
      try {
        const { bytesWritten } = await current.handle.write(writing.bytes, writing.done);
        writing.done += bytesWritten;
        current.size += bytesWritten;
      } finally {
        inFlight = undefined;
      }
    }
    if (writing !== undefined) finish(writing);
  }

  async function pump(): Promise<void> {
    try {
      while (pending() || reopenAsked) {
        await settleCurrent();
        await rotateIfFull();
        await writeChunk();
      }
    } catch (error) {
      if (current === undefined || !passing.has(codeOf(error) ?? '')) reopenAsked = true;
      options.onFailure('write', error);
      if (state === 'open') retryTimer = setTimeout(wake, retryMs).unref();
    } finally {
      running = undefined;
      if (state === 'closed')
        await current?.handle.close().catch((error: unknown) => options.onFailure('write', error));
    }
  }

  function wake(): void {
    clearTimeout(retryTimer);
    retryTimer = undefined;
    if (running === undefined && (pending() || reopenAsked)) running = pump();
  }

  /** A write that the thread pool is at: waits for it, so that what follows stands behind it. */
  function awaitInFlight(): void {
    const clock = new Int32Array(new SharedArrayBuffer(4));
    for (let tries = 0; tries < 100 && inFlight !== undefined && current?.opened.isFile(); tries += 1) {
      if (fstatSync(current.handle.fd).size >= inFlight.expected) return;
      Atomics.wait(clock, 0, 0, 5);
    }
  }

  function writeSyncAll(fd: number, written: Chunk): void {
    while (written.done < written.bytes.length) {
      const count = writeSync(fd, written.bytes, written.done);
      written.done += count;
      if (fd === current?.handle.fd) current.size += count;
    }
    finish(written);
  }

  function flushSync(): void {
    if (state === 'closed' || !pending()) return;
    flushes += 1;
    let own: number | undefined;
    let next: Chunk | undefined;
    try {
      if (current === undefined) {
        mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
        own = openSync(file, 'a', fileMode);
      }
      const fd = own ?? current?.handle.fd;
      if (fd === undefined) return;
      if (inFlight !== undefined) awaitInFlight();
      else if (chunk !== undefined) writeSyncAll(fd, chunk);
      for (next = nextChunk(chunkBytes); next !== undefined; next = nextChunk(chunkBytes)) writeSyncAll(fd, next);
    } catch (error) {
      putBack(next);
      // The file may end in half a line: opening it anew sees to that.
      if (next !== undefined) reopenAsked = true;
      options.onFailure('write', error);
    } finally {
      if (own !== undefined) closeSync(own);
    }
  }

  async function drain(): Promise<void> {
    await running;
    if (pending()) {
      wake();
      await running;
    }
  }

  wake();
  return {
    write(line) {
      const bytes = Buffer.byteLength(line);
      if (state !== 'open' || (waitingBytes > 0 && waitingBytes + bytes > maxWaitingBytes)) return false;
      waiting.push(line);
      waitingBytes += bytes;
      if (retryTimer === undefined) wake();
      return true;
    },
    reopen() {
      if (state !== 'open') return;
      reopenAsked = true;
      wake();
    },
    flushSync,
    async close(timeoutMs) {
      if (state !== 'open') return 0;
      state = 'closing';
      clearTimeout(retryTimer);
      await within(timeoutMs, drain());
      state = 'closed';
      // A write that hangs still has the file: closing it now would hang as well.
      const hanging = inFlight === undefined ? undefined : chunk;
      if (hanging === undefined) putBack(chunk);
      const lost = (hanging?.lines.length ?? 0) + waiting.length;
      waiting = [];
      if (hanging === undefined) {
        chunk = undefined;
        const { handle } = current ?? {};
        current = undefined;
        await handle?.close().catch((error: unknown) => options.onFailure('write', error));
      }
      return lost;
    },
  };
}

async function endsTorn(file: string, size: number): Promise<boolean> {
  let reader: FileHandle | undefined;
  try {
    reader = await open(file, 'r');
    const { buffer, bytesRead } = await reader.read(Buffer.alloc(1), 0, 1, size - 1);
    return bytesRead === 1 && buffer[0] !== newline;
  } catch (error) {
    // A log that may be written but not read is a sound set-up.
    if (codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM' || codeOf(error) === 'ENOENT') return false;
    throw error;
  } finally {
    await reader?.close();
  }
}

const newline = 0x0a;

/** A line longer than this is no record of ours: it is left out, so that a file without line breaks cannot fill the memory. */
export const maxLineBytes = 32 * 1024 * 1024;

/** Bytes in, whole lines out. A line is decoded when it is complete, so that a character cut by a chunk's border is whole again. */
export interface LineSplitter {
  push(bytes: Buffer): string[];
  /** Bytes of the line that is not complete. */
  readonly pending: number;
}

export function lineSplitter(): LineSplitter {
  let parts: Buffer[] = [];
  let pending = 0;
  const keep = (part: Buffer): void => {
    pending += part.length;
    if (pending > maxLineBytes) parts = [];
    else if (part.length > 0) parts.push(part);
  };
  return {
    push(bytes) {
      const lines: string[] = [];
      let start = 0;
      for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, start)) {
        keep(bytes.subarray(start, end));
        if (pending <= maxLineBytes) lines.push(Buffer.concat(parts).toString('utf8'));
        parts = [];
        pending = 0;
        start = end + 1;
      }
      // A copy: the caller reads the next chunk into the same memory.
      keep(Buffer.from(bytes.subarray(start)));
      return lines;
    },
    get pending() {
      return pending;
    },
  };
}

/** The same from the end of a file towards its beginning: blocks in reverse order in, lines out, the last one first. */
export function backwardSplitter(): { push(bytes: Buffer): string[]; end(): string[] } {
  let parts: Buffer[] = [];
  let pending = 0;
  let afterLineBreak = false;
  const keep = (part: Buffer): void => {
    pending += part.length;
    if (pending > maxLineBytes) parts = [];
    else if (part.length > 0) parts.push(part);
  };
  const take = (): string[] => {
    // What stands behind the last line break is not complete yet.
    const line = afterLineBreak && pending <= maxLineBytes ? [Buffer.concat(parts.reverse()).toString('utf8')] : [];
    parts = [];
    pending = 0;
    return line;
  };
  return {
    push(bytes) {
      const lines: string[] = [];
      let end = bytes.length;
      while (end > 0) {
        const found = bytes.lastIndexOf(newline, end - 1);
        if (found === -1) break;
        keep(bytes.subarray(found + 1, end));
        lines.push(...take());
        afterLineBreak = true;
        end = found;
      }
      keep(Buffer.from(bytes.subarray(0, end)));
      return lines;
    },
    end: take,
  };
}

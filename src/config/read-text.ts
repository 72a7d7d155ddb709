import { closeSync, openSync, readSync } from 'node:fs';

/** Why a file's text cannot be used although the file can be opened. */
export class UnusableText extends Error {}

/**
 * The text of a file in UTF-8, without a byte order mark. No more than `maxBytes` are ever read: a device has no end.
 *
 * @throws UnusableText past the limit, or for what is no UTF-8; otherwise the system's error
 */
export function readText(path: string, maxBytes: number): string {
  const chunks: Buffer[] = [];
  let size = 0;
  const file = openSync(path, 'r');
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(64 * 1024);
      const read = readSync(file, chunk);
      if (read === 0) break;
      chunks.push(chunk.subarray(0, read));
      size += read;
      if (size > maxBytes) throw new UnusableText(`more than ${maxBytes} bytes`);
    }
  } finally {
    closeSync(file);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    throw new UnusableText('what is no text in UTF-8', { cause: error });
  }
}

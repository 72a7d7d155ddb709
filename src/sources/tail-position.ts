import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isObject, parsedJson } from './decode.js';

/** How a file begins: what tells it from the file that has its place, or its number, later. */
export interface Head {
  readonly bytes: number;
  /** SHA-256 of so many bytes, hexadecimal. */
  readonly hash: string;
}

/** How far a log has been read. */
export interface TailPosition {
  /** Number of the file (inode), decimal. */
  readonly ino: string;
  /** Everything before it has been taken. */
  readonly offset: number;
  readonly head: Head;
}

export interface PositionStore {
  load(): TailPosition | undefined;
  save(position: TailPosition): void;
}

function parsedPosition(text: string): TailPosition | undefined {
  const value = parsedJson(text);
  if (!isObject(value) || !isObject(value.head)) return undefined;
  const { ino, offset, head } = value;
  const isWhole = (number: unknown): number is number => Number.isSafeInteger(number) && Number(number) >= 0;
  if (typeof ino !== 'string' || !isWhole(offset) || !isWhole(head.bytes) || typeof head.hash !== 'string')
    return undefined;
  return { ino, offset, head: { bytes: head.bytes, hash: head.hash } };
}

/** Keeps a position in a file of its own. One that is older than the truth does no harm: what is read again has its id. */
export function positionStoreAt(file: string): PositionStore {
  return {
    load() {
      try {
        return parsedPosition(readFileSync(file, 'utf8'));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    save(position) {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(`${file}.new`, `${JSON.stringify(position)}\n`, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
  };
}

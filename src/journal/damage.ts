import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// The two meta pages of an LMDB file, 64 bits: `MDB_meta` in mdb.c, behind a page header of 24 bytes.
const at = { magic: 24, version: 28, pageSize: 48, lastPage: 144 } as const;
const magic = 0xbeefc0de;
const probeLimitMs = 30_000;

/**
 * What is wrong with an LMDB file, as far as its size and its two meta pages tell; undefined: nothing.
 *
 * A file that is shorter than it says may be sound all the same, since pages at its end may never have been written. To
 * read it would end the process if it is not, so that is tried in another one.
 */
export function damageOf(file: string): string | undefined {
  const fd = openSync(file, 'r');
  try {
    if (fstatSync(fd).size === 0) return undefined;
    const first = Buffer.alloc(4096);
    const pageSize = readSync(fd, first, 0, 4096, 0) < 4096 ? 0 : first.readUInt32LE(at.pageSize);
    if (first.readUInt32LE(at.magic) !== magic) return 'the file is no LMDB environment';
    if (![512, 1024, 2048, 4096, 8192, 16384, 32768, 65536].includes(pageSize)) return 'its first page is damaged';
    const second = Buffer.alloc(4096);
    const isWhole = readSync(fd, second, 0, 4096, pageSize) >= at.lastPage + 8;
    if (!isWhole || second.readUInt32LE(at.magic) !== magic) return 'its second page is damaged';
    if (first.readUInt32LE(at.version) !== second.readUInt32LE(at.version))
      return 'its first pages contradict each other';
    const last = [first, second].map((page) => Number(page.readBigUInt64LE(at.lastPage)));
    // Only now: another process may write it, and the file grows before it says so.
    const { size } = fstatSync(fd);
    if (size >= (Math.max(...last) + 1) * pageSize || canBeRead(file)) return undefined;
    return `it was cut: ${size} bytes of ${(Math.max(...last) + 1) * pageSize}`;
  } finally {
    closeSync(fd);
  }
}

/** Whether another process can read all of it. */
export function canBeRead(file: string): boolean {
  const probe = new URL(`./probe${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
  const { status } = spawnSync(process.execPath, [...process.execArgv, fileURLToPath(probe), file], {
    timeout: probeLimitMs,
    stdio: 'ignore',
  });
  return status === 0;
}

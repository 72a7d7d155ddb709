import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, SetwireError } from '../errors.js';
import { writePrivately } from './key-files.js';

const bytes = 32;

/**
 * The secret under which users get a different id for each endpoint: made once, in the key directory, and never changed,
 * since every receiver would lose track of every user.
 *
 * @throws SetwireError SETWIRE_KEY_UNUSABLE
 */
export async function pairwiseSecretIn(directory: string): Promise<Uint8Array> {
  const file = join(directory, 'pairwise.secret');
  const own = `${file}.${randomUUID()}`;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    if ((await stat(file).catch(() => undefined)) === undefined) {
      await writePrivately(own, randomBytes(bytes).toString('base64url'));
      // Of two processes that make one at once the first wins: a link is never written over.
      await link(own, file).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
      await rm(own, { force: true });
    }
    const { mode } = await stat(file);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) throw new Error('others than its owner can read it');
    const secret = Buffer.from(await readFile(file, 'utf8'), 'base64url');
    if (secret.length !== bytes) throw new Error(`it has ${secret.length} bytes, ${bytes} are wanted`);
    return secret;
  } catch (error) {
    throw new SetwireError('SETWIRE_KEY_UNUSABLE', `${file} cannot be used: ${messageOf(error)}`, { cause: error });
  }
}

import { randomUUID } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, SetwireError } from '../errors.js';
import { privateKeyIn, type SigningAlg, type SigningKey, signingKeyOf, unfitOf } from './signing-key.js';

/** A key of a key directory. Times are milliseconds. */
export interface KeptKey extends SigningKey {
  readonly createdAt: number;
  /** From when on it signs; infinite: not before `setwire keys rotate`. */
  readonly signsFrom: number;
}

const algs: readonly string[] = ['ES256', 'RS256', 'PS256', 'EdDSA'] satisfies SigningAlg[];

const unusable = (what: string, cause?: unknown): SetwireError =>
  new SetwireError('SETWIRE_KEY_UNUSABLE', what, { cause });

/** Windows has no such modes. */
const hasModes = process.platform !== 'win32';

/** Whoever can read a private key can sign in our name. */
async function checkMode(path: string): Promise<void> {
  const { mode } = await stat(path);
  if (hasModes && (mode & 0o077) !== 0) {
    const found = (mode & 0o777).toString(8).padStart(4, '0');
    throw unusable(`${path} has mode ${found}: others than its owner must not have access; chmod go= ${path}`);
  }
}

/** Makes the directory where it is missing: mode 0700. */
async function makeDirectory(directory: string): Promise<void> {
  if ((await mkdir(directory, { recursive: true, mode: 0o700 })) !== undefined && hasModes) chmodSync(directory, 0o700);
}

/** Writes a file that only its owner can read, whole or not at all. */
export async function writePrivately(file: string, text: string | Uint8Array): Promise<void> {
  const draft = `${file}.${randomUUID()}.new`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}

const timeIn = (text: unknown): number | undefined => {
  const time = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
};

async function keyIn(file: string): Promise<KeptKey> {
  await checkMode(file);
  const allowed = 'a key that setwire wrote; move it out of the directory';
  let written: { createdAt?: unknown; signsFrom?: unknown; alg?: unknown; jwk?: unknown };
  try {
    written = JSON.parse(await readFile(file, 'utf8')) ?? {};
  } catch {
    // The error's own words may hold some of the file.
    throw unusable(`${file} is no JSON: wanted is ${allowed}`);
  }
  const { alg, jwk } = written;
  const createdAt = timeIn(written.createdAt);
  const signsFrom = written.signsFrom === null ? Number.POSITIVE_INFINITY : timeIn(written.signsFrom);
  if (createdAt === undefined || signsFrom === undefined || !algs.includes(String(alg)))
    throw unusable(`${file} lacks createdAt, signsFrom or alg: wanted is ${allowed}`);
  const privateKey = (() => {
    try {
      return privateKeyIn(JSON.stringify(jwk));
    } catch {
      throw unusable(`${file} holds no private key: wanted is ${allowed}`);
    }
  })();
  const unfit = unfitOf(privateKey, alg as SigningAlg);
  if (unfit !== undefined) throw unusable(`${file}: ${unfit}`);
  return { ...(await signingKeyOf(privateKey, alg as SigningAlg)), createdAt, signsFrom };
}

const isKeyFile = (name: string): boolean => name.endsWith('.json');

/**
 * All keys of a directory; none where it is not there yet.
 *
 * @throws SetwireError SETWIRE_KEY_UNUSABLE one cannot be read, or can be read by others than its owner
 */
export async function readKeys(directory: string): Promise<readonly KeptKey[]> {
  try {
    const names = (await readdir(directory)).filter(isKeyFile).sort();
    await checkMode(directory);
    const read = await Promise.all(names.map((name) => keyIn(join(directory, name)).catch(unlessGone)));
    return read.flatMap((key) => key ?? []);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    if (error instanceof SetwireError) throw error;
    throw unusable(`the signing keys in ${directory} cannot be read: ${messageOf(error)}`, error);
  }
}

/** Another process may just have taken an old one away. */
function unlessGone(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

/**
 * Writes a key, or its new times.
 *
 * @throws SetwireError SETWIRE_KEY_UNUSABLE
 */
export async function writeKey(directory: string, key: KeptKey): Promise<void> {
  const { kid, alg, privateKey, createdAt, signsFrom } = key;
  const file = {
    createdAt: new Date(createdAt).toISOString(),
    signsFrom: Number.isFinite(signsFrom) ? new Date(signsFrom).toISOString() : null,
    alg,
    jwk: privateKey.export({ format: 'jwk' }),
  };
  try {
    await makeDirectory(directory);
    await writePrivately(join(directory, `${kid}.json`), `${JSON.stringify(file, null, 2)}\n`);
  } catch (error) {
    throw unusable(`the signing keys in ${directory} cannot be written: ${messageOf(error)}`, error);
  }
}

export async function removeKey(directory: string, kid: string): Promise<void> {
  await rm(join(directory, `${kid}.json`), { force: true });
}

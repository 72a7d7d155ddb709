import { stat } from 'node:fs/promises';
import { SetwireError } from '../errors.js';
import { type KeptKey, readKeys, removeKey, writeKey } from './key-files.js';
import { dueAt, nextAt, publishedAt, publishedBeforeMs, type Schedule, signingAt } from './key-schedule.js';
import { newPrivateKey, type PublicJwk, publicJwkOf, type SigningKey, signingKeyOf } from './signing-key.js';

/** The keys that SETs are signed with. */
export interface KeyRing {
  /**
   * The key that signs now.
   *
   * @throws SetwireError (as a rejection) SETWIRE_KEY_UNUSABLE
   */
  current(): Promise<SigningKey>;
  /**
   * The JWK Set that receivers verify with (RFC 7517, section 5): public parts only.
   *
   * @throws SetwireError (as a rejection) SETWIRE_KEY_UNUSABLE
   */
  jwks(): Promise<{ readonly keys: readonly PublicJwk[] }>;
  /**
   * Makes what is missing, rotates what is due, takes away what has run out. For the process that transmits.
   *
   * @throws SetwireError (as a rejection) SETWIRE_KEY_UNUSABLE
   */
  keep(): Promise<void>;
}

/** A key and what it is for. */
export interface ListedKey extends KeptKey {
  readonly state: 'signing' | 'next' | 'old';
}

/** A key ring in a directory, which several processes may share. */
export interface KeptKeyRing extends KeyRing {
  list(): Promise<readonly ListedKey[]>;
  /**
   * Lets the next key sign: as soon as it has been published for long enough, or at once.
   *
   * @returns that key, with the time from which on it signs
   * @throws SetwireError (as a rejection) SETWIRE_KEY_UNUSABLE
   */
  rotate(options: { readonly atOnce: boolean }): Promise<KeptKey>;
}

/** So often is looked whether another process, or an operator, has changed the keys. */
const lookEveryMs = 1000;
/** File systems keep times by the tick: two changes within one look the same. */
const settledMs = 2000;

/**
 * The keys in a directory. They are made by `keep`, or when they are first needed. What the files say is all that is
 * known: a rotation is a key whose time has come, so that nobody has to be told of it.
 *
 * @param now milliseconds
 */
export function keyRingIn(directory: string, schedule: Schedule, now: () => number): KeptKeyRing {
  let known: { readonly keys: readonly KeptKey[]; readonly version: string | undefined } | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<readonly KeptKey[]> | undefined;

  /** Every writing replaces a file, and so changes the directory; undefined: so lately that it may have changed since, unseen. */
  async function versionNow(): Promise<string | undefined> {
    try {
      const { mtimeMs, ino } = await stat(directory);
      return Math.abs(Date.now() - mtimeMs) < settledMs ? undefined : `${ino} ${mtimeMs}`;
    } catch {
      return undefined;
    }
  }

  async function look(): Promise<readonly KeptKey[]> {
    const version = await versionNow();
    if (version === undefined || known?.version !== version) known = { keys: await readKeys(directory), version };
    lookedAt = performance.now();
    return known.keys;
  }

  async function keys(): Promise<readonly KeptKey[]> {
    if (known !== undefined && performance.now() - lookedAt < lookEveryMs) return known.keys;
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return await looking;
  }

  async function make(signsFrom: number): Promise<void> {
    const { alg } = schedule;
    const key = await signingKeyOf(await newPrivateKey(alg), alg);
    await writeKey(directory, { ...key, createdAt: now(), signsFrom });
  }

  /** Two processes that do it at once make one key too many, which does no harm: it is published, and its turn comes. */
  async function keep(): Promise<void> {
    lookedAt = Number.NEGATIVE_INFINITY;
    const found = await keys();
    const due = dueAt(found, now(), schedule);
    for (const signsFrom of due.make) await make(signsFrom);
    for (const { kid, signsFrom } of due.move) {
      const key = found.find((each) => each.kid === kid);
      if (key !== undefined) await writeKey(directory, { ...key, signsFrom });
    }
    for (const kid of due.remove) await removeKey(directory, kid);
    if (due.make.length + due.move.length + due.remove.length > 0) lookedAt = Number.NEGATIVE_INFINITY;
  }

  async function existing(): Promise<readonly KeptKey[]> {
    const found = await keys();
    if (found.length > 0) return found;
    await keep();
    return await keys();
  }

  return {
    async current() {
      const key = signingAt(await existing(), now());
      if (key === undefined) throw new SetwireError('SETWIRE_KEY_UNUSABLE', `there is no signing key in ${directory}`);
      return key;
    },
    async jwks() {
      return { keys: publishedAt(await existing(), now(), schedule.overlapMs).map(publicJwkOf) };
    },
    keep,
    async list() {
      const all = await existing();
      const signing = signingAt(all, now());
      const next = new Set(nextAt(all, now()));
      return publishedAt(all, now(), schedule.overlapMs).map((key) => ({
        ...key,
        state: key === signing ? 'signing' : next.has(key) ? 'next' : 'old',
      }));
    },
    async rotate({ atOnce }) {
      await keep();
      const all = await existing();
      const signing = signingAt(all, now());
      const [next] = nextAt(all, now()).filter((key) => key !== signing);
      if (next === undefined) throw new SetwireError('SETWIRE_KEY_UNUSABLE', `there is no next key in ${directory}`);
      const soon = Math.max(now(), (signing?.signsFrom ?? 0) + 1);
      const signsFrom = atOnce ? soon : Math.min(next.signsFrom, Math.max(soon, next.createdAt + publishedBeforeMs));
      const moved = { ...next, signsFrom };
      await writeKey(directory, moved);
      await keep();
      return moved;
    },
  };
}

/** Keys that the operator brought: the one that signs, and public ones that are published beside it. */
export function keyRingOf(key: SigningKey, others: readonly PublicJwk[]): KeyRing {
  const own = publicJwkOf(key);
  const keys = [own, ...others.filter(({ kid }) => kid !== own.kid)];
  return {
    current: () => Promise.resolve(key),
    jwks: () => Promise.resolve({ keys }),
    keep: () => Promise.resolve(),
  };
}

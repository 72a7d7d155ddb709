import type { SigningAlg } from './signing-key.js';

/** When a key signs. Times are milliseconds. */
export interface Scheduled {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly createdAt: number;
  /** Infinite: not before it is told to. */
  readonly signsFrom: number;
}

export interface Schedule {
  readonly alg: SigningAlg;
  /** Infinite: never by itself. */
  readonly rotateEveryMs: number;
  /** For so long a key stays published after the next one has begun to sign. */
  readonly overlapMs: number;
}

/** A key is published for so long at least before it signs: receivers keep the JWK Set for half of that. */
export const publishedBeforeMs = 600_000;

const bySigning = (a: Scheduled, b: Scheduled): number =>
  a.signsFrom === b.signsFrom ? (a.kid < b.kid ? -1 : 1) : a.signsFrom - b.signsFrom;

const ordered = <K extends Scheduled>(keys: readonly K[]): K[] => [...keys].sort(bySigning);

/** The key that signs at a time: the one that began last. Where the clock was set back before all of them, the first. */
export function signingAt<K extends Scheduled>(keys: readonly K[], now: number): K | undefined {
  const inOrder = ordered(keys);
  return inOrder.filter(({ signsFrom }) => signsFrom <= now).at(-1) ?? inOrder[0];
}

/** The keys that have not begun to sign. */
export const nextAt = <K extends Scheduled>(keys: readonly K[], now: number): K[] =>
  ordered(keys).filter(({ signsFrom }) => signsFrom > now);

/** The keys that receivers are told of: those that sign, will sign, or signed what may still be on its way. */
export function publishedAt<K extends Scheduled>(keys: readonly K[], now: number, overlapMs: number): K[] {
  const inOrder = ordered(keys);
  return inOrder.filter((_, place) => {
    const successor = inOrder[place + 1];
    return successor === undefined || now < successor.signsFrom + overlapMs;
  });
}

/** What has to be done to the keys at a time. */
export interface Due {
  /** When each key that has to be made begins to sign. */
  readonly make: readonly number[];
  /** Keys that begin at another time than was planned. */
  readonly move: readonly { readonly kid: string; readonly signsFrom: number }[];
  readonly remove: readonly string[];
}

/** There is always one that signs and one that will, published long before: the next one. */
export function dueAt(keys: readonly Scheduled[], now: number, { alg, rotateEveryMs, overlapMs }: Schedule): Due {
  const signing = signingAt(keys, now);
  if (signing === undefined) return { make: [now, now + rotateEveryMs], move: [], remove: [] };
  const published = new Set(publishedAt(keys, now, overlapMs));
  const old = keys.filter((key) => !published.has(key));
  const next = nextAt(keys, now).filter((key) => key !== signing);
  // Another algorithm is changed to as soon as its key has been published long enough.
  const isOther = signing.alg !== alg;
  const due = isOther ? now : signing.signsFrom + rotateEveryMs;
  const soonest = (createdAt: number): number => Math.max(due, now, createdAt + publishedBeforeMs);
  const [first] = next.filter((key) => key.alg === alg);
  const wrong = next.filter((key) => key.alg !== alg);
  return {
    make: first === undefined ? [soonest(now)] : [],
    move:
      first !== undefined && first.signsFrom > soonest(first.createdAt)
        ? [{ kid: first.kid, signsFrom: soonest(first.createdAt) }]
        : [],
    remove: [...old, ...wrong].map(({ kid }) => kid),
  };
}

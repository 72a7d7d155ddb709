import { createHash } from 'node:crypto';
import type { DeadLetter } from '../schema-types.js';
import type { DeadKey, Store, Writing } from './store.js';

/** Which dead letters are meant; each member narrows it. */
export interface DeadFilter {
  readonly endpoint?: string;
  /** Whether an event type is meant; left out: all. */
  readonly isWanted?: (type: string) => boolean;
}

/** Events that were given up for an endpoint, kept for an operator. */
export interface DeadLetters {
  /** Stores them; one with the same id is replaced. */
  bury(letters: readonly DeadLetter[]): Promise<void>;
  /** By endpoint, the oldest first. */
  list(filter?: DeadFilter): Generator<DeadLetter>;
  get(id: string): DeadLetter | undefined;
  /** Resolves with how many there were. */
  drop(ids: readonly string[]): Promise<number>;
  /** Of one endpoint; left out: of all. */
  count(endpoint?: string): number;
  /**
   * Drops what is too old, and the oldest of what is too much for one endpoint.
   *
   * @param before milliseconds
   */
  retain(limits: { readonly before: number; readonly maxCount: number }): Promise<number>;
}

/** Names a dead letter: the same for the same SET to the same endpoint. */
export const deadIdOf = (endpoint: string, jti: string): string =>
  createHash('sha256').update(`${endpoint}\n${jti}`).digest('hex').slice(0, 12);

/** So many are changed in one transaction: others write in between. */
const maxAtOnce = 500;

function takeOut({ deadLetters, deadIds, totals }: Writing, id: string): boolean {
  const key = deadIds.get(id);
  if (key === undefined) return false;
  deadLetters.remove(key);
  deadIds.remove(id);
  const left = (totals.dead[key[0]] ?? 1) - 1;
  if (left > 0) totals.dead[key[0]] = left;
  else delete totals.dead[key[0]];
  return true;
}

function putIn(tables: Writing, letter: DeadLetter): void {
  takeOut(tables, letter.id);
  const key: DeadKey = [letter.endpoint, letter.diedAt, letter.id];
  tables.deadLetters.put(key, letter);
  tables.deadIds.put(letter.id, key);
  tables.totals.dead[letter.endpoint] = (tables.totals.dead[letter.endpoint] ?? 0) + 1;
}

/** All keys of an endpoint stand before this one: no time is later. */
const endOf = (endpoint: string): DeadKey => [endpoint, '~', ''];

export function deadLettersIn(store: Store): DeadLetters {
  const counts = (): Readonly<Record<string, number>> => store.tables()?.totals().dead ?? {};

  async function drop(ids: readonly string[]): Promise<number> {
    let dropped = 0;
    for (let start = 0; start < ids.length; start += maxAtOnce) {
      const some = ids.slice(start, start + maxAtOnce);
      dropped += await store.write((tables) => some.filter((id) => takeOut(tables, id)).length);
    }
    return dropped;
  }

  return {
    bury: (letters) =>
      store.write((tables) => {
        for (const letter of letters) putIn(tables, letter);
      }),
    *list({ endpoint, isWanted } = {}) {
      let start: DeadKey = [endpoint ?? '', '', ''];
      for (;;) {
        // In pieces: nothing may hold a range open while the table changes.
        const bounds = { start, ...(endpoint !== undefined && { end: endOf(endpoint) }), limit: maxAtOnce };
        const read = [...(store.tables()?.deadLetters.range(bounds) ?? [])];
        for (const { value } of read) if (isWanted?.(value.event.type) ?? true) yield value;
        const last = read.at(-1);
        if (last === undefined || read.length < maxAtOnce) return;
        start = [last.key[0], last.key[1], `${last.key[2]} `];
      }
    },
    get(id) {
      const tables = store.tables();
      const key = tables?.deadIds.get(id);
      return key && tables?.deadLetters.get(key);
    },
    drop,
    count: (endpoint) =>
      endpoint === undefined ? Object.values(counts()).reduce((sum, each) => sum + each, 0) : (counts()[endpoint] ?? 0),
    async retain({ before, maxCount }) {
      const oldest = new Date(before).toISOString();
      const ids: string[] = [];
      for (const [endpoint, count] of Object.entries(counts())) {
        let left = count;
        const range = store.tables()?.deadLetters.range({ start: [endpoint, '', ''], end: endOf(endpoint) }) ?? [];
        for (const { key } of range) {
          if (key[1] >= oldest && left <= maxCount) break;
          ids.push(key[2]);
          left -= 1;
        }
      }
      return drop(ids);
    },
  };
}

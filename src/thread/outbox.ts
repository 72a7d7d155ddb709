import { performance } from 'node:perf_hooks';
import { type Deferred, deferred } from '../deferred.js';

/** So many events are handed over at once at most. */
const maxGroup = 1000;
/** What comes within so many milliseconds is handed over together: each time costs the host as much as an event does. */
const gapMs = 2;

/** Hands a group of events, as JSON, to whoever stores them; `once` as in `Journal.appendAll`. */
export type HandOver = (group: number, texts: readonly string[], once: ReadonlyMap<number, string>) => void;

/**
 * Events on their way from the host's thread to the journal's. Each is held until it is stored there: a thread that takes
 * the place of one that has crashed gets all of them again, in their order.
 */
export interface Outbox {
  /**
   * Resolves when the event is stored; rejects when it is refused, or the outbox is closed before.
   *
   * @param id of an event that is to be stored once
   */
  append(text: string, id?: string): Promise<void>;
  /** There is a thread, a first or another one. undefined: there is none now. */
  connect(handOver: HandOver | undefined): void;
  stored(group: number): void;
  refused(group: number, error: Error): void;
  /** Hands over at once what waits for more to come. */
  flush(): void;
  /** Events that are not stored. */
  readonly size: number;
  close(error: Error): void;
}

interface Group extends Deferred {
  readonly texts: string[];
  readonly once: Map<number, string>;
}

function newGroup(): Group {
  const stored = deferred();
  // Whoever waits for it hears of it.
  stored.promise.catch(() => undefined);
  return { texts: [], once: new Map(), ...stored };
}

export function outbox(): Outbox {
  const away = new Map<number, Group>();
  let open: Group | undefined;
  let handOver: HandOver | undefined;
  let closed: Error | undefined;
  let serial = 0;
  let size = 0;
  let lastAt = Number.NEGATIVE_INFINITY;
  let isDue = false;

  function flush(): void {
    isDue = false;
    if (open === undefined || handOver === undefined) return;
    const group = open;
    open = undefined;
    serial += 1;
    away.set(serial, group);
    lastAt = performance.now();
    handOver(serial, group.texts, group.once);
  }

  function schedule(): void {
    if (isDue || handOver === undefined) return;
    isDue = true;
    const wait = lastAt + gapMs - performance.now();
    if (wait > 0) setTimeout(flush, wait);
    else setImmediate(flush);
  }

  function settled(group: number): Group | undefined {
    const found = away.get(group);
    away.delete(group);
    size -= found?.texts.length ?? 0;
    return found;
  }

  return {
    append(text, id) {
      if (closed !== undefined) return Promise.reject(closed);
      open ??= newGroup();
      const { texts, once, promise } = open;
      if (id !== undefined) once.set(texts.length, id);
      texts.push(text);
      size += 1;
      if (texts.length >= maxGroup) flush();
      else schedule();
      return promise;
    },
    connect(next) {
      handOver = next;
      if (next === undefined) return;
      for (const [group, { texts, once }] of away) next(group, texts, once);
      flush();
    },
    stored: (group) => settled(group)?.resolve(),
    refused: (group, error) => settled(group)?.reject(error),
    flush,
    get size() {
      return size;
    },
    close(error) {
      closed = error;
      open?.reject(error);
      for (const { reject } of away.values()) reject(error);
      open = undefined;
      away.clear();
      size = 0;
    },
  };
}

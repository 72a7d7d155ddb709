/** Keys and what is known of them, in the order in which they were last put; holds `max` at most and drops the oldest. */
export interface Recent<V> {
  get(key: string): V | undefined;
  /** Puts it as the newest. */
  put(key: string, value: V): void;
  forget(key: string): void;
  readonly size: number;
}

interface Link<V> {
  readonly key: string;
  value: V;
  older: Link<V> | undefined;
  newer: Link<V> | undefined;
}

/**
 * @param isOver says that a value is of no use any more; the oldest ones are then dropped without waiting for `max`
 *
 * Every call is O(1), spread over the calls. The order is a chain of our own: finding the first key of a Map, which
 * keeps the order of insertion too, takes V8 longer the more keys were deleted before it.
 */
export function recentOf<V>(max: number, isOver: (value: V) => boolean): Recent<V> {
  const links = new Map<string, Link<V>>();
  let oldest: Link<V> | undefined;
  let newest: Link<V> | undefined;

  function unchain(link: Link<V>): void {
    if (link.older) link.older.newer = link.newer;
    else oldest = link.newer;
    if (link.newer) link.newer.older = link.older;
    else newest = link.older;
  }

  function chain(link: Link<V>): void {
    link.older = newest;
    link.newer = undefined;
    if (newest) newest.newer = link;
    else oldest = link;
    newest = link;
  }

  function drop(link: Link<V>): void {
    unchain(link);
    links.delete(link.key);
  }

  return {
    get: (key) => links.get(key)?.value,
    put(key, value) {
      const known = links.get(key);
      if (known) unchain(known);
      const link: Link<V> = known ?? { key, value, older: undefined, newer: undefined };
      link.value = value;
      chain(link);
      if (!known) links.set(key, link);
      while (oldest && (links.size > max || isOver(oldest.value))) drop(oldest);
    },
    forget(key) {
      const link = links.get(key);
      if (link) drop(link);
    },
    get size() {
      return links.size;
    },
  };
}

import { SetwireError } from '../errors.js';
import type { IdentityEvent } from '../events/identity-event.js';

/** The end of the host's side: hands events to the journal without the host waiting for it. */
export interface Recorder {
  /**
   * Takes an event; never throws.
   *
   * @param once its id was given by who reported it, and may come again: see `Journal.append`
   */
  record(event: IdentityEvent, once?: boolean): void;
  /**
   * Resolves when the event just recorded is in the journal, rejects when it could not be; undefined: it is not under way.
   * Nobody has to wait for it.
   */
  recorded(event: Pick<IdentityEvent, 'id'>): Promise<void> | undefined;
  /** Resolves when everything recorded until now is in the journal or given up. */
  settled(): Promise<void>;
  readonly pending: number;
  /** As much waits for the journal as it has room for: what comes now is lost. */
  readonly isFull: boolean;
  /** Events that could not be put into the journal. */
  readonly lost: number;
}

/** Events that are stored together, and so are settled together: a promise for each would cost the host more than the rest. */
interface Group {
  /** Of the journal. */
  readonly stored: Promise<unknown>;
  readonly settled: Promise<void>;
  readonly ids: string[];
  /** Texts rather than objects: there may be many of them for a while, and a text is moved about faster. */
  readonly texts: string[];
}

/**
 * @param journal.append takes an event as JSON; `id` of one that is to be stored once. Several may get the same promise
 * @param ready resolves when the journal may be appended to
 * @param limits what waits for the journal at most: events, and characters of their JSON; what comes beyond is lost, and counted
 * @param onLost called for each event that is lost, with the reason
 */
export function recorderOf(
  journal: { append(text: string, id?: string): Promise<unknown> },
  ready: Promise<void>,
  limits: { readonly maxEvents: number; readonly maxBytes: number },
  onLost: (event: IdentityEvent, error: unknown) => void,
): Recorder {
  const appending = new Map<string, Promise<void>>();
  const early: (() => void)[] = [];
  let last: Group | undefined;
  let isReady = false;
  let lost = 0;
  let pendingBytes = 0;

  const isFull = (): boolean => appending.size >= limits.maxEvents || pendingBytes > limits.maxBytes;

  /** All that came before in one go: what comes next must not get ahead of it. A journal that was never ready says why. */
  function open(): void {
    isReady = true;
    for (const begin of early.splice(0)) begin();
  }
  ready.then(open, open);

  function append(text: string, id: string | undefined): Promise<unknown> {
    if (isFull()) {
      const why = 'as many events wait for the journal already as `buffer` allows: this one was dropped';
      return Promise.reject(new SetwireError('SETWIRE_OVERLOADED', why));
    }
    if (isReady) return journal.append(text, id);
    return new Promise((resolve) => early.push(() => resolve(journal.append(text, id))));
  }

  function groupOf(stored: Promise<unknown>): Group {
    const ids: string[] = [];
    const texts: string[] = [];

    function end(): void {
      if (last?.settled === settled) last = undefined;
      for (const id of ids) if (appending.get(id) === settled) appending.delete(id);
      for (const text of texts) pendingBytes -= text.length;
    }

    const settled = stored.then(end, (error: unknown) => {
      end();
      lost += texts.length;
      for (const text of texts) onLost(JSON.parse(text) as IdentityEvent, error);
      throw error;
    });
    // A rejection that no caller looks at must not bring the host down.
    settled.catch(() => undefined);
    return { stored, settled, ids, texts };
  }

  return {
    record(event, once = false) {
      const text = JSON.stringify(event);
      const stored = append(text, once ? event.id : undefined);
      if (last?.stored !== stored) last = groupOf(stored);
      last.ids.push(event.id);
      last.texts.push(text);
      pendingBytes += text.length;
      appending.set(event.id, last.settled);
    },
    recorded: (event) => appending.get(event.id),
    async settled() {
      await Promise.allSettled(appending.values());
    },
    get pending() {
      return appending.size;
    },
    get isFull() {
      return isFull();
    },
    get lost() {
      return lost;
    },
  };
}

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
  /** Resolves when the event just recorded is in the journal, rejects when it could not be; undefined: it is not under way. */
  recorded(event: Pick<IdentityEvent, 'id'>): Promise<void> | undefined;
  /** Resolves when everything recorded until now is in the journal or given up. */
  settled(): Promise<void>;
  readonly pending: number;
  /** As much waits for the journal as it has room for: what comes now is lost. */
  readonly isFull: boolean;
  /** Events that could not be put into the journal. */
  readonly lost: number;
}

/** Below this many the journal keeps up, and nothing has to be measured. */
const fewPending = 100;

/**
 * @param ready resolves when the journal may be appended to
 * @param limits what waits for the journal at most: events, and characters of their JSON; what comes beyond is lost, and counted
 * @param onLost called for each event that is lost, with the reason
 */
export function recorderOf(
  journal: { append(event: IdentityEvent, how: { readonly once: boolean }): Promise<unknown> },
  ready: Promise<void>,
  limits: { readonly maxEvents: number; readonly maxBytes: number },
  onLost: (event: IdentityEvent, error: unknown) => void,
): Recorder {
  const appending = new Map<string, Promise<void>>();
  let lost = 0;
  let pendingBytes = 0;

  const isFull = (): boolean => appending.size >= limits.maxEvents || pendingBytes > limits.maxBytes;

  function checkRoom(): void {
    if (!isFull()) return;
    throw new SetwireError(
      'SETWIRE_OVERLOADED',
      'as many events wait for the journal already as `buffer` allows: this one was dropped',
    );
  }

  async function append(event: IdentityEvent, once: boolean): Promise<void> {
    const bytes = appending.size < fewPending ? 0 : JSON.stringify(event).length;
    pendingBytes += bytes;
    try {
      checkRoom();
      await ready;
      await journal.append(event, { once });
    } catch (error) {
      lost += 1;
      onLost(event, error);
      throw error;
    } finally {
      pendingBytes -= bytes;
    }
  }

  return {
    record(event, once = false) {
      const written = append(event, once).finally(() => {
        if (appending.get(event.id) === written) appending.delete(event.id);
      });
      // Nobody has to wait for it: a rejection that no caller looks at must not bring the host down.
      written.catch(() => undefined);
      appending.set(event.id, written);
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

import { randomBytes, randomUUID } from 'node:crypto';
import { sendable } from '../config/sendable.js';
import type { Settings } from '../config/settings.js';
import { deferred } from '../deferred.js';
import type { Delivery } from '../delivery/delivery.js';
import { SetwireError } from '../errors.js';
import type { Journal } from '../journal/journal.js';
import type { Report, Tally } from '../report.js';
import { Secret } from '../secret.js';
import { within } from '../within.js';
import { outbox } from './outbox.js';
import type { Begin, News, Order, Snapshot } from './terms.js';
import { keepThread } from './thread.js';

/** What the process waits for at its very end. */
const lastMs = 500;
/** A stop within the thread takes this much longer than `stopTimeout` at most: for the lead, the state file and the log. */
const closeMs = 5000;
/** So many events that the journal could not take are on their way to the log at most; the others are counted only. */
const maxMissed = 1000;
/** So many ids of events that were stored once are remembered here. */
const maxStored = 20_000;

export interface InThreadDeps {
  readonly report: Report;
  readonly losses: Tally;
  readonly issuer?: string;
}

/** The host's side of a journal and a delivery that are in a worker thread. */
export interface InThread {
  readonly journal: Pick<Journal, 'close' | 'status'> & {
    /** Takes an event as JSON; `id` of one that is to be stored once. Several may get the same promise. */
    append(text: string, id?: string): Promise<unknown>;
    /** Whether it is known here that an event that was appended `once` is in the journal. */
    holds(id: string): boolean;
  };
  readonly delivery: Delivery;
}

/**
 * Runs the journal and all that comes after it in a worker thread: of the host's own thread they take the time to hand
 * events over. A thread that crashes is replaced, and gets what was not stored again.
 */
export function deliveryInThread(settings: Settings, { report, losses, issuer }: InThreadDeps): InThread {
  const owner = randomUUID();
  const startedAt = Date.now();
  // One key for all threads that follow each other: a user keeps its hash.
  const userKey = settings.log.userKey ?? new Secret(randomBytes(32).toString('base64'));
  const answered = new Int32Array(new SharedArrayBuffer(4));
  const events = outbox();
  /** The journal itself knows all of them; these are for the flows, which must not count an event twice. */
  const stored = latest(maxStored);
  let current = settings;
  let snapshot: Snapshot | undefined;
  let isBegun = false;
  let missed = 0;
  const begun = deferred();
  const journalClosed = deferred();

  function keyed(given: Settings): unknown {
    return sendable({ ...given, log: { ...given.log, userKey } });
  }

  function begin(holdMs: number): Begin {
    return {
      settings: keyed(current),
      ...(issuer !== undefined && { issuer }),
      owner,
      holdMs,
      before: snapshot?.endpoints ?? {},
      answered: answered.buffer as SharedArrayBuffer,
    };
  }

  function onNews(news: News): void {
    switch (news.kind) {
      case 'begun':
        ({ snapshot } = news);
        isBegun = true;
        events.connect((group, texts, once) => thread.post({ kind: 'append', group, texts, once }));
        begun.resolve();
        return;
      case 'stored':
        events.stored(news.group);
        return;
      case 'refused':
        events.refused(news.group, new SetwireError('SETWIRE_JOURNAL_UNWRITABLE', news.why));
        return;
      case 'snapshot':
        ({ snapshot } = news);
        missed = 0;
        return;
      case 'report':
        report(news.level, news.words, news.fields);
        return;
      case 'lost':
        losses.add(news.what, news.why, news.times);
        return;
      case 'journal-closed':
        journalClosed.resolve();
    }
  }

  function onCrash(): void {
    isBegun = false;
    events.connect(undefined);
    if (snapshot !== undefined) snapshot = { ...snapshot, isLeading: false };
  }

  /** How endpoints are as long as nothing is known of them. */
  function standing(): Snapshot['endpoints'] {
    const nothing = { delivered: 0, retries: 0, dead: 0, deadLetters: 0, unsettled: 0, lag: { events: 0, seconds: 0 } };
    return Object.fromEntries(
      current.endpoints.map(({ name }) => [name, { state: 'standby', since: startedAt, ...nothing }]),
    );
  }

  const thread = keepThread({ begin, onNews, onCrash, report });
  const post = (order: Order): void => thread.post(order);

  return {
    journal: {
      append(text, id) {
        const appended = events.append(text, id);
        if (id !== undefined)
          appended.then(
            () => stored.add(id),
            () => undefined,
          );
        return appended;
      },
      holds: (id) => stored.has(id),
      get status() {
        return snapshot?.journal ?? { events: 0, bytes: 0 };
      },
      close() {
        const why = 'the journal was closed before it could be written';
        events.close(new SetwireError('SETWIRE_JOURNAL_UNWRITABLE', why));
        return Promise.resolve();
      },
    },
    delivery: {
      ready: begun.promise,
      miss(event) {
        missed += 1;
        if (missed <= maxMissed) post({ kind: 'miss', event });
      },
      apply(next) {
        current = next;
        post({ kind: 'apply', settings: keyed(current) });
      },
      status: () => snapshot?.endpoints ?? standing(),
      get log() {
        return snapshot?.log ?? { written: 0, dropped: 0 };
      },
      get isLeading() {
        return snapshot?.isLeading ?? false;
      },
      reopenLog: () => post({ kind: 'reopen-log' }),
      flush() {
        if (!isBegun) return 0;
        events.flush();
        post({ kind: 'last' });
        return Atomics.wait(answered, 0, 0, lastMs) === 'timed-out' ? 0 : events.size;
      },
      async stop(closeJournal) {
        const limitMs = current.stopTimeoutMs + closeMs;
        post({ kind: 'stop' });
        const ended = thread.end(limitMs);
        await within(limitMs, Promise.race([journalClosed.promise, ended]));
        await closeJournal?.();
        post({ kind: 'finish' });
        await ended;
      },
    },
  };
}

/** The ids that were added last, so many of them. */
function latest(max: number): Pick<Set<string>, 'add' | 'has'> {
  const ids = new Set<string>();
  return {
    has: (id) => ids.has(id),
    add(id) {
      ids.add(id);
      const [oldest] = ids;
      if (ids.size > max && oldest !== undefined) ids.delete(oldest);
      return ids;
    },
  };
}

// The worker thread's composition root: the journal and the delivery, for the host's thread in `thread/`.
import { parentPort, workerData } from 'node:worker_threads';
import { received } from './config/sendable.js';
import type { Settings } from './config/settings.js';
import { deferred } from './deferred.js';
import { startDelivery } from './delivery/delivery.js';
import { messageOf } from './errors.js';
import { embeddedJournal } from './journal/embedded.js';
import type { Report } from './report.js';
import type { Begin, News, Order, Snapshot } from './thread/terms.js';

/** How often the host's thread is told how the delivery is. */
const snapshotMs = 250;

const port = parentPort;
if (port === null) throw new Error('this file is run by setwire in a worker thread');
const tell = (news: News): void => port.postMessage(news);
const { issuer, owner, holdMs, before, answered, ...begin } = workerData as Begin;
const settings = received(begin.settings) as Settings;

/** What is not a plain value cannot cross the threads. */
const report: Report = (level, words, fields = {}) => {
  const texts = Object.entries(fields).map(([name, value]) => [
    name,
    value instanceof Error ? messageOf(value) : value,
  ]);
  tell({ kind: 'report', level, words, fields: JSON.parse(JSON.stringify(Object.fromEntries(texts))) });
};

const { dataDir, durability } = settings;
const journal = embeddedJournal({ dataDir, durability, report, owner });
const delivery = startDelivery(settings, {
  journal,
  report,
  losses: { add: (what, why, times = 1) => tell({ kind: 'lost', what, why, times }), counts: () => ({}) },
  ...(issuer !== undefined && { issuer }),
  holdMs,
  before,
});

const snapshot = (): Snapshot => ({
  endpoints: delivery.status(),
  journal: journal.status,
  log: delivery.log,
  isLeading: delivery.isLeading,
});

let told = '';
function tellSnapshot(): void {
  const now = snapshot();
  const text = JSON.stringify(now);
  if (text !== told) tell({ kind: 'snapshot', snapshot: now });
  told = text;
}
const telling = setInterval(tellSnapshot, snapshotMs);

const appending = new Set<Promise<void>>();
function append({ group, texts, once }: Extract<Order, { kind: 'append' }>): void {
  const appended = journal
    .appendAll(texts, once)
    .then(
      () => tell({ kind: 'stored', group }),
      (error: unknown) => tell({ kind: 'refused', group, why: messageOf(error) }),
    )
    .finally(() => appending.delete(appended));
  appending.add(appended);
}

async function last(): Promise<void> {
  await Promise.all(appending);
  delivery.flush();
  const word = new Int32Array(answered);
  Atomics.store(word, 0, 1);
  Atomics.notify(word, 0);
}

const finished = deferred();

async function stop(): Promise<void> {
  await delivery.stop(async () => {
    await journal.close();
    await Promise.all(appending);
    tell({ kind: 'journal-closed' });
    // What the host's thread has not got stored by then is said to be lost, and stands in the log.
    await finished.promise;
  });
  clearInterval(telling);
  tellSnapshot();
  port?.close();
}

function take(order: Order): void {
  switch (order.kind) {
    case 'append':
      append(order);
      break;
    case 'miss':
      delivery.miss(order.event);
      break;
    case 'apply':
      delivery.apply(received(order.settings) as Settings);
      break;
    case 'reopen-log':
      delivery.reopenLog();
      break;
    case 'last':
      void last();
      break;
    case 'stop':
      void stop();
      break;
    case 'finish':
      finished.resolve();
      break;
  }
}

port.on('message', take);
await delivery.ready;
tell({ kind: 'begun', snapshot: snapshot() });

import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import { filter, firstValueFrom } from 'rxjs';
import { sendable } from '../config/sendable.js';
import type { Settings } from '../config/settings.js';
import { deferred } from '../deferred.js';
import { messageOf } from '../errors.js';
import type { Journal, JournalEntry, JournalLoss, Lead } from '../journal/journal.js';
import { pause } from '../journal/lease.js';
import { type DeliveryLog, openDeliveryLog } from '../log/delivery-log.js';
import { userHashWith } from '../log/user-hash.js';
import type { Report, Tally } from '../report.js';
import type { DeadReason, IdentityEvent } from '../schema-types.js';
import { keyRingFor } from '../set/key-ring-of.js';
import { pairwiseSecretIn } from '../set/pairwise-secret.js';
import { deadRecords } from '../transmitter/record.js';
import { readable, stateFileAt } from '../transmitter/state-file.js';
import type { EndpointStatus } from '../transmitter/status.js';
import { within } from '../within.js';
import { choresWith } from './chores.js';
import { requestsWith } from './requests.js';
import { enabledIn, isSealed, runningWith } from './running.js';
import { wantsOf } from './wants.js';

/** How often is looked for what an operator has asked for. */
const lookMs = 250;
const stateEveryMs = 1000;
const retainEveryMs = 10_000;
const keepKeysEveryMs = 10_000;
const releaseMs = 1000;
/** So many events are still sent at a stop that leaves them in the journal otherwise. */
const maxDrained = 1000;

export interface DeliveryDeps {
  readonly journal: Journal;
  readonly report: Report;
  /** What is lost is counted here, by endpoint and reason. */
  readonly losses: Tally;
  /** What the host calls itself; the config comes first. */
  readonly issuer?: string;
  /** false: nothing new is sent, only what operators have asked for. */
  readonly isLive?: boolean;
  /** Nothing is sent for so many milliseconds (0). */
  readonly holdMs?: number;
  /** How endpoints were when a delivery that this one goes on with had ended: what was counted goes on. */
  readonly before?: Readonly<Record<string, EndpointStatus>>;
}

/** Everything after the journal: who transmits, to whom, what is sent again, what is kept. */
export interface Delivery {
  /** Resolves when the journal knows all endpoints: what is appended from then on is delivered to them. */
  readonly ready: Promise<void>;
  /** An event that did not get into the journal is logged for each endpoint that would have got it. */
  miss(event: IdentityEvent): void;
  /** Takes over another config: endpoints that are new, changed or gone. */
  apply(settings: Settings): void;
  status(): Readonly<Record<string, EndpointStatus>>;
  readonly log: DeliveryLog['status'];
  reopenLog(): void;
  /**
   * For `process.on('exit')`: writes what waits for the log before it returns, and has that stored which waits for a
   * journal in another thread. Returns how many events those were.
   */
  flush(): number;
  /** Whether this process is the one that transmits. */
  readonly isLeading: boolean;
  /**
   * Delivers what waits, no longer than `stopTimeout`, and closes; a journal on disk keeps what is left.
   *
   * @param closeJournal called before the log is closed: what is lost by it stands in the log
   */
  stop(closeJournal?: () => Promise<void>): Promise<void>;
}

/** A delivery in the thread that has the journal. */
export interface DeliveryHere extends Delivery {
  /** What the journal has dropped is logged and counted. */
  lose(loss: JournalLoss): void;
}

/** Delivers to the endpoints of `settings` while this process has the lead. */
export function startDelivery(settings: Settings, deps: DeliveryDeps): DeliveryHere {
  const { journal, report, losses, isLive = true, holdMs = 0 } = deps;
  const now = (): number => Date.now();
  const clock = (): number => performance.now();
  const stopping = new AbortController();
  const hashUser = userHashWith(settings.log.userKey);
  const log = openDeliveryLog({ ...settings.log, report });
  const stateFile = stateFileAt(join(settings.dataDir, 'state.json'), report);
  const isKept = settings.journal === 'embedded';
  let current = settings;
  const keys = keyRingFor(settings.signing, now);
  let lead: Lead | undefined;
  /** Of the key directory: read once there is an endpoint that signs, which is not begun before. */
  let pairwiseSecret: Uint8Array | undefined;
  const running = runningWith({
    journal,
    keys,
    report,
    write: log.write,
    hashUser,
    now,
    clock,
    issuer: deps.issuer,
    isLive,
    before: deps.before ?? {},
    fault,
  });
  const takeUpRequests = requestsWith({ journal, running, endpoints: () => enabledIn(current), now, fault });
  const chores = choresWith(fault);

  /** Makes what runs what should. */
  function reconcile(): void {
    if (stopping.signal.aborted || lead === undefined || lead.lost.aborted) return;
    running.reconcile({ settings: current, pairwiseSecret });
  }

  function fault(what: string, error: unknown): void {
    if (!stopping.signal.aborted) report('error', `a fault: ${what}`, { why: messageOf(error) });
  }

  function look(): void {
    reconcile();
    takeUpRequests();
  }

  async function retain(): Promise<void> {
    const { retention, deadLetters } = settings;
    const { maxAgeMs, maxBytes, hardLimitBytes, removedEndpointMs } = retention;
    const limits = { maxAgeMs, maxBytes, hardLimitBytes, hardLimitEvents: Number.POSITIVE_INFINITY };
    // A journal in memory keeps to its own limits at every event.
    if (isKept) {
      const losses = await journal.retain({ ...limits, removedReaderMs: removedEndpointMs }, now());
      for (const loss of losses) lost(loss);
    }
    await journal.deadLetters.retain({ before: now() - deadLetters.maxAgeMs, maxCount: deadLetters.maxCount });
  }

  function lost({ reader, entries }: JournalLoss): void {
    lose(reader, entries, 'journal_overflow');
  }

  function lose(name: string, entries: readonly JournalEntry[], reason: DeadReason): void {
    const endpoint = current.endpoints.find((each) => each.name === name);
    const events = entries.map(({ event }) => event).filter(endpoint ? wantsOf(endpoint) : () => false);
    for (const record of deadRecords(name, events, { reason }, { hashUser, now })) log.write(record);
    const why = 'each of them stands in the delivery log';
    if (events.length > 0) losses.add(`${name}: ${reason}`, why, events.length);
  }

  function status(): Record<string, EndpointStatus> {
    return running.status(current.endpoints, stopping.signal.aborted ? 'stopped' : 'standby');
  }

  async function writeState(): Promise<void> {
    // Only one process writes it: the one that transmits.
    if (!isKept || !isLive || lead === undefined || lead.lost.aborted) return;
    const endpoints = Object.fromEntries(Object.entries(status()).map(([name, each]) => [name, readable(each)]));
    const writtenAt = new Date(now()).toISOString();
    await stateFile.write({ writtenAt, pid: process.pid, journal: journal.status, endpoints });
  }

  /** Lets the journal know who reads it. */
  async function register(): Promise<void> {
    if (isLive) await Promise.all(enabledIn(current).map(({ name, from }) => journal.open(name, from)));
  }

  /** Lets it know as well who no longer does: that is for the one that transmits to say. */
  async function registerAll(): Promise<void> {
    await register();
    const names = current.endpoints.map(({ name }) => name);
    if (isLive) await journal.configured(names, now());
  }

  /** Makes the keys that are missing, and rotates those that are due. */
  async function keepKeys(): Promise<void> {
    if (!enabledIn(current).some(isSealed)) return;
    pairwiseSecret ??= await pairwiseSecretIn(settings.signing.directory);
    await keys.keep();
  }

  /** Transmits until the lead is lost or given up. */
  async function leadOn(given: Lead): Promise<void> {
    lead = given;
    await registerAll();
    await keepKeys().catch((error: unknown) => fault('the signing keys', error));
    chores.every(keepKeysEveryMs, 'the signing keys', keepKeys);
    chores.every(lookMs, 'what operators have asked for', look);
    begun.resolve();
    chores.every(stateEveryMs, 'the state file', writeState);
    if (isLive) chores.every(retainEveryMs, 'the retention of the journal', retain);
    await new Promise<void>((resolve) => {
      const end = AbortSignal.any([given.lost, stopping.signal]);
      if (end.aborted) resolve();
      else end.addEventListener('abort', () => resolve(), { once: true });
    });
    chores.stop();
  }

  async function work(): Promise<void> {
    await pause(holdMs, stopping.signal);
    while (settings.transmitter !== 'none' && !stopping.signal.aborted) {
      const given = await journal.lead(stopping.signal);
      if (given === undefined) return;
      await leadOn(given);
      if (stopping.signal.aborted) return;
      report('warn', 'another process transmits now', { pid: process.pid });
      await running.leaveAll(() => 0);
      lead = undefined;
    }
  }

  /**
   * A journal in memory ends with the process: what is in it is sent first, as far as it can be. One on disk has it at the
   * next start: only what an endpoint in good health gets in a moment is waited for.
   */
  async function drained(): Promise<void> {
    const isHere = settings.transmitter !== 'none' && (lead !== undefined || !journal.isLed);
    if (!isLive || !isHere) return;
    await begun.promise;
    await Promise.all(
      running.all().map((transmission) => {
        if (!isKept) return transmission.drain();
        const { state, lag } = transmission.status();
        if (state !== 'active' || lag.events > maxDrained) return undefined;
        const failed = transmission.records.pipe(filter(({ outcome }) => outcome === 'retry'));
        return Promise.race([transmission.drain(), firstValueFrom(failed, { defaultValue: undefined })]);
      }),
    );
  }

  async function ended(left: () => number): Promise<void> {
    await working;
    const rests = await running.leaveAll(left);
    if (!isKept) for (const [name, rest] of rests) lose(name, rest, 'lost_on_exit');
  }

  /** A lease that cannot be written runs out. */
  async function released(): Promise<void> {
    await within(releaseMs, lead?.release().catch(unstored) ?? Promise.resolve());
  }

  const begun = deferred();
  const ready = register();
  ready.catch(() => undefined);
  const working = work().catch((error: unknown) => fault('the delivery', error));

  return {
    ready,
    lose: lost,
    miss(event) {
      const why = { reason: 'journal_overflow', detail: 'it could not be written to the journal' } as const;
      for (const endpoint of enabledIn(current)) {
        if (!wantsOf(endpoint)(event)) continue;
        for (const record of deadRecords(endpoint.name, [event], why, { hashUser, now })) log.write(record);
      }
    },
    apply(next) {
      const olds = new Map(current.endpoints.map((endpoint) => [endpoint.name, endpoint]));
      const isSame = isDeepStrictEqual(
        [current.issuer, current.defaults, current.ssf, current.stopTimeoutMs],
        [next.issuer, next.defaults, next.ssf, next.stopTimeoutMs],
      );
      // What has not changed is taken over as it is, and so goes on undisturbed.
      const endpoints = next.endpoints.map((endpoint) => {
        const old = olds.get(endpoint.name);
        return isSame && old !== undefined && isDeepStrictEqual(sendable(old), sendable(endpoint)) ? old : endpoint;
      });
      current = { ...next, endpoints };
      const known = lead === undefined ? register() : registerAll().then(reconcile);
      known.catch((error: unknown) => fault('the new config', error));
    },
    status,
    get log() {
      return log.status;
    },
    reopenLog: log.reopen,
    flush() {
      log.flushSync();
      return 0;
    },
    get isLeading() {
      return lead !== undefined && !lead.lost.aborted;
    },
    async stop(closeJournal) {
      const deadline = clock() + current.stopTimeoutMs;
      const left = (): number => Math.max(0, deadline - clock());
      // The other half is for the requests that are under way then.
      await within(isKept ? left() / 2 : left(), drained());
      stopping.abort();
      // A journal that cannot be written must not hold up the stop: what waits for it is brought back by the next start.
      await within(left() + releaseMs, ended(left));
      await writeState();
      await released();
      await closeJournal?.();
      await log.close();
    },
  };
}

/** For what the journal could not store any more before it was closed, which has said so: it is found again at the next start. */
const unstored = (): readonly JournalEntry[] => [];

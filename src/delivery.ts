import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import { filter, firstValueFrom } from 'rxjs';
import { sendable } from './config/sendable.js';
import type { EndpointSettings, Settings } from './config/settings.js';
import { messageOf } from './errors.js';
import type { Journal, JournalEntry, JournalLoss, Lead } from './journal/journal.js';
import { pause } from './journal/lease.js';
import type { Progress } from './journal/requests.js';
import { type DeliveryLog, openDeliveryLog } from './log/delivery-log.js';
import { userHashWith } from './log/user-hash.js';
import type { Report, Tally } from './report.js';
import type { DeadReason, IdentityEvent } from './schema-types.js';
import { keyRingFor } from './set/key-ring-of.js';
import { pairwiseSecretIn } from './set/pairwise-secret.js';
import { profileOf } from './set/profiles.js';
import { sealerOf } from './set/sealer-of.js';
import { deliverWith } from './transmitter/deliver.js';
import { fetchJwksWith } from './transmitter/get.js';
import { type Transmission, transmit } from './transmitter/pipeline.js';
import { deadRecords } from './transmitter/record.js';
import { resendOf } from './transmitter/resend.js';
import { selectOf } from './transmitter/select.js';
import { readable, stateFileAt } from './transmitter/state-file.js';
import type { EndpointStatus } from './transmitter/status.js';

/** How often is looked for what an operator has asked for. */
const lookMs = 250;
const stateEveryMs = 1000;
const retainEveryMs = 10_000;
const keepKeysEveryMs = 10_000;
const releaseMs = 1000;
/** So many events are still sent at a stop that leaves them in the journal otherwise. */
const maxDrained = 1000;
/** A request that has been done is kept for who has asked, for so long. */
const keepRequestMs = 3_600_000;

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

/** Which events an endpoint gets: those it selects and its profile has a SET for. */
export function wantsOf(endpoint: EndpointSettings): (event: IdentityEvent) => boolean {
  const selects = selectOf(endpoint);
  const { covers } = profileOf(endpoint.profile);
  return (event) => covers(event) && selects(event);
}

const isSealed = ({ profile }: EndpointSettings): boolean => profileOf(profile).isSealed;

interface Running {
  readonly endpoint: EndpointSettings;
  readonly wants: (event: IdentityEvent) => boolean;
  readonly transmission: Transmission;
  stop(limitMs: number): Promise<readonly JournalEntry[]>;
}

/** Delivers to the endpoints of `settings` while this process has the lead. */
export function startDelivery(settings: Settings, deps: DeliveryDeps): DeliveryHere {
  const { journal, report, losses, isLive = true, holdMs = 0 } = deps;
  const now = (): number => Date.now();
  const clock = (): number => performance.now();
  const stopping = new AbortController();
  const running = new Map<string, Running>();
  const resending = new Set<string>();
  /** How endpoints were when they were stopped: what was counted goes on. */
  const before = new Map<string, EndpointStatus>(Object.entries(deps.before ?? {}));
  /** Endpoints that are being stopped: they are begun anew only then. */
  const leaving = new Map<string, { readonly stopped: Promise<unknown>; readonly transmission: Transmission }>();
  /** What is done every now and then and is not over yet. */
  const chores = new Set<Promise<void>>();
  const hashUser = userHashWith(settings.log.userKey);
  const log = openDeliveryLog({ ...settings.log, report });
  const stateFile = stateFileAt(join(settings.dataDir, 'state.json'), report);
  const isKept = settings.journal === 'embedded';
  let current = settings;
  const keys = keyRingFor(settings.signing, now);
  let lead: Lead | undefined;
  /** Of the key directory: read once there is an endpoint that signs, which is not begun before. */
  let pairwiseSecret: Uint8Array | undefined;
  let timers: NodeJS.Timeout[] = [];

  const configured = (): readonly EndpointSettings[] => current.endpoints.filter(({ enabled }) => enabled);

  function start(endpoint: EndpointSettings): void {
    const issuer = current.issuer ?? deps.issuer;
    const wants = wantsOf(endpoint);
    const { name, claims, profile, audience, subject } = endpoint;
    const { defaults, ssf } = current;
    const makeSets = profileOf(profile).makeSetsWith({
      ...ssf,
      endpoint: name,
      claims,
      issuer,
      defaults,
      audience,
      subject,
      pairwiseSecret,
    });
    const fetchJwks = fetchJwksWith(endpoint, now);
    const sealer = isSealed(endpoint) ? sealerOf(keys, endpoint, { fetchJwks, clock, report }) : undefined;
    const { deliver, shape, close } = deliverWith(endpoint, { now, ...(sealer && { sealer }) });
    const transmission = transmit(endpoint, {
      journal,
      makeSets,
      wants,
      deliver,
      shape,
      hashUser,
      now,
      clock,
      random: Math.random,
      report,
      isLive,
      onDisabled: (reason) => disable(endpoint.name, reason),
    });
    transmission.records.subscribe({ next: log.write });
    running.set(endpoint.name, {
      endpoint,
      wants,
      transmission,
      async stop(limitMs) {
        try {
          return await transmission.stop(limitMs);
        } finally {
          close();
        }
      },
    });
  }

  function disable(name: string, reason: string): void {
    const note = `\`setwire endpoint enable ${name}\` goes on where it stopped`;
    report('error', 'endpoint disabled', { endpoint: name, why: reason, note });
    journal
      .disable(name, { reason, since: now() })
      // Whoever enables it a moment later finds it stopped, and so it is begun anew.
      .then(() => leave(name, current.stopTimeoutMs))
      .catch((error: unknown) => fault('the status of an endpoint', error));
  }

  async function leave(name: string, limitMs: number): Promise<readonly JournalEntry[]> {
    const ended = running.get(name);
    running.delete(name);
    if (ended === undefined) return [];
    const stopped = ended.stop(limitMs).finally(() => {
      leaving.delete(name);
      before.set(name, summed(name, ended.transmission.status()));
    });
    leaving.set(name, { stopped, transmission: ended.transmission });
    return await stopped;
  }

  /** Makes what runs what should: by the config, and by what was disabled. */
  function reconcile(): void {
    if (stopping.signal.aborted || lead === undefined || lead.lost.aborted) return;
    const disabled = new Set(journal.readers().flatMap((each) => (each.disabled ? each.reader : [])));
    const wished = new Map(configured().map((endpoint) => [endpoint.name, endpoint]));
    for (const [name, { endpoint }] of running) {
      const wish = wished.get(name);
      if (wish === endpoint && !disabled.has(name)) continue;
      leave(name, current.stopTimeoutMs).catch((error: unknown) => fault('the stop of an endpoint', error));
    }
    for (const [name, endpoint] of wished) {
      const isHeldUp = leaving.has(name) || (isSealed(endpoint) && pairwiseSecret === undefined);
      if (!running.has(name) && !isHeldUp && !disabled.has(name)) start(endpoint);
    }
  }

  function fault(what: string, error: unknown): void {
    if (!stopping.signal.aborted) report('error', `a fault: ${what}`, { why: messageOf(error) });
  }

  async function resend(id: string): Promise<void> {
    const request = journal.requests.get(id);
    if (request === undefined) return;
    const failed = (error: string): Promise<void> =>
      journal.requests.report(id, { ...request.progress, state: 'failed', error });
    const target = running.get(request.endpoint);
    if (target === undefined) {
      const isKnown = configured().some(({ name }) => name === request.endpoint);
      if (leaving.has(request.endpoint)) return;
      return failed(isKnown ? 'the endpoint is disabled' : 'the config has no such endpoint, or not enabled');
    }
    const sending = resendOf(request, journal, target.transmission);
    const telling = setInterval(() => {
      journal.requests
        .report(id, sending.progress)
        .catch((error: unknown) => fault('the progress of a request', error));
    }, lookMs);
    telling.unref();
    try {
      await target.transmission.resend(sending);
      // One that was stopped halfway goes on when its endpoint does.
      const state: Progress['state'] = running.get(request.endpoint) === target ? 'done' : 'waiting';
      await journal.requests.report(id, { ...sending.progress, state });
    } finally {
      clearInterval(telling);
    }
  }

  function look(): void {
    reconcile();
    for (const { id, askedAt, progress } of journal.requests.all()) {
      if (progress.state === 'done' || progress.state === 'failed') {
        if (now() - askedAt > keepRequestMs) void journal.requests.remove(id);
      } else if (!resending.has(id)) {
        resending.add(id);
        resend(id)
          .catch((error: unknown) => fault('a request to send again', error))
          .finally(() => resending.delete(id));
      }
    }
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

  function summed(name: string, status: EndpointStatus): EndpointStatus {
    const { delivered = 0, retries = 0, dead = 0, lastSuccessAt } = before.get(name) ?? {};
    return {
      ...(lastSuccessAt !== undefined && { lastSuccessAt }),
      ...status,
      delivered: status.delivered + delivered,
      retries: status.retries + retries,
      dead: status.dead + dead,
    };
  }

  function status(): Record<string, EndpointStatus> {
    const known = new Map(journal.readers().map((each) => [each.reader, each]));
    return Object.fromEntries(
      current.endpoints.map(({ name, enabled }) => {
        const own = running.get(name)?.transmission.status();
        const { disabled, position } = known.get(name) ?? {};
        // One that is to be stopped may still be sending.
        if (own !== undefined) return [name, summed(name, own)];
        const last = leaving.get(name)?.transmission.status();
        const off = disabled ?? (enabled ? undefined : { reason: '`enabled: false` in the config', since: startedAt });
        const events = position === undefined ? 0 : Math.max(0, journal.end - position.next) + position.pending.length;
        const idle = summed(name, {
          state: off ? 'disabled' : stopping.signal.aborted ? 'stopped' : 'standby',
          ...(off && { reason: off.reason }),
          ...(last?.lastSuccessAt !== undefined && { lastSuccessAt: last.lastSuccessAt }),
          since: off?.since ?? startedAt,
          delivered: last?.delivered ?? 0,
          retries: last?.retries ?? 0,
          dead: last?.dead ?? 0,
          deadLetters: journal.deadLetters.count(name),
          unsettled: last?.unsettled ?? 0,
          lag: { events, seconds: 0 },
        });
        return [name, idle];
      }),
    );
  }

  async function writeState(): Promise<void> {
    // Only one process writes it: the one that transmits.
    if (!isKept || !isLive || lead === undefined || lead.lost.aborted) return;
    const endpoints = Object.fromEntries(Object.entries(status()).map(([name, each]) => [name, readable(each)]));
    const writtenAt = new Date(now()).toISOString();
    await stateFile.write({ writtenAt, pid: process.pid, journal: journal.status, endpoints });
  }

  function every(ms: number, what: string, act: () => void | Promise<void>): void {
    let busy = false;
    const run = async (): Promise<void> => {
      if (busy) return;
      busy = true;
      try {
        await act();
      } catch (error) {
        fault(what, error);
      } finally {
        busy = false;
      }
    };
    const begin = (): void => {
      const chore = run().finally(() => chores.delete(chore));
      chores.add(chore);
    };
    timers.push(setInterval(begin, ms).unref());
    begin();
  }

  /** Lets the journal know who reads it. */
  async function register(): Promise<void> {
    if (isLive) await Promise.all(configured().map(({ name, from }) => journal.open(name, from)));
  }

  /** Lets it know as well who no longer does: that is for the one that transmits to say. */
  async function registerAll(): Promise<void> {
    await register();
    const names = current.endpoints.map(({ name }) => name);
    if (isLive) await journal.configured(names, now());
  }

  /** Makes the keys that are missing, and rotates those that are due. */
  async function keepKeys(): Promise<void> {
    if (!configured().some(isSealed)) return;
    pairwiseSecret ??= await pairwiseSecretIn(settings.signing.directory);
    await keys.keep();
  }

  /** Transmits until the lead is lost or given up. */
  async function leadOn(given: Lead): Promise<void> {
    lead = given;
    await registerAll();
    await keepKeys().catch((error: unknown) => fault('the signing keys', error));
    every(keepKeysEveryMs, 'the signing keys', keepKeys);
    every(lookMs, 'what operators have asked for', look);
    begun.resolve();
    every(stateEveryMs, 'the state file', writeState);
    if (isLive) every(retainEveryMs, 'the retention of the journal', retain);
    await new Promise<void>((resolve) => {
      const end = AbortSignal.any([given.lost, stopping.signal]);
      if (end.aborted) resolve();
      else end.addEventListener('abort', () => resolve(), { once: true });
    });
    for (const timer of timers) clearInterval(timer);
    timers = [];
  }

  async function work(): Promise<void> {
    await pause(holdMs, stopping.signal);
    while (settings.transmitter !== 'none' && !stopping.signal.aborted) {
      const given = await journal.lead(stopping.signal);
      if (given === undefined) return;
      await leadOn(given);
      if (stopping.signal.aborted) return;
      report('warn', 'another process transmits now', { pid: process.pid });
      await Promise.all([...running.keys()].map((name) => leave(name, 0)));
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
      [...running.values()].map(({ transmission }) => {
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
    const rests = await Promise.all(
      [...running.keys()].map(async (name) => [name, await leave(name, left())] as const),
    );
    await Promise.allSettled(Array.from(leaving.values(), ({ stopped }) => stopped));
    if (!isKept) for (const [name, rest] of rests) lose(name, rest, 'lost_on_exit');
  }

  /** A lease that cannot be written runs out. */
  async function released(): Promise<void> {
    await within(releaseMs, lead?.release().catch(unstored) ?? Promise.resolve());
  }

  const startedAt = now();
  const begun = deferred();
  const ready = register();
  ready.catch(() => undefined);
  const working = work().catch((error: unknown) => fault('the delivery', error));

  return {
    ready,
    lose: lost,
    miss(event) {
      const why = { reason: 'journal_overflow', detail: 'it could not be written to the journal' } as const;
      for (const endpoint of configured()) {
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

/** Resolves when the work is done, or after so many milliseconds. Keeps the process alive until then. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}

/** For what the journal could not store any more before it was closed, which has said so: it is found again at the next start. */
const unstored = (): readonly JournalEntry[] => [];

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** A new id for something that an operator asks for: in the order of asking. */
export const newRequestId = (at: number): string => `${at.toString(36).padStart(9, '0')}-${randomUUID().slice(0, 8)}`;

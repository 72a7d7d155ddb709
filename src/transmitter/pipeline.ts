import { setMaxListeners } from 'node:events';
import {
  concatMap,
  defer,
  EMPTY,
  filter,
  firstValueFrom,
  from,
  fromEvent,
  map,
  merge,
  mergeMap,
  NEVER,
  type Observable,
  retry,
  Subject,
  switchMap,
  take,
  takeUntil,
  timer,
} from 'rxjs';
import type { IdentityEvent } from '../events/identity-event.js';
import { deadIdOf } from '../journal/dead-letters.js';
import type { Journal, JournalEntry, Offset } from '../journal/journal.js';
import type { Report } from '../report.js';
import type { DeadReason, DeliveryRecord } from '../schema-types.js';
import type { MakeSets, SetResult } from '../set/set.js';
import { breakerOf, type Permit } from './breaker.js';
import { type DeadWhy, letterOf } from './dead-letter.js';
import { type Decision, decide } from './decision.js';
import type { Answer, Deliver, Endpoint } from './endpoint.js';
import { bytesAlone, packerOf } from './packer.js';
import { type Held, laneOf, type PackedBatch, type Parcel, type Source } from './parcel.js';
import { readerOf } from './reader.js';
import { attemptRecord, unsentRecord, userOf } from './record.js';
import type { EndpointStatus } from './status.js';

/** What one endpoint's delivery is made of. */
export interface TransmitDeps {
  readonly journal: Journal;
  readonly makeSets: MakeSets;
  /** Which events the endpoint gets. */
  readonly wants: (event: IdentityEvent) => boolean;
  readonly deliver: Deliver;
  readonly hashUser: (userId: string) => string;
  /** Milliseconds. */
  readonly now: () => number;
  /** Steady, in milliseconds: it does not jump when the time is set. */
  readonly clock: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  readonly report: Report;
  /** The endpoint wants nothing any more. */
  readonly onDisabled: (reason: string) => void;
  /** false: only what is handed to `resend` is sent. */
  readonly isLive: boolean;
}

/** Entries that are sent again, beside what is new. */
export interface Resending extends Source {
  /** Asked for the next ones when there is room for them. */
  entries(signal: AbortSignal): AsyncGenerator<readonly JournalEntry[]>;
}

/** The delivery to one endpoint, under way. */
export interface Transmission {
  /** One for each attempt, and for each SET that was given up without one. Hot; never fails. */
  readonly records: Observable<DeliveryRecord>;
  status(): EndpointStatus;
  /** Whether an entry has been read and is not settled. */
  holds(offset: Offset): boolean;
  /** Whether an entry has been read and settled. */
  isDone(offset: Offset): boolean;
  /** Resolves when all of it is settled, or nothing is sent any more. */
  resend(what: Resending): Promise<void>;
  /** Sends open batches at once; resolves when all that is in the journal now is settled, or nothing is sent any more. */
  drain(): Promise<void>;
  /**
   * Begins no more requests, waits for those that are under way for so long at most, then cuts them short; resolves with
   * what is in the journal and not settled once the position is stored.
   */
  stop(limitMs: number): Promise<readonly JournalEntry[]>;
}

/** A batch, and how often it has failed as it is. */
interface Trying {
  readonly batch: PackedBatch;
  readonly failures: number;
}

/** The next attempt, and the time until then. */
interface Again {
  readonly again: Trying;
  readonly inMs: number;
}

const pauseAfterFaultMs = 1000;

/**
 * Delivers to one endpoint what the journal has for it: read, select, make SETs, pack, attempt, settle.
 *
 * It reads no further ahead than a window of events, so memory is bounded however long the endpoint is down. Nothing
 * that happens in it reaches the host: what goes wrong with an event makes a record, what goes wrong otherwise a report.
 */
export function transmit(endpoint: Endpoint, deps: TransmitDeps): Transmission {
  const { journal, now, clock, report } = deps;
  const { name, batch: limits } = endpoint;
  const stopping = new AbortController();
  /** Aborted before: nothing more is begun. */
  const closing = new AbortController();
  // A listener for each request under way, and a few.
  setMaxListeners(endpoint.concurrency + 50, stopping.signal, closing.signal);
  const stopped = fromEvent(stopping.signal, 'abort');
  const closed = fromEvent(closing.signal, 'abort');

  const records = new Subject<DeliveryRecord>();
  const ready = new Subject<Trying>();
  const opened = new Subject<number>();
  const admitted = new Subject<void>();
  const maxUnsettled = Math.max(1000, 4 * endpoint.concurrency * limits.maxEvents);
  const reader = readerOf(name, journal, maxUnsettled, clock);
  const packer = packerOf(limits);
  const breaker = breakerOf(endpoint.circuit, deps.random);
  const underWay = new Set<Promise<unknown>>();
  const counts = { delivered: 0, retries: 0, dead: 0 };
  let timed = -1;
  let draining = false;
  let state: Pick<EndpointStatus, 'state' | 'reason' | 'since'> = { state: 'active', since: now() };
  let lastSuccessAt: number | undefined;
  let lastSuccess = Number.NEGATIVE_INFINITY;

  function become(to: EndpointStatus['state'], reason?: string): void {
    // What was under way when the endpoint was disabled may be answered later, and changes nothing.
    if (state.state === 'disabled') return;
    const since = state.state === to ? state.since : now();
    if (to === 'open' && state.state !== 'open')
      report('warn', 'circuit opened: the endpoint is only probed', { endpoint: name, why: reason });
    if (to === 'active' && state.state === 'open') report('info', 'circuit closed', { endpoint: name });
    state = { state: to, since, ...(to !== 'active' && reason !== undefined && { reason }) };
    if (to !== 'disabled') return;
    closing.abort();
    deps.onDisabled(reason ?? '');
  }

  /** None: the endpoint does not want it. */
  function make({ event }: JournalEntry): readonly SetResult[] {
    try {
      return deps.wants(event) ? deps.makeSets(event) : [];
    } catch {
      // The error's text may hold a value of the event: it is not repeated.
      const detail = 'the event could not be made a SET';
      return [{ kind: 'dead', jti: event.id, reason: 'mapping_failed', detail }];
    }
  }

  /** What is given up is stored before it counts as done: a crash in between brings it back. */
  async function bury(dead: readonly { readonly held: Held; readonly jti: string }[], why: DeadWhy): Promise<void> {
    counts.dead += dead.length;
    await journal.deadLetters.bury(dead.map(({ held, jti }) => letterOf(name, held, jti, why, { now, clock })));
  }

  async function giveUp(
    held: Held,
    source: Source,
    { jti, ...why }: { jti: string; reason: DeadReason; detail?: string },
  ): Promise<void> {
    await bury([{ held, jti }], why);
    records.next(unsentRecord(name, held.event, jti, why, deps));
    finish([held], source, 'dead');
  }

  /** A SET of each of these has been settled; the entry is, once all of its SETs are. */
  function finish(entries: readonly Held[], source: Source, fate: 'delivered' | 'dead'): void {
    const ended = entries.filter((held) => {
      held.unsettled = (held.unsettled ?? 1) - 1;
      held.isDead = held.isDead === true || fate === 'dead';
      return held.unsettled === 0;
    });
    const dead = ended.filter(({ isDead }) => isDead);
    const delivered = ended.filter(({ isDead }) => !isDead);
    if (dead.length > 0) source.settle(dead, 'dead');
    if (delivered.length > 0) source.settle(delivered, 'delivered');
  }

  function send(batches: readonly PackedBatch[]): void {
    for (const batch of batches) ready.next({ batch, failures: 0 });
    if (draining) for (const batch of packer.flush()) ready.next({ batch, failures: 0 });
    const { size, serial } = packer.open;
    if (size > 0 && serial !== timed) {
      timed = serial;
      opened.next(serial);
    }
  }

  async function pack(entries: readonly Held[], source: Source): Promise<void> {
    // They stay unsettled, and come again at the next start.
    if (stopping.signal.aborted) return;
    const full: PackedBatch[] = [];
    const unwanted: Held[] = [];
    for (const held of entries) {
      const results = make(held);
      held.unsettled = results.length;
      if (results.length === 0) unwanted.push(held);
      const lane = endpoint.order === 'none' ? undefined : laneOf(held.event);
      const user = userOf(held.event, deps.hashUser);
      for (const result of results) {
        if (result.kind === 'dead') {
          await giveUp(held, source, result);
        } else if (bytesAlone(result.set.bytes, limits.format) > limits.maxBytes) {
          const { jti, bytes } = result.set;
          const detail = `the SET has ${bytes} bytes, batch.maxBytes is ${limits.maxBytes}`;
          await giveUp(held, source, { jti, reason: 'too_large', detail });
        } else {
          // One that is alone counts for its event; of several each counts for itself.
          const tries = results.length === 1 ? held.tries : { ...held.tries };
          full.push(...packer.offer({ held, source, set: result.set, tries, lane, user }));
        }
      }
    }
    send(full);
    if (unwanted.length > 0) source.settle(unwanted, 'unwanted');
  }

  /** Leave to make an attempt, once there is; undefined: nothing is sent any more. */
  async function permission(): Promise<Permit | undefined> {
    while (!closing.signal.aborted) {
      const answer = breaker.admit(clock());
      if (!('waitMs' in answer)) return answer;
      const later = Number.isFinite(answer.waitMs) ? timer(Math.min(answer.waitMs, 2 ** 31 - 1)) : NEVER;
      await firstValueFrom(merge(later, admitted, closed).pipe(take(1)));
    }
    return undefined;
  }

  /** One attempt; whatever goes wrong with it, the batch is not forgotten. */
  async function attempt(trying: Trying): Promise<Again | undefined> {
    try {
      return await attemptOnce(trying);
    } catch (error) {
      fault(error);
      return { again: trying, inMs: pauseAfterFaultMs };
    }
  }

  async function attemptOnce({ batch, failures }: Trying): Promise<Again | undefined> {
    const permit = await permission();
    if (permit === undefined) return undefined;
    const { parcels } = batch;
    const begun = clock();
    for (const { held, tries } of parcels) {
      tries.attempts += 1;
      tries.firstAt ??= begun;
      held.tries.attempts = Math.max(held.tries.attempts, tries.attempts);
      held.tries.firstAt ??= begun;
    }
    const answer = await answerTo(batch);
    if (answer.kind === 'failure' && stopping.signal.aborted) {
      breaker.returned(permit);
      return undefined;
    }
    const decision = decide(answer, triedOf(batch, failures + 1), endpoint.retry, { now: now(), random: deps.random });
    note(decision, permit);
    return await follow(decision, answer, { batch, failures: failures + 1 });
  }

  function triedOf({ parcels }: PackedBatch, failures: number): Parameters<typeof decide>[1] {
    const tries = parcels.map((parcel) => parcel.tries);
    const [only] = tries.length === 1 ? tries : [];
    if (only?.alone) only.alone.failures += 1;
    const hasOthersPassed = only?.alone !== undefined && lastSuccess > only.alone.since;
    return {
      sets: tries.length,
      failures,
      attempts: Math.min(...tries.map(({ attempts }) => attempts)),
      forMs: Math.min(...tries.map(({ firstAt }) => clock() - (firstAt ?? clock()))),
      aloneFailures: hasOthersPassed ? (only?.alone?.failures ?? 0) : 0,
    };
  }

  /** What an attempt says about the endpoint. */
  function note(decision: Decision, permit: Permit): void {
    const at = clock();
    if (decision.kind === 'delivered') {
      lastSuccessAt = now();
      lastSuccess = at;
    }
    if (decision.kind === 'delivered' || !decision.isTrouble) {
      breaker.succeeded(at);
      become('active');
    } else {
      breaker.failed(permit, at, decision.kind === 'retry' ? decision.waitMs : undefined);
      const failing = breaker.isOpen ? 'open' : 'failing';
      const to = decision.isUnauthorised === true ? 'unauthorised' : failing;
      become(decision.kind === 'disable' ? 'disabled' : to, decision.detail);
    }
    admitted.next();
  }

  async function follow(decision: Decision, answer: Answer, { batch, failures }: Trying): Promise<Again | undefined> {
    const { parcels } = batch;
    const record = (verdict: Parameters<typeof attemptRecord>[4], of = batch): void =>
      records.next(attemptRecord(name, of, Math.max(...attemptsOf(of)), answer, verdict, now()));
    const again = (inMs: number) => ({ again: { batch, failures }, inMs });

    switch (decision.kind) {
      case 'delivered':
        counts.delivered += parcels.length;
        await takeBack(parcels);
        record({ outcome: 'delivered' });
        settle(parcels, 'delivered');
        return undefined;
      case 'dead': {
        const { reason, detail, error } = decision;
        await bury(
          parcels.map(({ held, set: { jti } }) => ({ held, jti })),
          { reason, detail, ...(error !== undefined && { error }), answer },
        );
        record({ outcome: 'dead', reason, ...wordsOf(decision) });
        settle(parcels, 'dead');
        return undefined;
      }
      case 'halve':
        counts.retries += 1;
        record({ outcome: 'retry', ...wordsOf(decision), detail: `${decision.detail}; it is tried in halves` });
        for (const half of packer.halve(batch)) {
          const [only] = half.parcels.length === 1 ? half.parcels : [];
          if (only) only.tries.alone ??= { failures: 0, since: clock() };
          ready.next({ batch: half, failures: 0 });
        }
        return undefined;
      case 'retry': {
        if (closing.signal.aborted) {
          record({ outcome: 'retry', ...wordsOf(decision) });
          return undefined;
        }
        counts.retries += 1;
        const nextRetryAt = new Date(now() + decision.inMs).toISOString();
        record({ outcome: 'retry', ...wordsOf(decision), nextRetryAt });
        return again(decision.inMs);
      }
      case 'disable':
        record({
          outcome: 'retry',
          ...wordsOf(decision),
          detail: `${decision.detail}; nothing is sent until it is enabled`,
        });
        return undefined;
    }
  }

  /** What arrives after all is no dead letter any more. */
  async function takeBack(parcels: readonly Parcel[]): Promise<void> {
    const again = parcels.filter(({ source }) => source !== reader);
    if (again.length > 0 && journal.deadLetters.count(name) > 0)
      await journal.deadLetters.drop(again.map(({ set: { jti } }) => deadIdOf(name, jti)));
  }

  function settle(parcels: readonly Parcel[], fate: 'delivered' | 'dead'): void {
    for (const [source, some] of groupedBySource(parcels))
      finish(
        some.map(({ held }) => held),
        source,
        fate,
      );
    send(packer.settle(parcels));
  }

  async function answerTo({ id, parcels }: PackedBatch): Promise<Answer> {
    try {
      return await deps.deliver({ id, sets: parcels.map(({ set }) => set) }, stopping.signal);
    } catch {
      const detail = 'the request could not be made';
      return { kind: 'failure', code: 'REQUEST_NOT_MADE', detail, durationMs: 0, bytes: 0 };
    }
  }

  function tracked<T>(work: Promise<T>): Promise<T> {
    underWay.add(work);
    return work.finally(() => underWay.delete(work));
  }

  function fault(error: unknown): void {
    report('error', 'a fault in the delivery', { endpoint: name, error: String(error) });
  }

  if (deps.isLive) {
    defer(() => from(reader.entries(closing.signal)))
      .pipe(
        concatMap((entries) => pack(entries, reader)),
        retry({
          delay(error) {
            fault(error);
            return timer(pauseAfterFaultMs);
          },
        }),
        takeUntil(stopped),
      )
      .subscribe({ error: fault });
  }

  opened
    .pipe(
      switchMap((serial) => timer(limits.maxWaitMs).pipe(map(() => serial))),
      filter((serial) => serial === packer.open.serial),
      takeUntil(stopped),
    )
    .subscribe({ next: () => send(packer.flush()), error: fault });

  // A batch's first attempt and its later ones come in at the same place, so that waiting for the next one takes no
  // request's turn.
  ready
    .pipe(
      mergeMap((trying) => tracked(attempt(trying)), endpoint.concurrency),
      mergeMap((later) => (later === undefined ? EMPTY : timer(later.inMs).pipe(map(() => later.again)))),
      takeUntil(stopped),
    )
    .subscribe({ next: (again) => ready.next(again), error: fault });

  return {
    records: records.asObservable(),
    status: () => ({
      ...state,
      ...(closing.signal.aborted && state.state !== 'disabled' && { state: 'stopped' as const }),
      ...counts,
      deadLetters: journal.deadLetters.count(name),
      unsettled: reader.unsettled,
      lag: {
        events: reader.lag,
        seconds: reader.oldestAt === undefined ? 0 : Math.max(0, Math.round((now() - reader.oldestAt) / 1000)),
      },
      ...(lastSuccessAt !== undefined && { lastSuccessAt }),
    }),
    holds: reader.holds,
    isDone: reader.isDone,
    async resend(what) {
      let sent = 0;
      const settledAgain = new Subject<void>();
      const source: Source = {
        settle(entries, fate) {
          sent -= entries.length;
          what.settle(entries, fate);
          settledAgain.next();
        },
      };
      const until = async (isDone: () => boolean): Promise<void> => {
        const done = settledAgain.pipe(filter(isDone), takeUntil(closed));
        if (!isDone() && !closing.signal.aborted) await firstValueFrom(done, { defaultValue: undefined });
      };
      for await (const entries of what.entries(closing.signal)) {
        if (closing.signal.aborted) return;
        sent += entries.length;
        await pack(
          entries.map((entry) => ({ ...entry, tries: { attempts: 0 } })),
          source,
        );
        await until(() => sent < maxUnsettled);
      }
      await until(() => sent === 0);
    },
    async drain() {
      draining = true;
      send([]);
      const end = journal.end;
      const isDrained = (): boolean => closing.signal.aborted || isSettledTo(end);
      const done = reader.settled.pipe(filter(isDrained), takeUntil(stopped));
      if (!isDrained()) await firstValueFrom(done, { defaultValue: undefined });
    },
    async stop(limitMs) {
      closing.abort();
      const limit = timer(limitMs).pipe(takeUntil(from(Promise.allSettled(underWay))));
      if (limitMs > 0) await firstValueFrom(limit, { defaultValue: undefined });
      stopping.abort();
      await Promise.allSettled(underWay);
      await reader.close();
      records.complete();
      return reader.rest();
    },
  };

  function isSettledTo(end: Offset): boolean {
    const { next, pending } = journal.position(name);
    return next >= end && pending.every(({ offset }) => offset >= end);
  }
}

const attemptsOf = ({ parcels }: PackedBatch): number[] => parcels.map(({ tries }) => tries.attempts);

function wordsOf({ detail, error }: { readonly detail: string; readonly error?: string }) {
  return { detail, ...(error !== undefined && { error }) };
}

function groupedBySource(parcels: readonly Parcel[]): Map<Source, Parcel[]> {
  const groups = new Map<Source, Parcel[]>();
  for (const parcel of parcels) {
    const group = groups.get(parcel.source);
    if (group === undefined) groups.set(parcel.source, [parcel]);
    else group.push(parcel);
  }
  return groups;
}

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
import type { Journal, JournalEntry, Offset } from '../journal/journal.js';
import type { Report } from '../report.js';
import type { DeliveryRecord } from '../schema-types.js';
import type { MakeSets, SetResult } from '../set/set.js';
import { delayOf } from './backoff.js';
import { batchSizeOf } from './batch-size.js';
import { breakerOf, type Permit } from './breaker.js';
import { type Decision, decide, type Fate } from './decision.js';
import type { Answer, Deliver, Endpoint } from './endpoint.js';
import { ledgerOf, triedOf, unsettledOf } from './ledger.js';
import { batchOf, bytesAlone, packerOf, type Shape } from './packer.js';
import { type EntryAgain, type Held, heldOf, laneOf, type PackedBatch, type Parcel, type Source } from './parcel.js';
import { readerOf } from './reader.js';
import { attemptRecord, userOf } from './record.js';
import { settlementOf } from './settlement.js';
import type { EndpointStatus } from './status.js';

/** What one endpoint's delivery is made of. */
export interface TransmitDeps {
  readonly journal: Journal;
  readonly makeSets: MakeSets;
  /** Which events the endpoint gets. */
  readonly wants: (event: IdentityEvent) => boolean;
  readonly deliver: Deliver;
  /** Of what `deliver` sends. */
  readonly shape: Shape;
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
  entries(signal: AbortSignal): AsyncGenerator<readonly EntryAgain[]>;
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

/** A batch, and how often it has failed as it is, or been left without an answer. */
interface Trying {
  readonly batch: PackedBatch;
  readonly failures: number;
  readonly unanswered: number;
  /** There is nothing in it: late answers are asked for. */
  readonly isPoll?: boolean;
}

const first = (batch: PackedBatch): Trying => ({ batch, failures: 0, unanswered: 0 });
const poll: Trying = { ...first(batchOf([])), isPoll: true };

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
  const { name, batch: limits, retry: patience } = endpoint;
  const isAnsweredEach = endpoint.delivery === 'multi-push';
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
  const answered = new Subject<void>();
  const maxUnsettled = Math.max(1000, 4 * endpoint.concurrency * limits.maxEvents);
  const reader = readerOf(name, journal, maxUnsettled, clock);
  const size = batchSizeOf(limits.maxEvents);
  const packer = packerOf(deps.shape, {
    get maxEvents() {
      return size.max;
    },
    maxBytes: limits.maxBytes,
  });
  const ledger = ledgerOf(clock);
  const settlement = settlementOf({
    ...deps,
    endpoint: name,
    records,
    onSettled(parcels) {
      ledger.settled(parcels);
      send(packer.settle(parcels));
    },
  });
  const breaker = breakerOf(endpoint.circuit, deps.random);
  const underWay = new Set<Promise<unknown>>();
  let retries = 0;
  let fruitlessPolls = 0;
  let isPolling = false;
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

  function send(batches: readonly PackedBatch[]): void {
    for (const batch of batches) ready.next(first(batch));
    if (draining) for (const batch of packer.flush()) ready.next(first(batch));
    const { open } = packer;
    if (open.size > 0 && open.serial !== timed) {
      timed = open.serial;
      opened.next(open.serial);
    }
  }

  async function pack(entries: readonly Held[], source: Source): Promise<void> {
    // They stay unsettled, and come again at the next start.
    if (stopping.signal.aborted) return;
    const full: PackedBatch[] = [];
    const unwanted: Held[] = [];
    const done: Held[] = [];
    for (const held of entries) {
      const made = make(held);
      const meant = held.only === undefined ? made : made.filter((result) => isMeant(held, jtiOf(result)));
      const results = held.done === undefined ? meant : meant.filter((result) => !held.done?.includes(jtiOf(result)));
      held.unsettled = results.length;
      if (meant.length === 0) unwanted.push(held);
      else if (results.length === 0) done.push(held);
      const lane = endpoint.order === 'none' ? undefined : laneOf(held.event);
      const user = userOf(held.event, deps.hashUser);
      for (const result of results) {
        if (result.kind === 'dead') {
          await settlement.giveUp(held, source, result);
        } else if (bytesAlone(result.set, deps.shape) > limits.maxBytes) {
          const { jti, bytes } = result.set;
          const detail = `the SET has ${bytes} bytes, batch.maxBytes is ${limits.maxBytes}`;
          await settlement.giveUp(held, source, { jti, reason: 'too_large', detail });
        } else {
          // One that is alone counts for its event; of several each counts for itself.
          const tries = results.length === 1 ? held.tries : { ...held.tries };
          full.push(...packer.offer({ held, source, set: result.set, tries, lane, user, isSettled: false }));
        }
      }
    }
    send(full);
    if (unwanted.length > 0) source.settle(unwanted, 'unwanted');
    if (done.length > 0) source.settle(done, 'delivered');
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

  async function attemptOnce(trying: Trying): Promise<Again | undefined> {
    const permit = await permission();
    if (permit === undefined) return undefined;
    const batch = unsettledOf(trying.batch);
    const { parcels } = batch;
    if (parcels.length === 0 && trying.isPoll !== true) {
      breaker.returned(permit);
      admitted.next();
      return undefined;
    }
    // Packed before it turned out that so many are too many.
    if (parcels.length > size.max && trying.failures === 0) {
      breaker.returned(permit);
      admitted.next();
      for (const half of packer.halve(batch)) ready.next({ ...trying, batch: half });
      return undefined;
    }
    const begun = clock();
    for (const { held, tries } of parcels) {
      tries.attempts += 1;
      tries.firstAt ??= begun;
      held.tries.attempts = Math.max(held.tries.attempts, tries.attempts);
      held.tries.firstAt ??= begun;
    }
    if (isAnsweredEach) ledger.sent(parcels);
    const answer = await answerTo(batch);
    if (answer.kind === 'failure' && stopping.signal.aborted) {
      breaker.returned(permit);
      return undefined;
    }
    const tried = whatWasTried({ ...trying, batch });
    const decision = decide(answer, tried, endpoint, { now: now(), random: deps.random });
    note(decision, permit, parcels.length);
    try {
      // What the answer to another request has settled in the meantime is none of this one's.
      return await follow(decision, answer, { ...trying, batch: unsettledOf(batch), failures: tried.failures });
    } finally {
      if (isAnsweredEach) askLater(decision, trying);
    }
  }

  function whatWasTried({ batch: { parcels }, failures, unanswered }: Trying): Parameters<typeof decide>[1] {
    const [only] = parcels.length === 1 ? parcels.map(({ tries }) => tries) : [];
    if (only?.alone) only.alone.failures += 1;
    const hasOthersPassed = only?.alone !== undefined && lastSuccess > only.alone.since;
    const tried = parcels.map((parcel) => triedOf(parcel, clock()));
    const jtis = parcels.map(({ set }) => set.jti);
    return {
      sets: parcels.length,
      failures: failures + 1,
      // A poll has nothing that could lose patience.
      attempts: parcels.length === 0 ? 0 : Math.min(...tried.map(({ attempts }) => attempts)),
      forMs: parcels.length === 0 ? 0 : Math.min(...tried.map(({ forMs }) => forMs)),
      aloneFailures: hasOthersPassed ? (only?.alone?.failures ?? 0) : 0,
      unanswered,
      ...(isAnsweredEach && { each: { jtis, known: ledger.known } }),
    };
  }

  /** Late answers come with those to other requests; where there are none, they are asked for by themselves. */
  function askLater(decision: Decision, { isPoll = false }: Trying): void {
    if (isPoll) isPolling = false;
    const isAnswered = decision.kind === 'partly' && [...decision.fates.values()].some(({ kind }) => kind !== 'again');
    if (isAnswered) fruitlessPolls = 0;
    else if (isPoll) fruitlessPolls += 1;
    answered.next();
  }

  /** What an attempt says about the endpoint. */
  function note(decision: Decision, permit: Permit, sets: number): void {
    const at = clock();
    const isTaken = decision.kind === 'delivered' || decision.kind === 'partly';
    if (isTaken) size.taken(sets, at);
    if (decision.kind === 'halve' && decision.isTooLarge) size.refused(sets, at);
    if (isTaken && (decision.kind === 'delivered' || [...decision.fates.values()].some(isDelivered))) {
      lastSuccessAt = now();
      lastSuccess = at;
    }
    if (isTaken || !decision.isTrouble) {
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

  async function follow(decision: Decision, answer: Answer, trying: Trying): Promise<Again | undefined> {
    const { batch } = trying;
    const { parcels } = batch;
    const record = (verdict: Parameters<typeof attemptRecord>[4], of = batch): void =>
      records.next(attemptRecord(name, of, Math.max(...attemptsOf(of)), answer, verdict, now()));
    if (decision.kind !== 'partly' && parcels.length === 0) return undefined;

    switch (decision.kind) {
      case 'delivered':
        await settlement.deliver(parcels, () => record({ outcome: 'delivered', ...wordsOf(decision) }));
        return undefined;
      case 'partly':
        return await followEach(decision, answer, trying);
      case 'dead': {
        const { reason } = decision;
        const why = { reason, ...wordsOf(decision), answer };
        await settlement.bury(
          parcels,
          () => why,
          () => record({ outcome: 'dead', reason, ...wordsOf(decision) }),
        );
        return undefined;
      }
      case 'halve':
        retries += 1;
        record({ outcome: 'retry', ...wordsOf(decision), detail: `${decision.detail}; it is tried in halves` });
        for (const half of packer.halve(batch)) {
          const [only] = half.parcels.length === 1 ? half.parcels : [];
          if (only) only.tries.alone ??= { failures: 0, since: clock() };
          ready.next(first(half));
        }
        return undefined;
      case 'retry': {
        if (closing.signal.aborted) {
          record({ outcome: 'retry', ...wordsOf(decision) });
          return undefined;
        }
        retries += 1;
        record({ outcome: 'retry', ...wordsOf(decision), nextRetryAt: timeIn(decision.inMs) });
        return { again: trying, inMs: decision.inMs };
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

  /** Each SET as it was answered, now or late; those that were not are sent again after a while, unless an answer comes. */
  async function followEach(
    { fates, inMs, detail }: Decision & { readonly kind: 'partly' },
    answer: Answer,
    { batch, unanswered }: Trying,
  ): Promise<Again | undefined> {
    const record = (parcels: readonly Parcel[], verdict: Parameters<typeof attemptRecord>[4]): void => {
      const of = batchOf(parcels);
      records.next(attemptRecord(name, of, Math.max(...attemptsOf(of)), answer, verdict, now()));
    };
    const settled = [...fates].filter(([, { kind }]) => kind !== 'again');
    const groups = groupedByFate(settled.map(([jti, fate]) => [fate, ledger.of(jti)]));
    for (const { fate, members } of groups) {
      const parcels = members.map(([parcel]) => parcel).filter(({ isSettled }) => !isSettled);
      if (parcels.length === 0) continue;
      if (fate.kind === 'dead') {
        const told = { reason: fate.reason, ...wordsOf(fate) };
        const texts = new Map(members);
        const why = (parcel: Parcel) => ({ ...told, answer: answerAbout(answer, texts.get(parcel)) });
        await settlement.bury(parcels, why, () => record(parcels, { outcome: 'dead', ...told }));
      } else {
        const words = detail === undefined ? {} : { detail };
        await settlement.deliver(parcels, () => record(parcels, { outcome: 'delivered', ...words }));
      }
    }
    const rest = unsettledOf(batch).parcels;
    if (rest.length === 0) return undefined;
    ledger.leftOpen(rest);
    retries += 1;
    const words = { outcome: 'retry', detail: 'not answered yet' } as const;
    record(rest, { ...words, ...(!closing.signal.aborted && { nextRetryAt: timeIn(inMs) }) });
    return { again: { ...first(batchOf(rest)), unanswered: unanswered + 1 }, inMs };
  }

  const timeIn = (ms: number): string => new Date(now() + ms).toISOString();

  async function answerTo({ id, parcels }: PackedBatch): Promise<Answer> {
    try {
      const sets = parcels.map(({ set, held }) => ({ ...set, time: held.event.time }));
      return await deps.deliver({ id, sets }, stopping.signal);
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

  answered
    .pipe(
      switchMap(() => (ledger.open > 0 ? timer(delayOf(fruitlessPolls + 1, patience, () => 1)) : EMPTY)),
      filter(() => ledger.open > 0 && !isPolling),
      takeUntil(closed),
    )
    .subscribe({
      next() {
        isPolling = true;
        ready.next(poll);
      },
      error: fault,
    });

  return {
    records: records.asObservable(),
    status: () => ({
      ...state,
      ...(closing.signal.aborted && state.state !== 'disabled' && { state: 'stopped' as const }),
      delivered: settlement.counts.delivered,
      retries,
      dead: settlement.counts.dead,
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
        isAgain: true,
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
          entries.map((entry) => heldOf(entry)),
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

function wordsOf({ detail, error }: { readonly detail?: string; readonly error?: string }) {
  return { ...(detail !== undefined && { detail }), ...(error !== undefined && { error }) };
}

const jtiOf = (result: SetResult): string => (result.kind === 'set' ? result.set.jti : result.jti);

/** What could not be made a SET stands under the event's id, and is meant in any case. */
const isMeant = ({ only, event }: Held, jti: string): boolean =>
  only === undefined || only.includes(jti) || jti === event.id;

const isDelivered = ({ kind }: Fate): boolean => kind === 'delivered';

interface FateGroup {
  readonly fate: Exclude<Fate, { kind: 'again' }>;
  /** With what the receiver has said of each. */
  readonly members: (readonly [Parcel, string | undefined])[];
}

/** What ends in the same way, for the same reason, is told together. */
function groupedByFate(fates: readonly (readonly [Fate, readonly Parcel[]])[]): FateGroup[] {
  const groups = new Map<string, FateGroup>();
  for (const [fate, parcels] of fates) {
    if (fate.kind === 'again') continue;
    const [key, text] = fate.kind === 'dead' ? [`${fate.reason} ${fate.error}`, fate.text] : [fate.kind, undefined];
    const group = groups.get(key) ?? { fate, members: [] };
    groups.set(key, group);
    group.members.push(...parcels.map((parcel) => [parcel, text] as const));
  }
  return [...groups.values()];
}

/** Of an answer about many SETs what it says of one. */
const answerAbout = (answer: Answer, text = ''): Answer =>
  answer.kind === 'answer' ? { ...answer, body: text } : answer;

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
  mergeMap,
  type Observable,
  retry,
  Subject,
  switchMap,
  takeUntil,
  timer,
} from 'rxjs';
import type { IdentityEvent } from '../events/identity-event.js';
import type { Journal, JournalEntry, Offset } from '../journal/journal.js';
import type { Report } from '../report.js';
import type { DeliveryRecord } from '../schema-types.js';
import type { MakeSet, SetResult } from '../set/set.js';
import type { Answer, Deliver, Endpoint } from './endpoint.js';
import { outcomeOf } from './outcome.js';
import { bytesAlone, packerOf } from './packer.js';
import { laneOf, type PackedBatch, type Parcel } from './parcel.js';
import { readerOf } from './reader.js';
import { attemptRecord, deadRecords, userOf } from './record.js';
import type { EndpointStatus } from './status.js';
import { judge } from './verdict.js';

/** What one endpoint's delivery is made of. */
export interface TransmitDeps {
  readonly journal: Journal;
  readonly makeSet: MakeSet;
  /** Which events the endpoint gets. */
  readonly wants: (event: IdentityEvent) => boolean;
  readonly deliver: Deliver;
  readonly hashUser: (userId: string) => string;
  /** Milliseconds. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  readonly report: Report;
}

/** The delivery to one endpoint, under way. */
export interface Transmission {
  /** One for each attempt, and for each SET that was given up without one. Hot; never fails. */
  readonly records: Observable<DeliveryRecord>;
  status(): EndpointStatus;
  /** Whether an entry has been read and is not settled. */
  holds(offset: Offset): boolean;
  /** Sends open batches at once; resolves when all that is in the journal now is settled, or nothing is sent any more. */
  drain(): Promise<void>;
  /** Cuts short what is under way; resolves with what is in the journal and not settled. */
  stop(): Promise<readonly JournalEntry[]>;
}

/** A batch, the attempt it is at, and when the first was made if it was. */
interface Trying {
  readonly batch: PackedBatch;
  readonly attempt: number;
  readonly firstAt?: number;
}

const pauseAfterFaultMs = 1000;

/**
 * Delivers to one endpoint what the journal has for it: read, select, make SETs, pack, attempt, settle.
 *
 * It reads no further ahead than a window of events, so memory is bounded however long the endpoint is down. Nothing
 * that happens in it reaches the host: what goes wrong with an event makes a record, what goes wrong otherwise a report.
 */
export function transmit(endpoint: Endpoint, deps: TransmitDeps): Transmission {
  const { journal, now, report } = deps;
  const { name, batch: limits } = endpoint;
  const stopping = new AbortController();
  /** Aborted as well when the endpoint is disabled. */
  const closing = new AbortController();
  // A listener for each request under way, and a few.
  setMaxListeners(endpoint.concurrency + 20, stopping.signal, closing.signal);
  const stopped = fromEvent(stopping.signal, 'abort');

  const records = new Subject<DeliveryRecord>();
  const ready = new Subject<Trying>();
  const opened = new Subject<number>();
  const reader = readerOf(name, journal, Math.max(1000, 4 * endpoint.concurrency * limits.maxEvents), report);
  const packer = packerOf(limits);
  const underWay = new Set<Promise<unknown>>();
  const counts = { delivered: 0, retries: 0, dead: 0 };
  let timed = -1;
  let draining = false;
  let state: Pick<EndpointStatus, 'state' | 'reason' | 'since'> = { state: 'active', since: now() };
  let lastSuccessAt: number | undefined;

  function become(to: EndpointStatus['state'], reason: string | undefined): void {
    // What was under way when the endpoint was disabled may be answered later, and changes nothing.
    if (state.state === 'disabled') return;
    const since = state.state === to ? state.since : now();
    state = { state: to, since, ...(to !== 'active' && reason !== undefined && { reason }) };
    if (to !== 'disabled') return;
    report('error', 'endpoint disabled', { endpoint: name, why: reason });
    closing.abort();
  }

  /** Undefined: the endpoint does not want it. */
  async function make({ event }: JournalEntry): Promise<SetResult | undefined> {
    try {
      return deps.wants(event) ? await deps.makeSet(event) : undefined;
    } catch {
      // The error's text may hold a value of the event: it is not repeated.
      return { kind: 'dead', reason: 'mapping_failed', detail: 'the event could not be made a SET' };
    }
  }

  function giveUp({ offset, event }: JournalEntry, why: Parameters<typeof deadRecords>[2]): void {
    counts.dead += 1;
    for (const record of deadRecords(name, [event], why, deps)) records.next(record);
    reader.settle([offset]);
  }

  function send(batches: readonly PackedBatch[]): void {
    for (const batch of batches) ready.next({ batch, attempt: 1 });
    if (draining) for (const batch of packer.flush()) ready.next({ batch, attempt: 1 });
    const { size, serial } = packer.open;
    if (size > 0 && serial !== timed) {
      timed = serial;
      opened.next(serial);
    }
  }

  async function pack(entries: readonly JournalEntry[]): Promise<void> {
    const results = await Promise.all(entries.map(make));
    // They have been handed back as unsettled.
    if (stopping.signal.aborted) return;
    const full: PackedBatch[] = [];
    const unwanted: Offset[] = [];
    for (const [index, entry] of entries.entries()) {
      const { offset, event } = entry;
      const result = results[index];
      if (result === undefined) {
        unwanted.push(offset);
      } else if (result.kind === 'dead') {
        giveUp(entry, result);
      } else if (bytesAlone(result.set.bytes, limits.format) > limits.maxBytes) {
        const detail = `the SET has ${result.set.bytes} bytes, batch.maxBytes is ${limits.maxBytes}`;
        giveUp(entry, { reason: 'too_large', detail });
      } else {
        const parcel: Parcel = { offset, set: result.set, lane: laneOf(event), user: userOf(event, deps.hashUser) };
        full.push(...packer.offer(parcel));
      }
    }
    send(full);
    if (unwanted.length > 0) reader.settle(unwanted);
  }

  /** One attempt; gives the next one and the time until then, or nothing. */
  async function attempt(trying: Trying): Promise<{ readonly again: Trying; readonly inMs: number } | undefined> {
    if (closing.signal.aborted) return undefined;
    const { batch, attempt: count, firstAt = now() } = trying;
    const answer = await answerTo(batch);
    if (answer.kind === 'failure' && stopping.signal.aborted) return undefined;
    const at = now();
    const tried = { attempt: count, firstAt, at, closed: closing.signal.aborted };
    const { verdict, state: to, next } = judge(outcomeOf(answer, at), answer, tried, endpoint.retry, deps.random);

    if (verdict.outcome === 'delivered') {
      lastSuccessAt = at;
      counts.delivered += batch.parcels.length;
    } else if (verdict.outcome === 'dead') {
      counts.dead += batch.parcels.length;
    } else if (next !== 'keep') {
      counts.retries += 1;
    }
    if (to !== undefined) become(to, verdict.detail);
    records.next(attemptRecord(name, batch, count, answer, verdict, at));
    if (next === 'keep') {
      reader.settle([]);
      return undefined;
    }
    if (next !== 'settle') return { again: { batch, attempt: count + 1, firstAt }, inMs: next.againInMs };
    reader.settle(batch.parcels.map(({ offset }) => offset));
    send(packer.settle(batch));
    return undefined;
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

  defer(() => from(reader.entries(closing.signal)))
    .pipe(
      concatMap(pack),
      retry({
        delay(error) {
          fault(error);
          return timer(pauseAfterFaultMs);
        },
      }),
      takeUntil(stopped),
    )
    .subscribe({ error: fault });

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
      ...(stopping.signal.aborted && { state: 'stopped' as const }),
      ...counts,
      unsettled: reader.unsettled,
      lag: journal.end - journal.position(name),
      ...(lastSuccessAt !== undefined && { lastSuccessAt }),
    }),
    holds: reader.holds,
    async drain() {
      draining = true;
      send([]);
      const end = journal.end;
      const drained = (): boolean => closing.signal.aborted || reader.position >= end;
      const done = reader.settled.pipe(filter(drained), takeUntil(stopped));
      if (!drained()) await firstValueFrom(done, { defaultValue: undefined });
    },
    async stop() {
      closing.abort();
      stopping.abort();
      await Promise.allSettled(underWay);
      records.complete();
      return reader.rest();
    },
  };
}

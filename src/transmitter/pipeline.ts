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
import { watermarkFrom } from '../journal/position.js';
import type { Report } from '../report.js';
import type { DeliveryRecord } from '../schema-types.js';
import type { MakeSet, SetResult } from '../set/set.js';
import { delayOf, isPatienceExhausted } from './backoff.js';
import type { Answer, Deliver, Endpoint } from './endpoint.js';
import { outcomeOf } from './outcome.js';
import { bytesAlone, packerOf } from './packer.js';
import { laneOf, type PackedBatch, type Parcel } from './parcel.js';
import { attemptRecord, deadRecords, userOf } from './record.js';
import type { EndpointStatus } from './status.js';

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

/** Read from the journal at once. */
const maxRead = 500;
const pauseAfterFaultMs = 1000;
const nothingMore = 'nothing more is sent until the next start';

/**
 * Delivers to one endpoint what the journal has for it: read, select, make SETs, pack, attempt, settle.
 *
 * It reads no further ahead than a window of events, so memory is bounded however long the endpoint is down. Nothing
 * that happens in it reaches the host: what goes wrong with an event makes a record, what goes wrong otherwise a report.
 */
export function transmit(endpoint: Endpoint, deps: TransmitDeps): Transmission {
  const { journal, now, report } = deps;
  const { name, batch: limits } = endpoint;
  const maxUnsettled = Math.max(1000, 4 * endpoint.concurrency * limits.maxEvents);
  const stopping = new AbortController();
  /** Aborted as well when the endpoint is disabled. */
  const reading = new AbortController();
  // A listener for each request under way, and a few.
  setMaxListeners(endpoint.concurrency + 20, stopping.signal, reading.signal);
  const stopped = fromEvent(stopping.signal, 'abort');

  const records = new Subject<DeliveryRecord>();
  const ready = new Subject<Trying>();
  const opened = new Subject<number>();
  const settled = new Subject<void>();
  const packer = packerOf(limits);
  const unsettled = new Map<Offset, JournalEntry>();
  const underWay = new Set<Promise<unknown>>();
  const counts = { delivered: 0, retries: 0, dead: 0 };
  const watermark = watermarkFrom(journal.position(name));
  let next: Offset | undefined;
  let timed = -1;
  let draining = false;
  let state: Pick<EndpointStatus, 'state' | 'reason' | 'since'> = { state: 'active', since: now() };
  let lastSuccessAt: number | undefined;

  function become(to: EndpointStatus['state'], reason?: string): void {
    // What was under way when the endpoint was disabled may be answered later, and changes nothing.
    if (state.state === 'disabled') return;
    const since = state.state === to ? state.since : now();
    state = { state: to, since, ...(reason !== undefined && { reason }) };
  }

  async function* read(): AsyncGenerator<readonly JournalEntry[]> {
    await journal.open(name);
    if (next === undefined) {
      // A reader that is new starts at the end, which may have moved while it was opened.
      next = journal.position(name);
      watermark.skipTo(next);
    }
    while (!reading.signal.aborted) {
      if (unsettled.size >= maxUnsettled) {
        await firstValueFrom(
          settled.pipe(
            filter(() => unsettled.size < maxUnsettled),
            takeUntil(fromEvent(reading.signal, 'abort')),
          ),
          { defaultValue: undefined },
        );
        continue;
      }
      if (!(await journal.has(next, reading.signal))) return;
      const entries = await journal.read(next, Math.min(maxRead, maxUnsettled - unsettled.size));
      const [first, last] = [entries[0], entries.at(-1)];
      if (first === undefined || last === undefined) continue;
      // What the journal has dropped in between is lost, and reported by it.
      if (first.offset > next) watermark.skipTo(first.offset);
      next = last.offset + 1;
      for (const entry of entries) unsettled.set(entry.offset, entry);
      yield entries;
    }
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

  function settle(offsets: readonly Offset[]): void {
    for (const offset of offsets) {
      unsettled.delete(offset);
      watermark.settle(offset);
    }
    journal.commit(name, watermark.position).catch((error: unknown) => {
      report('error', 'the position could not be stored', { endpoint: name, error: String(error) });
    });
    settled.next();
  }

  function giveUp({ offset, event }: JournalEntry, why: Parameters<typeof deadRecords>[2]): void {
    counts.dead += 1;
    for (const record of deadRecords(name, [event], why, deps)) records.next(record);
    settle([offset]);
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
      const result = results[index];
      if (result === undefined) {
        unwanted.push(entry.offset);
      } else if (result.kind === 'dead') {
        giveUp(entry, result);
      } else if (bytesAlone(result.set.bytes, limits.format) > limits.maxBytes) {
        giveUp(entry, {
          reason: 'too_large',
          detail: `the SET has ${result.set.bytes} bytes, batch.maxBytes is ${limits.maxBytes}`,
        });
      } else {
        const parcel: Parcel = {
          offset: entry.offset,
          set: result.set,
          lane: laneOf(entry.event),
          user: userOf(entry.event, deps.hashUser),
        };
        full.push(...packer.offer(parcel));
      }
    }
    send(full);
    if (unwanted.length > 0) settle(unwanted);
  }

  function done(batch: PackedBatch): void {
    settle(batch.parcels.map(({ offset }) => offset));
    send(packer.settle(batch));
  }

  /** One attempt; gives the next one and the time until then, or nothing. */
  async function attempt(trying: Trying): Promise<{ readonly again: Trying; readonly delayMs: number } | undefined> {
    if (reading.signal.aborted) return undefined;
    const { batch, attempt: count, firstAt = now() } = trying;
    const answer = await answerTo(batch);
    if (answer.kind === 'failure' && stopping.signal.aborted) return undefined;
    const at = now();
    const outcome = outcomeOf(answer, at);
    const tell = (verdict: Parameters<typeof attemptRecord>[4]): void =>
      records.next(attemptRecord(name, batch, count, answer, verdict, at));
    switch (outcome.kind) {
      case 'delivered':
        counts.delivered += batch.parcels.length;
        lastSuccessAt = at;
        become('active');
        tell({ outcome: 'delivered' });
        done(batch);
        return undefined;
      case 'dead':
        counts.dead += batch.parcels.length;
        tell({
          outcome: 'dead',
          reason: outcome.reason,
          detail: outcome.detail,
          ...(outcome.error !== undefined && { error: outcome.error }),
        });
        done(batch);
        return undefined;
      case 'disable':
        become('disabled', outcome.detail);
        reading.abort();
        tell({ outcome: 'retry', detail: `${outcome.detail}; ${nothingMore}` });
        report('error', 'endpoint disabled', { endpoint: name, why: outcome.detail });
        settled.next();
        return undefined;
      case 'retry': {
        const error = outcome.error === undefined ? {} : { error: outcome.error };
        become(
          answer.kind === 'answer' && (answer.status === 401 || answer.status === 403) ? 'unauthorised' : 'failing',
          outcome.detail,
        );
        if (isPatienceExhausted(count, firstAt, at, endpoint.retry)) {
          counts.dead += batch.parcels.length;
          tell({ outcome: 'dead', reason: 'patience_exhausted', detail: outcome.detail, ...error });
          done(batch);
          return undefined;
        }
        if (reading.signal.aborted) {
          tell({ outcome: 'retry', detail: `${outcome.detail}; ${nothingMore}`, ...error });
          return undefined;
        }
        counts.retries += 1;
        const delayMs = delayOf(count, endpoint.retry, deps.random, outcome.notBeforeMs);
        tell({ outcome: 'retry', detail: outcome.detail, nextRetryAt: new Date(at + delayMs).toISOString(), ...error });
        return { again: { batch, attempt: count + 1, firstAt }, delayMs };
      }
    }
  }

  async function answerTo({ id, parcels }: PackedBatch): Promise<Answer> {
    try {
      return await deps.deliver({ id, sets: parcels.map(({ set }) => set) }, stopping.signal);
    } catch {
      return {
        kind: 'failure',
        code: 'REQUEST_NOT_MADE',
        detail: 'the request could not be made',
        durationMs: 0,
        bytes: 0,
      };
    }
  }

  function tracked<T>(work: Promise<T>): Promise<T> {
    underWay.add(work);
    return work.finally(() => underWay.delete(work));
  }

  // A batch's first attempt and its later ones come in at the same place, so that waiting for the next one takes no
  // request's turn.
  ready
    .pipe(
      mergeMap((trying) => tracked(attempt(trying)), endpoint.concurrency),
      mergeMap((retrying) =>
        retrying === undefined ? EMPTY : timer(retrying.delayMs).pipe(map(() => retrying.again)),
      ),
      takeUntil(stopped),
    )
    .subscribe({ next: (again) => ready.next(again), error: fault });

  opened
    .pipe(
      switchMap((serial) => timer(limits.maxWaitMs).pipe(map(() => serial))),
      takeUntil(stopped),
    )
    .subscribe({ next: (serial) => serial === packer.open.serial && send(packer.flush()), error: fault });

  defer(() => from(read()))
    .pipe(concatMap(pack), retry({ delay: pauseAfter }), takeUntil(stopped))
    .subscribe({ error: fault });

  function pauseAfter(error: unknown): Observable<unknown> {
    fault(error);
    return timer(pauseAfterFaultMs);
  }

  function fault(error: unknown): void {
    report('error', 'a fault in the delivery', { endpoint: name, error: String(error) });
  }

  const finished = (): boolean => state.state === 'disabled' || stopping.signal.aborted;

  return {
    records: records.asObservable(),
    status: () => ({
      ...state,
      ...(stopping.signal.aborted && { state: 'stopped' as const }),
      ...counts,
      unsettled: unsettled.size,
      lag: journal.end - journal.position(name),
      ...(lastSuccessAt !== undefined && { lastSuccessAt }),
    }),
    holds: (offset) => unsettled.has(offset),
    async drain() {
      draining = true;
      send([]);
      const end = journal.end;
      const drained = (): boolean => finished() || watermark.position >= end;
      if (!drained())
        await firstValueFrom(settled.pipe(filter(drained), takeUntil(stopped)), { defaultValue: undefined });
    },
    async stop() {
      reading.abort();
      stopping.abort();
      await Promise.allSettled(underWay);
      records.complete();
      return [...unsettled.values(), ...(await journal.read(next ?? journal.position(name), Number.MAX_SAFE_INTEGER))];
    },
  };
}

import { setMaxListeners } from 'node:events';
import {
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
import type { MakeSets } from '../set/set.js';
import { attemptWith } from './attempt.js';
import { batchSizeOf } from './batch-size.js';
import { breakerOf } from './breaker.js';
import { consequenceWith } from './consequence.js';
import type { Deliver, Endpoint } from './endpoint.js';
import { gateOf } from './gate.js';
import { lateAnswersFor } from './late-answers.js';
import { ledgerOf } from './ledger.js';
import { packerOf, type Shape } from './packer.js';
import { type EntryAgain, type Held, heldOf, type PackedBatch, type Source } from './parcel.js';
import { type GivenUp, parcelsWith } from './parcels.js';
import { readerOf } from './reader.js';
import { settlementOf } from './settlement.js';
import { standingOf } from './standing.js';
import type { EndpointStatus } from './status.js';
import { type Again, first, poll, type Trying } from './trying.js';

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

const pauseAfterFaultMs = 1000;

/**
 * Delivers to one endpoint what the journal has for it: read, select, make SETs, pack, attempt, settle.
 *
 * It reads no further ahead than a window of events, so memory is bounded however long the endpoint is down. Nothing
 * that happens in it reaches the host: what goes wrong with an event makes a record, what goes wrong otherwise a report.
 */
export function transmit(endpoint: Endpoint, deps: TransmitDeps): Transmission {
  const { journal, now, clock, random, report } = deps;
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
  const givenUp = new Subject<{ readonly held: Held; readonly source: Source; readonly why: GivenUp }>();
  const maxUnsettled = Math.max(1000, 4 * endpoint.concurrency * limits.maxEvents);
  const reader = readerOf(name, journal, maxUnsettled, clock);
  const size = batchSizeOf(limits.maxEvents);
  const parcelsOf = parcelsWith(endpoint, deps);
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
  const standing = standingOf(name, {
    now,
    report,
    onDisabled(reason) {
      closing.abort();
      deps.onDisabled(reason);
    },
  });
  const consequence = consequenceWith({
    endpoint: name,
    settlement,
    ledger,
    halve: packer.halve,
    send: (trying) => ready.next(trying),
    tell: (record) => records.next(record),
    now,
    clock,
    closing: closing.signal,
  });
  const attempt = attemptWith(endpoint, {
    gate: gateOf(breakerOf(endpoint.circuit, random), clock, closing.signal),
    size,
    standing,
    ledger,
    lateAnswers: lateAnswersFor(ledger, endpoint.retry, {
      ask: () => ready.next(poll),
      fault,
      closing: closing.signal,
    }),
    halve: packer.halve,
    send: (trying) => ready.next(trying),
    deliver: deps.deliver,
    follow: consequence.follow,
    now,
    clock,
    random,
    stopping: stopping.signal,
  });
  const underWay = new Set<Promise<unknown>>();
  let timed = -1;
  let draining = false;

  function fault(error: unknown): void {
    report('error', 'a fault in the delivery', { endpoint: name, error: String(error) });
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

  function pack(entries: readonly Held[], source: Source): void {
    // They stay unsettled, and come again at the next start.
    if (stopping.signal.aborted) return;
    const full: PackedBatch[] = [];
    const ended = { unwanted: [] as Held[], delivered: [] as Held[] };
    for (const held of entries) {
      const made = parcelsOf(held, source);
      if (made.end !== undefined) ended[made.end].push(held);
      for (const parcel of made.parcels) full.push(...packer.offer(parcel));
      for (const why of made.givenUp) givenUp.next({ held, source, why });
    }
    send(full);
    if (ended.unwanted.length > 0) source.settle(ended.unwanted, 'unwanted');
    if (ended.delivered.length > 0) source.settle(ended.delivered, 'delivered');
  }

  /** Whatever goes wrong with an attempt, the batch is not forgotten. */
  async function tried(trying: Trying): Promise<Again | undefined> {
    try {
      return await attempt(trying);
    } catch (error) {
      fault(error);
      return { again: trying, inMs: pauseAfterFaultMs };
    }
  }

  function tracked<T>(work: Promise<T>): Promise<T> {
    underWay.add(work);
    return work.finally(() => underWay.delete(work));
  }

  const afterPause = {
    delay(error: unknown) {
      fault(error);
      return timer(pauseAfterFaultMs);
    },
  };

  if (deps.isLive) {
    defer(() => from(reader.entries(closing.signal)))
      .pipe(
        map((entries) => pack(entries, reader)),
        retry(afterPause),
        takeUntil(stopped),
      )
      .subscribe({ error: fault });
  }

  // One that cannot be stored now is stored later: others go on meanwhile.
  givenUp
    .pipe(
      mergeMap(
        ({ held, source, why }) => defer(() => tracked(settlement.giveUp(held, source, why))).pipe(retry(afterPause)),
        endpoint.concurrency,
      ),
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
      mergeMap((trying) => tracked(tried(trying)), endpoint.concurrency),
      mergeMap((later) => (later === undefined ? EMPTY : timer(later.inMs).pipe(map(() => later.again)))),
      takeUntil(stopped),
    )
    .subscribe({ next: (again) => ready.next(again), error: fault });

  return {
    records: records.asObservable(),
    status: () => ({
      ...standing.current,
      ...(closing.signal.aborted && standing.current.state !== 'disabled' && { state: 'stopped' as const }),
      delivered: settlement.counts.delivered,
      retries: consequence.retries,
      dead: settlement.counts.dead,
      deadLetters: journal.deadLetters.count(name),
      unsettled: reader.unsettled,
      lag: {
        events: reader.lag,
        seconds: reader.oldestAt === undefined ? 0 : Math.max(0, Math.round((now() - reader.oldestAt) / 1000)),
      },
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
        pack(
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

import type { Subject } from 'rxjs';
import { deadIdOf } from '../journal/dead-letters.js';
import type { Journal } from '../journal/journal.js';
import type { DeliveryRecord } from '../schema-types.js';
import { type DeadWhy, letterOf } from './dead-letter.js';
import type { Held, Parcel, Source } from './parcel.js';
import type { GivenUp } from './parcels.js';
import { unsentRecord } from './record.js';

export interface SettlementDeps {
  readonly endpoint: string;
  readonly journal: Journal;
  readonly records: Subject<DeliveryRecord>;
  readonly hashUser: (userId: string) => string;
  /** Milliseconds. */
  readonly now: () => number;
  /** Steady, in milliseconds. */
  readonly clock: () => number;
  /** Told which parcels have come to their end: their lanes are free. */
  readonly onSettled: (parcels: readonly Parcel[]) => void;
}

/** What a SET ends in, and with the last of them its entry. */
export interface Settlement {
  readonly counts: { delivered: number; dead: number };
  /** An event that has no SET to send. */
  giveUp(held: Held, source: Source, why: GivenUp): Promise<void>;
  /** These have arrived; `told` is called once that is certain. */
  deliver(parcels: readonly Parcel[], told: () => void): Promise<void>;
  /** These are given up. What is given up is stored before it counts as done: a crash in between brings it back. */
  bury(parcels: readonly Parcel[], why: (parcel: Parcel) => DeadWhy, told: () => void): Promise<void>;
}

/** So many `jti`s are remembered of an entry: an event has a handful of SETs. */
const maxDone = 32;

export function settlementOf({
  endpoint,
  journal,
  records,
  hashUser,
  now,
  clock,
  onSettled,
}: SettlementDeps): Settlement {
  const counts = { delivered: 0, dead: 0 };
  const letter = (held: Held, jti: string, why: DeadWhy) => letterOf(endpoint, held, jti, why, { now, clock });

  /** A SET of an entry has come to its end; the entry has, once all of its SETs have: what it has come to. */
  function endOf(held: Held, jti: string, fate: 'delivered' | 'dead'): 'delivered' | 'dead' | undefined {
    held.unsettled -= 1;
    if (fate === 'dead') held.isDead = true;
    if (held.unsettled === 0) return held.isDead ? 'dead' : 'delivered';
    held.done = [...(held.done ?? []), jti].slice(-maxDone);
    return undefined;
  }

  function end(
    source: Source,
    some: readonly { readonly held: Held; readonly set: { readonly jti: string } }[],
    fate: 'delivered' | 'dead',
  ): void {
    const ended = { delivered: [] as Held[], dead: [] as Held[] };
    for (const { held, set } of some) {
      const outcome = endOf(held, set.jti, fate);
      if (outcome !== undefined) ended[outcome].push(held);
    }
    if (ended.dead.length > 0) source.settle(ended.dead, 'dead');
    if (ended.delivered.length > 0) source.settle(ended.delivered, 'delivered');
    if (ended.dead.length + ended.delivered.length < some.length) source.moved?.();
  }

  /** Nobody else may settle them meanwhile; where it fails they are as they were. */
  async function claimed(parcels: readonly Parcel[], work: () => Promise<void>): Promise<void> {
    for (const parcel of parcels) parcel.isSettled = true;
    try {
      await work();
    } catch (error) {
      for (const parcel of parcels) parcel.isSettled = false;
      throw error;
    }
  }

  function settle(parcels: readonly Parcel[], fate: 'delivered' | 'dead'): void {
    counts[fate] += parcels.length;
    for (const [source, some] of groupedBySource(parcels)) end(source, some, fate);
    onSettled(parcels);
  }

  /** What arrives after all is no dead letter any more; one that could not be made was kept under the event's id. */
  async function takeBack(parcels: readonly Parcel[]): Promise<void> {
    const again = parcels.filter(({ source }) => source.isAgain);
    if (again.length === 0 || journal.deadLetters.count(endpoint) === 0) return;
    const jtis = new Set(again.flatMap(({ set, held }) => [set.jti, held.event.id]));
    await journal.deadLetters.drop(Array.from(jtis, (jti) => deadIdOf(endpoint, jti)));
  }

  return {
    counts,
    async giveUp(held, source, { jti, ...why }) {
      await journal.deadLetters.bury([letter(held, jti, why)]);
      counts.dead += 1;
      records.next(unsentRecord(endpoint, held.event, jti, why, { hashUser, now }));
      end(source, [{ held, set: { jti } }], 'dead');
    },
    deliver: (parcels, told) =>
      claimed(parcels, async () => {
        await takeBack(parcels);
        told();
        settle(parcels, 'delivered');
      }),
    bury: (parcels, why, told) =>
      claimed(parcels, async () => {
        await journal.deadLetters.bury(parcels.map((parcel) => letter(parcel.held, parcel.set.jti, why(parcel))));
        told();
        settle(parcels, 'dead');
      }),
  };
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

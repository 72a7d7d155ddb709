import type { SetTried } from './decision.js';
import { batchOf } from './packer.js';
import type { PackedBatch, Parcel } from './parcel.js';

/** The SETs that an endpoint has been sent and has not answered yet, where it answers each by itself, now or later. */
export interface Ledger {
  sent(parcels: readonly Parcel[]): void;
  /** Those with this `jti`: more than one where the same SET is sent again for an operator as well. */
  of(jti: string): readonly Parcel[];
  /** What has been tried with one of them. */
  known(jti: string): SetTried | undefined;
  /** The receiver has taken these, and not said what of them. */
  leftOpen(parcels: readonly Parcel[]): void;
  /** How many it has taken so. */
  readonly open: number;
  settled(parcels: readonly Parcel[]): void;
}

/** @param clock steady, in milliseconds */
export function ledgerOf(clock: () => number): Ledger {
  const away = new Map<string, Set<Parcel>>();
  const open = new Set<Parcel>();
  const of = (jti: string): readonly Parcel[] => [...(away.get(jti) ?? [])];
  return {
    sent(parcels) {
      for (const parcel of parcels) {
        const same = away.get(parcel.set.jti);
        if (same === undefined) away.set(parcel.set.jti, new Set([parcel]));
        else same.add(parcel);
      }
    },
    of,
    known(jti) {
      const [first] = of(jti);
      return first && triedOf(first, clock());
    },
    leftOpen(parcels) {
      for (const parcel of parcels) open.add(parcel);
    },
    get open() {
      return open.size;
    },
    settled(parcels) {
      for (const parcel of parcels) {
        const same = away.get(parcel.set.jti);
        same?.delete(parcel);
        if (same?.size === 0) away.delete(parcel.set.jti);
        open.delete(parcel);
      }
    },
  };
}

/** @param at steady, in milliseconds */
export const triedOf = ({ tries: { attempts, firstAt } }: Parcel, at: number): SetTried => ({
  attempts,
  forMs: at - (firstAt ?? at),
});

/** What of a batch is not settled: the answer to another request may have settled some of it. */
export const unsettledOf = (batch: PackedBatch): PackedBatch =>
  batch.parcels.some(({ isSettled }) => isSettled)
    ? batchOf(batch.parcels.filter(({ isSettled }) => !isSettled))
    : batch;

import { hash } from 'node:crypto';
import type { Sealer, SecurityEventToken } from '../set/set.js';
import type { Format } from './formats/format.js';
import type { PackedBatch, Parcel } from './parcel.js';

/** What a request can hold, and how large it becomes. */
export interface Shape extends Pick<Format, 'isSingle' | 'isOrdered' | 'around'> {
  /** What a SET adds to a body, at most. */
  sizeOf(set: SecurityEventToken): number;
}

export const shapeOf = ({ isSingle, isOrdered, around, sizeOf }: Format, sealer?: Pick<Sealer, 'sizeOf'>): Shape => ({
  isSingle,
  isOrdered,
  around,
  sizeOf: (set) => sizeOf(set, sealer === undefined ? set.bytes : sealer.sizeOf(set.bytes)),
});

/** Size of the body with one SET in it, at most. */
export const bytesAlone = (set: SecurityEventToken, { around, sizeOf }: Shape): number => around + sizeOf(set);

/**
 * Packs parcels into batches. A parcel waits while an earlier one of its lane is on its way, so that no later event of
 * a subject overtakes an earlier one; it may join the batch that the earlier one still waits in, where a receiver takes its
 * SETs one after another. Pure: time is the caller's.
 */
export interface Packer {
  /** Takes a parcel; gives the batches that are full with it. */
  offer(parcel: Parcel): readonly PackedBatch[];
  /** Closes the open batch, whose time has come. */
  flush(): readonly PackedBatch[];
  /** These parcels of closed batches have been delivered or given up: what waited for their lanes is packed. */
  settle(parcels: readonly Parcel[]): readonly PackedBatch[];
  /**
   * Takes a closed batch of several apart: gives its two halves. What is in the second and of a lane of the first waits
   * for the first.
   */
  halve(batch: PackedBatch): readonly PackedBatch[];
  /** Whether a batch is open, and for how many flushes there has been one: a timer set for one must not close the next. */
  readonly open: { readonly size: number; readonly serial: number };
  /** Parcels that wait for their lane. */
  readonly held: number;
}

/** A lane with parcels on their way, and those that wait for them. */
interface Lane {
  away: number;
  readonly waiting: Parcel[];
}

/** Parcels as a batch. */
export const batchOf = (parcels: readonly Parcel[]): PackedBatch => ({
  id: batchIdOf(parcels.map(({ set }) => set.jti)),
  parcels,
});

/** @param limits asked anew for each parcel: `maxEvents` may change */
export function packerOf(
  { isSingle, isOrdered, around, sizeOf }: Shape,
  limits: { readonly maxEvents: number; readonly maxBytes: number },
): Packer {
  const lanes = new Map<string, Lane>();
  let held = 0;
  let open: Parcel[] = [];
  let openBytes = around;
  let serial = 0;

  function leave(parcel: Parcel): void {
    if (parcel.lane === undefined) return;
    const lane = lanes.get(parcel.lane);
    if (lane === undefined) lanes.set(parcel.lane, { away: 1, waiting: [] });
    else lane.away += 1;
  }

  function close(): PackedBatch[] {
    if (open.length === 0) return [];
    const batch = batchOf(open);
    open = [];
    openBytes = around;
    serial += 1;
    if (isOrdered) for (const parcel of batch.parcels) leave(parcel);
    return [batch];
  }

  /** False: the parcel waits, because one of its lane is on its way. */
  function waits(parcel: Parcel): boolean {
    const lane = parcel.lane === undefined ? undefined : lanes.get(parcel.lane);
    if (lane === undefined) return false;
    lane.waiting.push(parcel);
    held += 1;
    return true;
  }

  function offer(parcel: Parcel): PackedBatch[] {
    if (waits(parcel)) return [];
    const bytes = sizeOf(parcel.set);
    const closed = openBytes + bytes > limits.maxBytes ? close() : [];
    // The batch just closed may have taken the parcel's lane with it.
    if (closed.length > 0 && waits(parcel)) return closed;
    open.push(parcel);
    openBytes += bytes;
    if (!isOrdered) leave(parcel);
    const maxEvents = isSingle ? 1 : limits.maxEvents;
    return open.length >= maxEvents || openBytes >= limits.maxBytes ? [...closed, ...close()] : closed;
  }

  return {
    offer,
    flush: close,
    settle(parcels) {
      const freed: Parcel[] = [];
      for (const parcel of parcels) {
        const lane = parcel.lane === undefined ? undefined : lanes.get(parcel.lane);
        if (parcel.lane === undefined || lane === undefined) continue;
        lane.away -= 1;
        if (lane.away > 0) continue;
        lanes.delete(parcel.lane);
        freed.push(...lane.waiting);
      }
      held -= freed.length;
      return freed.sort((a, b) => a.held.offset - b.held.offset).flatMap(offer);
    },
    halve({ parcels }) {
      const middle = Math.ceil(parcels.length / 2);
      const first = parcels.slice(0, middle);
      const taken = new Set(first.map(({ lane }) => lane).filter((lane) => lane !== undefined));
      const second = parcels.slice(middle).filter(({ lane }) => lane === undefined || !taken.has(lane));
      const waiting = parcels.slice(middle).filter(({ lane }) => lane !== undefined && taken.has(lane));
      // From the last on, so that the first stands in front.
      for (const parcel of waiting.reverse()) {
        const lane = lanes.get(parcel.lane ?? '');
        if (lane === undefined) continue;
        lane.away -= 1;
        lane.waiting.unshift(parcel);
        held += 1;
      }
      return [first, second].filter((half) => half.length > 0).map(batchOf);
    },
    get open() {
      return { size: open.length, serial };
    },
    get held() {
      return held;
    },
  };
}

/** The same for the same SETs in the same order. */
export function batchIdOf(jtis: readonly string[]): string {
  return hash('sha256', jtis.join('\n'), 'hex').slice(0, 16);
}

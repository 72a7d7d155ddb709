import { createHash } from 'node:crypto';
import type { BatchLimits } from './endpoint.js';
import type { PackedBatch, Parcel } from './parcel.js';

/** Bytes around and between the SETs of a body. */
const framing = {
  single: { around: 0, each: 0 },
  array: { around: 1, each: 1 },
  ndjson: { around: 0, each: 1 },
} as const satisfies Record<BatchLimits['format'], { around: number; each: number }>;

/** Size of the body with one SET in it. */
export const bytesAlone = (bytes: number, format: BatchLimits['format']): number =>
  bytes + framing[format].around + framing[format].each;

/**
 * Packs parcels into batches. A parcel waits while an earlier one of its lane is on its way, so that no later event of
 * a subject overtakes an earlier one; it may join the batch that the earlier one still waits in. Pure: time is the caller's.
 */
export interface Packer {
  /** Takes a parcel; gives the batches that are full with it. */
  offer(parcel: Parcel): readonly PackedBatch[];
  /** Closes the open batch, whose time has come. */
  flush(): readonly PackedBatch[];
  /** A batch has been delivered or given up: what waited for its lanes is packed. */
  settle(batch: PackedBatch): readonly PackedBatch[];
  /** Whether a batch is open, and for how many flushes there has been one: a timer set for one must not close the next. */
  readonly open: { readonly size: number; readonly serial: number };
  /** Parcels that wait for their lane. */
  readonly held: number;
}

export function packerOf(limits: Pick<BatchLimits, 'format' | 'maxEvents' | 'maxBytes'>): Packer {
  const maxEvents = limits.format === 'single' ? 1 : limits.maxEvents;
  const { around, each } = framing[limits.format];
  /** Lanes with a batch on its way, and the parcels that wait for it. */
  const lanes = new Map<string, Parcel[]>();
  let held = 0;
  let open: Parcel[] = [];
  let openBytes = around;
  let serial = 0;

  function close(): PackedBatch[] {
    if (open.length === 0) return [];
    const parcels = open;
    open = [];
    openBytes = around;
    serial += 1;
    for (const { lane } of parcels) if (lane !== undefined && !lanes.has(lane)) lanes.set(lane, []);
    return [{ id: batchIdOf(parcels.map(({ set }) => set.jti)), parcels }];
  }

  /** False: the parcel waits, because one of its lane is on its way. */
  function waits(parcel: Parcel): boolean {
    const waiting = parcel.lane === undefined ? undefined : lanes.get(parcel.lane);
    if (waiting === undefined) return false;
    waiting.push(parcel);
    held += 1;
    return true;
  }

  function offer(parcel: Parcel): PackedBatch[] {
    if (waits(parcel)) return [];
    const bytes = parcel.set.bytes + each;
    const closed = openBytes + bytes > limits.maxBytes ? close() : [];
    // The batch just closed may have taken the parcel's lane with it.
    if (closed.length > 0 && waits(parcel)) return closed;
    open.push(parcel);
    openBytes += bytes;
    return open.length >= maxEvents || openBytes >= limits.maxBytes ? [...closed, ...close()] : closed;
  }

  return {
    offer,
    flush: close,
    settle(batch) {
      const waited: Parcel[] = [];
      for (const { lane } of batch.parcels) {
        if (lane === undefined) continue;
        waited.push(...(lanes.get(lane) ?? []));
        lanes.delete(lane);
      }
      held -= waited.length;
      return waited.sort((a, b) => a.offset - b.offset).flatMap(offer);
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
  return createHash('sha256').update(jtis.join('\n')).digest('hex').slice(0, 16);
}

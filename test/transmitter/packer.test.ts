import { expect } from 'chai';
import type { BatchLimits } from '../../src/transmitter/endpoint.js';
import { batchIdOf, bytesAlone, packerOf as packerWith, shapeOf } from '../../src/transmitter/packer.js';
import { heldOf, laneOf, type PackedBatch, type Parcel } from '../../src/transmitter/parcel.js';
import { formatOf } from '../../src/transmitter/request.js';
import { identityEvent } from '../support/events.js';
import { seeded } from './seeded.js';

const roomy = { format: 'array', maxEvents: 100, maxBytes: 1_000_000 } as const;
const formatBy = (format: BatchLimits['format']) =>
  formatOf({ delivery: 'webhook', wire: 'draft-02', batch: { format } }, false);
const packerOf = (limits: Pick<BatchLimits, 'format' | 'maxEvents' | 'maxBytes'>) =>
  packerWith(shapeOf(formatBy(limits.format)), limits);
const limitsOf = (limits: Partial<BatchLimits>) => ({ ...roomy, ...limits });

const source = { settle: () => undefined };

/** @param bytes length of the SET's text */
function parcel(offset: number, lane?: string, bytes = 10): Parcel {
  const set = { jti: `j${offset}`, eventType: 'login.success', eventTypeUri: 'u', text: 'x'.repeat(bytes), bytes };
  const held = heldOf({ offset, event: identityEvent('login.success') });
  return { held, source, set, tries: held.tries, lane, user: undefined, isSettled: false };
}

const offsetsOf = (batches: readonly PackedBatch[]) =>
  batches.map(({ parcels }) => parcels.map(({ held }) => held.offset));

function only(batches: readonly PackedBatch[]): PackedBatch {
  expect(batches).to.have.lengthOf(1);
  return batches[0] as PackedBatch;
}

const bodyOf = ({ parcels }: PackedBatch, format: BatchLimits['format']): Buffer =>
  Buffer.from(formatBy(format).bodyOf(parcels.map(({ set }) => ({ ...set, time: 0, sent: set.text }))));

describe('the packer', () => {
  describe('halves a batch', () => {
    const batchOf = (lanes: readonly (string | undefined)[]) => {
      const packer = packerOf(limitsOf({ maxEvents: lanes.length }));
      return { packer, batch: only(lanes.flatMap((lane, index) => packer.offer(parcel(index + 1, lane)))) };
    };

    it('in the middle, the first half being the larger', () => {
      const { packer, batch } = batchOf([undefined, undefined, 'ann', 'ben', 'cid']);
      expect(offsetsOf(packer.halve(batch))).to.deep.equal([
        [1, 2, 3],
        [4, 5],
      ]);
      expect(packer.held).to.equal(0);
    });

    it('so that who is in both waits for the first, before what came later', () => {
      const { packer, batch } = batchOf(['ann', 'ben', 'ann', 'cid', 'ann']);
      packer.offer(parcel(6, 'ann'));
      const [first, second] = packer.halve(batch);
      expect(offsetsOf([first, second] as PackedBatch[])).to.deep.equal([[1, 2, 3], [4]]);
      expect(packer.held).to.equal(2);
      packer.settle(second?.parcels ?? []);
      expect(packer.held).to.equal(2);
      packer.settle(first?.parcels ?? []);
      expect(offsetsOf(packer.flush())).to.deep.equal([[5, 6]]);
    });

    it('into one where all are about the same', () => {
      const { packer, batch } = batchOf(['ann', 'ann', 'ann', 'ann']);
      const half = only(packer.halve(batch));
      expect(offsetsOf([half])).to.deep.equal([[1, 2]]);
      const quarter = only(packer.halve(half));
      expect(offsetsOf([quarter])).to.deep.equal([[1]]);
      packer.settle(quarter.parcels);
      expect(offsetsOf(packer.flush())).to.deep.equal([[2, 3, 4]]);
    });
  });

  describe('where the SETs of a request have no order', () => {
    const unordered = (maxEvents: number) =>
      packerWith(shapeOf(formatOf({ delivery: 'multi-push', wire: 'draft-02', batch: { format: 'single' } }, true)), {
        maxEvents,
        maxBytes: 1_000_000,
      });

    it('puts one of a lane into it, and the next into a later one, once that is settled', () => {
      const packer = unordered(10);
      const offered = [parcel(1, 'ann'), parcel(2, 'ann'), parcel(3, 'ben'), parcel(4, 'ann'), parcel(5), parcel(6)];
      expect(offered.flatMap((each) => packer.offer(each))).to.deep.equal([]);
      const batch = only(packer.flush());
      expect(offsetsOf([batch])).to.deep.equal([[1, 3, 5, 6]]);
      expect(packer.held).to.equal(2);
      packer.settle(batch.parcels.slice(1));
      expect(packer.flush(), 'the first of the lane is not answered').to.deep.equal([]);
      packer.settle(batch.parcels.slice(0, 1));
      expect(offsetsOf(packer.flush())).to.deep.equal([[2]]);
    });

    it('halves it without anybody having to wait', () => {
      const packer = unordered(4);
      const lanes = ['ann', 'ben', undefined, 'cid'];
      const batch = only(lanes.flatMap((lane, index) => packer.offer(parcel(index + 1, lane))));
      expect(offsetsOf(packer.halve(batch))).to.deep.equal([
        [1, 2],
        [3, 4],
      ]);
      expect(packer.held).to.equal(0);
    });
  });

  it('keeps to a limit that changes', () => {
    const limits = { maxEvents: 3, maxBytes: 1_000_000 };
    const packer = packerWith(shapeOf(formatBy('array')), limits);
    expect(offsetsOf([1, 2, 3].flatMap((offset) => packer.offer(parcel(offset))))).to.deep.equal([[1, 2, 3]]);
    limits.maxEvents = 2;
    expect(offsetsOf([4, 5].flatMap((offset) => packer.offer(parcel(offset))))).to.deep.equal([[4, 5]]);
  });

  it('counts a SET as large as it will be when it is sealed', () => {
    const sealer = { sizeOf: (bytes: number) => 2 * bytes };
    const shape = shapeOf(formatBy('ndjson'), sealer);
    const { set } = parcel(1, undefined, 10);
    expect(bytesAlone(set, shape)).to.equal(21);
  });

  describe('closes a batch', () => {
    it('when it has as many events as it may', () => {
      const packer = packerOf(limitsOf({ maxEvents: 3 }));
      expect(offsetsOf([1, 2].flatMap((offset) => packer.offer(parcel(offset))))).to.deep.equal([]);
      expect(packer.open.size).to.equal(2);
      expect(offsetsOf(packer.offer(parcel(3)))).to.deep.equal([[1, 2, 3]]);
      expect(packer.open.size).to.equal(0);
    });

    it('after each event where the format is single', () => {
      const packer = packerOf(limitsOf({ format: 'single', maxEvents: 50 }));
      expect(offsetsOf(packer.offer(parcel(1)))).to.deep.equal([[1]]);
      expect(offsetsOf(packer.offer(parcel(2)))).to.deep.equal([[2]]);
    });

    it('when its time has come', () => {
      const packer = packerOf(roomy);
      packer.offer(parcel(1));
      packer.offer(parcel(2));
      expect(offsetsOf(packer.flush())).to.deep.equal([[1, 2]]);
      expect(packer.flush(), 'there is no open one any more').to.deep.equal([]);
    });

    // Three SETs of 10 bytes: [aaaaaaaaaa,aaaaaaaaaa,aaaaaaaaaa] is 34 bytes, three lines are 33.
    const sizes = [
      { format: 'array', exact: 34 },
      { format: 'ndjson', exact: 33 },
    ] as const;
    for (const { format, exact } of sizes) {
      it(`when its whole body is full (${format})`, () => {
        const packer = packerOf(limitsOf({ format, maxBytes: exact }));
        expect([1, 2].flatMap((offset) => packer.offer(parcel(offset)))).to.deep.equal([]);
        const full = only(packer.offer(parcel(3)));
        expect(bodyOf(full, format)).to.have.lengthOf(exact);
      });

      it(`before the event that would make its body a byte too large (${format})`, () => {
        const packer = packerOf(limitsOf({ format, maxBytes: exact - 1 }));
        expect([1, 2].flatMap((offset) => packer.offer(parcel(offset)))).to.deep.equal([]);
        expect(offsetsOf(packer.offer(parcel(3)))).to.deep.equal([[1, 2]]);
        expect(packer.open.size, 'the third waits in the next').to.equal(1);
      });

      it(`twice, where an event closes the open one and fills the next (${format})`, () => {
        const packer = packerOf(limitsOf({ format, maxBytes: exact }));
        packer.offer(parcel(1));
        expect(offsetsOf(packer.offer(parcel(2, undefined, exact - (format === 'array' ? 2 : 1))))).to.deep.equal([
          [1],
          [2],
        ]);
      });
    }

    for (const format of ['single', 'array', 'ndjson'] as const) {
      it(`never with a body larger than it may be, and never an early one (${format})`, () => {
        const random = seeded(7);
        const maxBytes = 400;
        const packer = packerOf(limitsOf({ format, maxBytes, maxEvents: 1000 }));
        const batches: PackedBatch[] = [];
        for (let offset = 1; offset <= 500; offset += 1) {
          batches.push(...packer.offer(parcel(offset, undefined, 1 + Math.floor(random() * 200))));
        }
        batches.push(...packer.flush());
        expect(offsetsOf(batches).flat()).to.deep.equal(Array.from({ length: 500 }, (_, index) => index + 1));
        for (const [index, batch] of batches.entries()) {
          expect(bodyOf(batch, format).length).to.be.at.most(maxBytes);
          const following = batches[index + 1]?.parcels[0];
          if (format === 'single' || following === undefined) continue;
          const larger = { ...batch, parcels: [...batch.parcels, following] };
          const full = bodyOf(batch, format).length === maxBytes;
          expect(full || bodyOf(larger, format).length > maxBytes, `batch ${index} had room`).to.equal(true);
        }
      });

      it(`knows how large a body with one SET is (${format})`, () => {
        const alone = { id: 'b', parcels: [parcel(1, undefined, 33)] };
        expect(bytesAlone(parcel(1, undefined, 33).set, shapeOf(formatBy(format)))).to.equal(
          bodyOf(alone, format).length,
        );
      });
    }
  });

  it('counts the batches, so that the time of one does not close the next', () => {
    const packer = packerOf(limitsOf({ maxEvents: 2 }));
    packer.offer(parcel(1));
    const { serial } = packer.open;
    packer.offer(parcel(2));
    packer.offer(parcel(3));
    expect(packer.open.size).to.equal(1);
    expect(packer.open.serial).to.not.equal(serial);
    packer.offer(parcel(4));
    expect(packer.open.serial).to.equal(serial + 2);
  });

  it('leaves the count as it is where there is nothing to close', () => {
    const packer = packerOf(roomy);
    const { serial } = packer.open;
    packer.flush();
    expect(packer.open).to.deep.equal({ size: 0, serial });
  });

  describe('lanes', () => {
    it('let a parcel join the open batch in which an earlier one of its lane waits', () => {
      const packer = packerOf(roomy);
      for (const offset of [1, 2, 3]) packer.offer(parcel(offset, 'ann'));
      expect(packer.held).to.equal(0);
      expect(offsetsOf(packer.flush())).to.deep.equal([[1, 2, 3]]);
    });

    it('hold a parcel while an earlier one of its lane is on its way', () => {
      const packer = packerOf(roomy);
      packer.offer(parcel(1, 'ann'));
      const underWay = only(packer.flush());
      packer.offer(parcel(2, 'ann'));
      packer.offer(parcel(3, 'ben'));
      expect(packer.held).to.equal(1);
      expect(offsetsOf(packer.flush()), 'ben goes on').to.deep.equal([[3]]);
      expect(packer.settle(underWay.parcels)).to.deep.equal([]);
      expect(packer.held).to.equal(0);
      expect(offsetsOf(packer.flush())).to.deep.equal([[2]]);
    });

    it('are free again when their batch is settled', () => {
      const packer = packerOf(roomy);
      packer.offer(parcel(1, 'ann'));
      packer.settle(only(packer.flush()).parcels);
      packer.offer(parcel(2, 'ann'));
      expect(packer.held).to.equal(0);
      expect(packer.open.size).to.equal(1);
    });

    it('do not hold parcels about nobody', () => {
      const packer = packerOf(limitsOf({ maxEvents: 1 }));
      expect(offsetsOf([1, 2, 3].flatMap((offset) => packer.offer(parcel(offset))))).to.deep.equal([[1], [2], [3]]);
    });

    it('hold what a batch closed by its size took the lane of', () => {
      const packer = packerOf(limitsOf({ maxBytes: 30 }));
      packer.offer(parcel(1, 'ann', 15));
      const closed = only(packer.offer(parcel(2, 'ann', 15)));
      expect(offsetsOf([closed])).to.deep.equal([[1]]);
      expect(packer.open.size).to.equal(0);
      expect(packer.held).to.equal(1);
      expect(packer.settle(closed.parcels)).to.deep.equal([]);
      expect(offsetsOf(packer.flush())).to.deep.equal([[2]]);
    });

    it('let what waited go in the order of the journal, lanes mixed', () => {
      const packer = packerOf(limitsOf({ maxEvents: 2 }));
      packer.offer(parcel(1, 'ann'));
      const both = only(packer.offer(parcel(2, 'ben')));
      for (const [offset, lane] of [
        [3, 'ben'],
        [4, 'ann'],
        [5, 'ben'],
        [6, 'ann'],
      ] as const) {
        expect(packer.offer(parcel(offset, lane))).to.deep.equal([]);
      }
      expect(packer.held).to.equal(4);
      const next = packer.settle(both.parcels);
      expect(offsetsOf(next), 'the second two wait for the first two').to.deep.equal([[3, 4]]);
      expect(packer.held).to.equal(2);
      expect(offsetsOf(packer.settle(only(next).parcels))).to.deep.equal([[5, 6]]);
      expect(packer.held).to.equal(0);
    });

    it('keep the order when one lane has more than a batch waiting', () => {
      const packer = packerOf(limitsOf({ maxEvents: 2 }));
      const sent: PackedBatch[] = [];
      for (let offset = 1; offset <= 7; offset += 1) sent.push(...packer.offer(parcel(offset, 'ann')));
      expect(offsetsOf(sent)).to.deep.equal([[1, 2]]);
      for (let index = 0; index < 3; index += 1) sent.push(...packer.settle((sent[index] as PackedBatch).parcels));
      sent.push(...packer.flush());
      expect(offsetsOf(sent)).to.deep.equal([[1, 2], [3, 4], [5, 6], [7]]);
    });

    it('are free only when all of them on their way are settled', () => {
      const packer = packerOf(roomy);
      for (const offset of [1, 2]) packer.offer(parcel(offset, 'ann'));
      const { parcels } = only(packer.flush());
      packer.offer(parcel(3, 'ann'));
      packer.settle(parcels.slice(0, 1));
      expect(packer.held).to.equal(1);
      packer.settle(parcels.slice(1));
      expect(packer.held).to.equal(0);
    });

    it('never have two batches on their way, whatever happens in whichever order', () => {
      for (let seed = 1; seed <= 50; seed += 1) {
        const random = seeded(seed);
        const packer = packerOf(limitsOf({ maxEvents: 3, maxBytes: 60 }));
        const underWay: PackedBatch[] = [];
        const arrived = new Map<string, number[]>();
        const send = (batches: readonly PackedBatch[]): void => {
          for (const batch of batches) {
            const lanes = underWay.flatMap(({ parcels }) => parcels.map(({ lane }) => lane));
            for (const { lane } of batch.parcels) expect(lanes, `seed ${seed}`).to.not.include(lane);
            underWay.push(batch);
          }
        };
        const settleOne = (): void => {
          const [batch] = underWay.splice(Math.floor(random() * underWay.length), 1);
          if (batch === undefined) return;
          const chance = batch.parcels.length > 1 ? random() : 1;
          if (chance < 0.3) {
            send(packer.halve(batch));
          } else if (chance < 0.5) {
            underWay.push({ id: 'rest', parcels: batch.parcels.slice(1) });
            settleParcels(batch.parcels.slice(0, 1));
          } else {
            settleParcels(batch.parcels);
          }
        };
        const settleParcels = (parcels: readonly Parcel[]): void => {
          for (const { lane, held } of parcels)
            arrived.set(lane ?? '', [...(arrived.get(lane ?? '') ?? []), held.offset]);
          send(packer.settle(parcels));
        };
        for (let offset = 1; offset <= 200; offset += 1) {
          send(packer.offer(parcel(offset, `lane ${Math.floor(random() * 6)}`, 1 + Math.floor(random() * 50))));
          if (random() < 0.2) send(packer.flush());
          if (random() < 0.4) settleOne();
        }
        while (underWay.length > 0 || packer.open.size > 0) {
          send(packer.flush());
          settleOne();
        }
        expect(packer.held, `seed ${seed}`).to.equal(0);
        expect([...arrived.values()].flat(), `seed ${seed}`).to.have.lengthOf(200);
        for (const offsets of arrived.values()) {
          expect(offsets, `seed ${seed}`).to.deep.equal([...offsets].sort((a, b) => a - b));
        }
      }
    });
  });

  describe('the id of a batch', () => {
    it('is the same for the same SETs in the same order', () => {
      expect(batchIdOf(['a', 'b'])).to.equal(batchIdOf(['a', 'b']));
      expect(batchIdOf(['a', 'b'])).to.match(/^[0-9a-f]{16}$/);
    });

    it('is another for others, for another order and for another division', () => {
      const ids = [['a', 'b'], ['b', 'a'], ['a'], ['ab'], ['a', 'b', 'c']].map(batchIdOf);
      expect(new Set(ids)).to.have.lengthOf(5);
    });

    it('comes from the jti of its SETs', () => {
      const packer = packerOf(limitsOf({ maxEvents: 2 }));
      packer.offer(parcel(1));
      expect(only(packer.offer(parcel(2))).id).to.equal(batchIdOf(['j1', 'j2']));
    });
  });
});

describe('laneOf', () => {
  const bare = { id: 'e', type: 'login.success', time: 0, acceptedAt: 0 };
  const cases: { title: string; event: Parameters<typeof laneOf>[0]; lane: string | undefined }[] = [
    {
      title: 'the user, before the session and the client',
      event: identityEvent('login.success'),
      lane: 'user d4002616-f00c-49d5-b9b7-63b063819049',
    },
    {
      title: 'the user name',
      event: { ...bare, user: { username: 'ann' }, session: { id: 's' } },
      lane: 'username ann',
    },
    {
      title: 'the session',
      event: { ...bare, session: { id: 's' }, application: { clientId: 'c' } },
      lane: 'session s',
    },
    {
      title: 'the first of several sessions',
      event: { ...bare, sessions: [{ id: 's1' }, { id: 's2' }] },
      lane: 'session s1',
    },
    { title: 'the client', event: { ...bare, application: { clientId: 'c' } }, lane: 'client c' },
    { title: 'nobody', event: bare, lane: undefined },
  ];
  for (const { title, event, lane } of cases) {
    it(`is ${title}`, () => expect(laneOf(event)).to.equal(lane));
  }
});

import { expect } from 'chai';
import { embeddedJournal } from '../../src/journal/embedded.js';
import type { Journal, JournalLoss, Position, Retention } from '../../src/journal/journal.js';
import { appendEvent } from '../support/append-event.js';
import { identityEvent } from '../support/events.js';
import { type Workplace, workplace } from '../support/settings.js';

const never = new AbortController().signal;
const boundless: Retention = {
  maxAgeMs: Number.POSITIVE_INFINITY,
  maxBytes: Number.POSITIVE_INFINITY,
  hardLimitBytes: Number.POSITIVE_INFINITY,
  hardLimitEvents: Number.POSITIVE_INFINITY,
  removedReaderMs: Number.POSITIVE_INFINITY,
};

/** All events of one length, so that sizes can be counted in events; the n-th was accepted at n seconds. */
const eventOf = (n: number) =>
  identityEvent('login.success', { id: `e${String(n).padStart(6, '0')}`, acceptedAt: 1_000_000_000_000 + n * 1000 });
const at = (n: number): number => eventOf(n).acceptedAt;
const size = JSON.stringify(eventOf(0)).length;

describe('the retention of a journal', () => {
  let place: Workplace;
  let journal: Journal;

  beforeEach(() => {
    place = workplace();
    journal = embeddedJournal({ dataDir: place.path('data'), durability: 'commit', report: () => undefined });
  });
  afterEach(async () => {
    await journal.close();
    place.remove();
  });

  const append = (count: number): Promise<unknown> => {
    const { end } = journal;
    return Promise.all(Array.from({ length: count }, (_, n) => appendEvent(journal, eventOf(end + n))));
  };
  const offsets = async (): Promise<number[]> =>
    (await journal.read(1, Number.MAX_SAFE_INTEGER)).map(({ offset }) => offset);
  const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);

  /** Moves a reader, as one that reads does. */
  async function move(reader: string, next: number, pending: readonly number[] = []): Promise<void> {
    if (!journal.isLed) await journal.lead(never);
    const position: Position = { next, pending: pending.map((offset) => ({ offset, attempts: 1, forMs: 5 })) };
    const track = journal.track(reader, () => position);
    await track.stored();
    track.end();
  }

  async function retain(limits: Partial<Retention>, now = at(1000)): Promise<Record<string, number[]>> {
    const losses = await journal.retain({ ...boundless, ...limits }, now);
    return lostIn(losses);
  }

  function lostIn(losses: readonly JournalLoss[]): Record<string, number[]> {
    const lost: Record<string, number[]> = {};
    for (const { reader, entries } of losses)
      lost[reader] = [...(lost[reader] ?? []), ...entries.map(({ offset }) => offset)];
    return lost;
  }

  describe('by age', () => {
    it('forgets the ids of what it lets go of, and of nothing else', async () => {
      await journal.open('crm');
      for (const n of [1, 2, 3]) await appendEvent(journal, eventOf(n), { once: true });
      await move('crm', 4);
      await retain({ maxAgeMs: 2000 }, at(4));
      expect([1, 2, 3].map((n) => journal.holds(eventOf(n).id))).to.deep.equal([false, true, true]);
      expect(await appendEvent(journal, eventOf(1), { once: true })).to.equal(4);
      expect(await appendEvent(journal, eventOf(2), { once: true })).to.equal(2);
    });

    it('lets go of what everybody has finished and is older', async () => {
      await journal.open('crm');
      await append(10);
      await move('crm', 11);
      expect(await retain({ maxAgeMs: 5000 }, at(10))).to.deep.equal({});
      expect(await offsets()).to.deep.equal(range(5, 10));
    });

    it('keeps what somebody has not finished, however old it is', async () => {
      await journal.open('crm');
      await journal.open('siem');
      await append(10);
      await move('crm', 11);
      await move('siem', 4);
      expect(await retain({ maxAgeMs: 0 })).to.deep.equal({});
      expect(await offsets()).to.deep.equal(range(4, 10));
    });

    it('keeps what somebody is at, and lets go of what stands around it', async () => {
      await journal.open('crm');
      await append(10);
      await move('crm', 11, [3, 7]);
      expect(await retain({ maxAgeMs: 0 })).to.deep.equal({});
      expect(await offsets()).to.deep.equal([3, 7]);
      await move('crm', 11, [7]);
      await retain({ maxAgeMs: 0 });
      expect(await offsets()).to.deep.equal([7]);
    });

    it('is counted without readers, too', async () => {
      await append(10);
      expect(await retain({ maxAgeMs: 5000 }, at(10))).to.deep.equal({});
      expect(await offsets()).to.deep.equal(range(5, 10));
    });

    it('lets go of many thousands in pieces', async () => {
      await journal.open('crm');
      await append(4500);
      await move('crm', 4501, [2222]);
      expect(await retain({ maxAgeMs: 0 }, at(4501))).to.deep.equal({});
      expect(await offsets()).to.deep.equal([2222]);
      expect(journal.status).to.deep.equal({ events: 1, bytes: size });
    });
  });

  describe('by size', () => {
    it('lets go of the oldest that everybody has finished', async () => {
      await journal.open('crm');
      await append(10);
      await move('crm', 11);
      expect(await retain({ maxBytes: 4 * size })).to.deep.equal({});
      expect(await offsets()).to.deep.equal(range(7, 10));
      expect(journal.status).to.deep.equal({ events: 4, bytes: 4 * size });
    });

    it('lets go of nothing that fits exactly', async () => {
      await journal.open('crm');
      await append(4);
      await move('crm', 5);
      await retain({ maxBytes: 4 * size });
      expect(await offsets()).to.deep.equal(range(1, 4));
    });

    it('keeps what somebody has not finished, however much it is', async () => {
      await journal.open('crm');
      await append(10);
      await move('crm', 8, [2]);
      expect(await retain({ maxBytes: size })).to.deep.equal({});
      expect(await offsets()).to.deep.equal([2, 8, 9, 10]);
    });
  });

  describe('past the hard limit', () => {
    it('drops the oldest, and says which were lost', async () => {
      await journal.open('crm');
      await append(10);
      expect(await retain({ hardLimitBytes: 4 * size })).to.deep.equal({ crm: range(1, 6) });
      expect(await offsets()).to.deep.equal(range(7, 10));
      expect(journal.position('crm').next).to.equal(7);
    });

    it('hands over the events that were lost', async () => {
      await journal.open('crm');
      await append(3);
      const [loss] = await journal.retain({ ...boundless, hardLimitBytes: 2 * size }, at(10));
      expect(loss?.entries).to.deep.equal([{ offset: 1, event: eventOf(1) }]);
    });

    it('tells each reader of exactly what it had not begun', async () => {
      for (const reader of ['behind', 'between', 'ahead', 'beyond']) await journal.open(reader);
      await append(10);
      await move('between', 4);
      await move('ahead', 7);
      await move('beyond', 11);
      expect(await retain({ hardLimitBytes: 4 * size })).to.deep.equal({ behind: range(1, 6), between: range(4, 6) });
      const positions = ['behind', 'between', 'ahead', 'beyond'].map((reader) => journal.position(reader).next);
      expect(positions).to.deep.equal([7, 7, 7, 11]);
    });

    it('keeps what a reader is at: that is not lost', async () => {
      await journal.open('crm');
      await append(10);
      await move('crm', 4, [2]);
      expect(await retain({ hardLimitBytes: 4 * size })).to.deep.equal({ crm: range(4, 7) });
      expect((await journal.entries([2, 3])).map(({ offset }) => offset)).to.deep.equal([2]);
      expect(await offsets()).to.deep.equal([8, 9, 10]);
      expect(journal.position('crm')).to.deep.equal({ next: 8, pending: [{ offset: 2, attempts: 1, forMs: 5 }] });
    });

    it('says each loss once', async () => {
      await journal.open('crm');
      await append(10);
      await retain({ hardLimitBytes: 4 * size });
      expect(await retain({ hardLimitBytes: 4 * size })).to.deep.equal({});
      await append(1);
      expect(await retain({ hardLimitBytes: 4 * size })).to.deep.equal({ crm: [7] });
    });

    it('says all of a loss of thousands', async () => {
      await journal.open('crm');
      await append(3500);
      expect(await retain({ hardLimitBytes: 100 * size })).to.deep.equal({ crm: range(1, 3400) });
    });

    it('keeps the newest, however large it is', async () => {
      await journal.open('crm');
      await append(3);
      expect(await retain({ hardLimitBytes: 1 })).to.deep.equal({ crm: [1, 2] });
      expect(await offsets()).to.deep.equal([3]);
    });

    it('counts events as well', async () => {
      await journal.open('crm');
      await append(5);
      expect(await retain({ hardLimitEvents: 3 })).to.deep.equal({ crm: [1, 2] });
    });

    it('moves what a reader has lost only: what is new still comes to it', async () => {
      await journal.open('crm');
      await append(5);
      await retain({ hardLimitEvents: 2 });
      await append(1);
      const read = await journal.read(journal.position('crm').next, 100);
      expect(read.map(({ offset }) => offset)).to.deep.equal([4, 5, 6]);
    });
  });

  describe('of a reader that is gone from the config', () => {
    it('keeps what it has not finished until its time is over, and loses nothing then', async () => {
      await journal.open('crm');
      await journal.open('old');
      await append(5);
      await move('crm', 6);
      await journal.configured(['crm'], at(10));
      expect(await retain({ maxAgeMs: 0, removedReaderMs: 3000 }, at(12))).to.deep.equal({});
      expect(await offsets()).to.deep.equal(range(1, 5));
      expect(await retain({ maxAgeMs: 0, removedReaderMs: 3000 }, at(13))).to.deep.equal({});
      expect(await offsets()).to.deep.equal([]);
      expect(journal.readers().map(({ reader }) => reader)).to.deep.equal(['crm']);
    });

    it('leaves it where it was if it comes back in time', async () => {
      await journal.open('old');
      await append(5);
      await journal.configured([], at(10));
      await journal.configured(['old'], at(11));
      await retain({ maxAgeMs: 0, removedReaderMs: 3000 }, at(20));
      expect(journal.position('old').next).to.equal(1);
      expect(await offsets()).to.deep.equal(range(1, 5));
    });
  });

  it('never gives an offset again, even where nothing is left', async () => {
    await append(3);
    await retain({ maxAgeMs: 0 });
    expect(await offsets()).to.deep.equal([]);
    expect(await appendEvent(journal, eventOf(9))).to.equal(4);
  });

  it('lasts beyond the process', async () => {
    await journal.open('crm');
    await append(10);
    await move('crm', 3);
    await retain({ hardLimitBytes: 4 * size, maxAgeMs: 0 });
    await journal.close();
    journal = embeddedJournal({ dataDir: place.path('data'), durability: 'commit', report: () => undefined });
    expect(await offsets()).to.deep.equal(range(7, 10));
    expect(journal.position('crm').next).to.equal(7);
    expect(journal.status).to.deep.equal({ events: 4, bytes: 4 * size });
  });
});

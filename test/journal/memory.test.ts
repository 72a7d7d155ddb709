import { expect } from 'chai';
import type { JournalLoss } from '../../src/journal/journal.js';
import { type MemoryLimits, memoryJournal } from '../../src/journal/memory.js';
import { appendEvent } from '../support/append-event.js';
import { identityEvent } from '../support/events.js';
import { describeJournal } from './journal.contract.js';

const roomy: MemoryLimits = { maxEvents: 10_000, maxBytes: 16 * 1024 * 1024 };

/** All events of one length, so that sizes can be counted in events. */
const eventOf = (number: number) => identityEvent('login.success', { id: `e${String(number).padStart(6, '0')}` });
const size = JSON.stringify(eventOf(0)).length;

function journalWith(limits: Partial<MemoryLimits>) {
  const losses: JournalLoss[] = [];
  const journal = memoryJournal({ ...roomy, ...limits }, (loss) => losses.push(loss));
  return {
    journal,
    /** Moves a reader, as one that reads does. */
    async move(reader: string, next: number) {
      const track = journal.track(reader, () => ({ next, pending: [] }));
      await track.stored();
      track.end();
    },
    losses: () => losses.map(({ reader, entries }) => ({ reader, offsets: entries.map(({ offset }) => offset) })),
    async append(count: number) {
      for (let number = 0; number < count; number += 1) await appendEvent(journal, eventOf(journal.end));
    },
    offsets: async () => (await journal.read(1, Number.MAX_SAFE_INTEGER)).map(({ offset }) => offset),
  };
}

describe('the journal in memory', () => {
  describeJournal('as a journal', () => memoryJournal(roomy, () => expect.fail('nothing may be lost here')));

  it('keeps nothing without readers, and counts on', async () => {
    const { journal, losses, append, offsets } = journalWith({ maxEvents: 2 });
    await append(5);
    expect(journal.end).to.equal(6);
    expect(await offsets()).to.deep.equal([]);
    expect(losses(), 'nobody has lost anything').to.deep.equal([]);
    await journal.open('crm');
    await append(1);
    expect(await offsets()).to.deep.equal([6]);
  });

  it('lets go of what every reader is past', async () => {
    const { journal, losses, append, move, offsets } = journalWith({});
    await journal.open('crm');
    await journal.open('siem');
    await append(4);
    await move('crm', 4);
    expect(await offsets()).to.deep.equal([1, 2, 3, 4]);
    await move('siem', 3);
    expect(await offsets()).to.deep.equal([3, 4]);
    await move('siem', 5);
    expect(await offsets()).to.deep.equal([4]);
    expect(losses()).to.deep.equal([]);
  });

  it('drops the oldest when there are too many', async () => {
    const { journal, losses, append, offsets } = journalWith({ maxEvents: 3 });
    await journal.open('crm');
    await append(3);
    expect(losses()).to.deep.equal([]);
    await append(2);
    expect(await offsets()).to.deep.equal([3, 4, 5]);
    expect(losses()).to.deep.equal([
      { reader: 'crm', offsets: [1] },
      { reader: 'crm', offsets: [2] },
    ]);
    expect(journal.position('crm').next).to.equal(3);
  });

  it('drops the oldest when they are too large together', async () => {
    const { journal, losses, append, offsets } = journalWith({ maxBytes: 3 * size });
    await journal.open('crm');
    await append(3);
    expect(losses(), 'exactly full').to.deep.equal([]);
    await append(1);
    expect(await offsets()).to.deep.equal([2, 3, 4]);
    expect(losses()).to.deep.equal([{ reader: 'crm', offsets: [1] }]);
  });

  it('drops as many as one large event needs', async () => {
    const { journal, losses, append, offsets } = journalWith({ maxBytes: 4 * size });
    await journal.open('crm');
    await append(4);
    const large = { ...eventOf(5), correlationId: 'x'.repeat(2 * size) };
    await appendEvent(journal, large);
    expect(await offsets()).to.deep.equal([4, 5]);
    expect(losses()).to.deep.equal([{ reader: 'crm', offsets: [1, 2, 3] }]);
  });

  it('keeps the newest event however large it is', async () => {
    const { journal, losses, append, offsets } = journalWith({ maxBytes: size / 2 });
    await journal.open('crm');
    await append(2);
    expect(await offsets()).to.deep.equal([2]);
    expect(losses()).to.deep.equal([{ reader: 'crm', offsets: [1] }]);
  });

  it('counts anew what fits once readers have finished', async () => {
    const { journal, losses, append, move } = journalWith({ maxEvents: 3, maxBytes: 3 * size });
    await journal.open('crm');
    for (let round = 0; round < 10; round += 1) {
      await append(3);
      await move('crm', journal.end);
    }
    expect(losses()).to.deep.equal([]);
  });

  it('tells each reader of exactly what it had not finished', async () => {
    const { journal, losses, append, move } = journalWith({ maxEvents: 4 });
    await journal.open('behind');
    await journal.open('between');
    await journal.open('ahead');
    await append(4);
    await move('between', 2);
    await move('ahead', 4);
    await append(3);
    expect(losses()).to.deep.equal([
      { reader: 'behind', offsets: [1] },
      { reader: 'behind', offsets: [2] },
      { reader: 'between', offsets: [2] },
      { reader: 'behind', offsets: [3] },
      { reader: 'between', offsets: [3] },
    ]);
    expect(['behind', 'between', 'ahead'].map((name) => journal.position(name).next)).to.deep.equal([4, 4, 4]);
  });

  it('hands over the lost events themselves', async () => {
    const lost: JournalLoss[] = [];
    const journal = memoryJournal({ ...roomy, maxEvents: 1 }, (loss) => lost.push(loss));
    await journal.open('crm');
    const event = eventOf(1);
    await appendEvent(journal, event);
    await appendEvent(journal, eventOf(2));
    expect(lost[0]?.entries.map((entry) => entry.event)).to.deep.equal([event]);
  });

  it('stays right over many thousands of entries', async () => {
    const { journal, losses, append, move, offsets } = journalWith({});
    await journal.open('crm');
    for (let round = 0; round < 10; round += 1) {
      await append(700);
      await move('crm', journal.end - 2);
      expect(await offsets(), `round ${round}`).to.deep.equal([journal.end - 2, journal.end - 1]);
    }
    const [entry] = await journal.read(7000, 1);
    expect(entry?.event.id).to.equal('e007000');
    expect(losses()).to.deep.equal([]);
  });
});

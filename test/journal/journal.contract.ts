import { expect } from 'chai';
import { SetwireError } from '../../src/errors.js';
import type { Journal, Position } from '../../src/journal/journal.js';
import type { DeadLetter } from '../../src/schema-types.js';
import { appendEvent } from '../support/append-event.js';
import { identityEvent } from '../support/events.js';

const eventOf = (id: string) => identityEvent('login.success', { id });
const never = new AbortController().signal;

async function appendAll(journal: Journal, ids: readonly string[]): Promise<number[]> {
  const offsets: number[] = [];
  for (const id of ids) offsets.push(await appendEvent(journal, eventOf(id)));
  return offsets;
}

async function idsFrom(journal: Journal, from: number, max = 100): Promise<string[]> {
  return (await journal.read(from, max)).map(({ event }) => event.id);
}

/**
 * What every journal keeps to.
 *
 * @param open gives an empty journal with room for everything that is appended here
 */
export function describeJournal(name: string, open: () => Journal | Promise<Journal>): void {
  describe(name, () => {
    let journal: Journal;
    beforeEach(async () => {
      journal = await open();
    });
    afterEach(async () => {
      await journal.close();
    });

    it('gives offsets without gaps, in the order of appending', async () => {
      await journal.open('crm');
      const { end } = journal;
      expect(await appendAll(journal, ['a', 'b', 'c'])).to.deep.equal([end, end + 1, end + 2]);
      expect(journal.end).to.equal(end + 3);
    });

    it('gives offsets in order to appends that do not wait for each other', async () => {
      await journal.open('crm');
      const { end } = journal;
      const ids = Array.from({ length: 50 }, (_, index) => `e${index}`);
      const offsets = await Promise.all(ids.map((id) => appendEvent(journal, eventOf(id))));
      expect(offsets).to.deep.equal(ids.map((_, index) => end + index));
      expect(await idsFrom(journal, end)).to.deep.equal(ids);
    });

    it('gives back the events as they were appended', async () => {
      await journal.open('crm');
      const event = identityEvent('account.locked');
      const offset = await appendEvent(journal, event);
      expect(await journal.read(offset, 1)).to.have.lengthOf(1);
      const [entry] = await journal.read(offset, 1);
      expect(entry?.offset).to.equal(offset);
      expect(entry?.event).to.deep.equal(event);
    });

    it('writes an id that was given once only, and gives the offset of the first', async () => {
      await journal.open('crm');
      const { end } = journal;
      const once = { once: true };
      expect(await appendEvent(journal, eventOf('a'), once)).to.equal(end);
      expect(await appendEvent(journal, identityEvent('account.locked', { id: 'a' }), once)).to.equal(end);
      const both = await Promise.all([
        appendEvent(journal, eventOf('b'), once),
        appendEvent(journal, eventOf('b'), once),
      ]);
      expect(both).to.deep.equal([end + 1, end + 1]);
      expect(await idsFrom(journal, end)).to.deep.equal(['a', 'b']);
      expect((await journal.read(end, 1))[0]?.event.type).to.equal('login.success');
      expect(['a', 'b', 'c'].map((id) => journal.holds(id))).to.deep.equal([true, true, false]);
    });

    it('asks for no id that nobody gave', async () => {
      await journal.open('crm');
      const { end } = journal;
      await appendAll(journal, ['a', 'a']);
      expect(await idsFrom(journal, end)).to.deep.equal(['a', 'a']);
      expect(journal.holds('a')).to.equal(false);
      expect(await appendEvent(journal, eventOf('a'), { once: true })).to.equal(end + 2);
    });

    it('reads from an offset on, so many at most, and nothing where there is nothing yet', async () => {
      await journal.open('crm');
      const first = journal.end;
      await appendAll(journal, ['a', 'b', 'c', 'd']);
      expect(await idsFrom(journal, first + 1, 2)).to.deep.equal(['b', 'c']);
      expect(await idsFrom(journal, first + 3, 10)).to.deep.equal(['d']);
      expect(await idsFrom(journal, journal.end)).to.deep.equal([]);
      expect(await idsFrom(journal, journal.end + 5)).to.deep.equal([]);
      expect(await idsFrom(journal, first, Number.MAX_SAFE_INTEGER)).to.deep.equal(['a', 'b', 'c', 'd']);
    });

    /** Moves a reader, as one that reads does. */
    async function move(reader: string, next: number, pending: Position['pending'] = []): Promise<void> {
      if (!journal.isLed) await journal.lead(never);
      const track = journal.track(reader, () => ({ next, pending }));
      await track.stored();
      track.end();
    }

    it('starts a new reader at the end', async () => {
      await journal.open('crm');
      await appendAll(journal, ['a', 'b']);
      await journal.open('siem');
      expect(journal.position('siem')).to.deep.equal({ next: journal.end, pending: [] });
      expect(journal.position('crm').next).to.equal(journal.end - 2);
    });

    it('starts a new reader where it is wished', async () => {
      await journal.open('keeper');
      const first = journal.end;
      for (const acceptedAt of [100, 200, 200, 300]) await appendEvent(journal, { ...eventOf('e'), acceptedAt });
      const starts = { beginning: 'beginning', now: 'now', 100: 100, 150: 150, 200: 200, 201: 201, 301: 301 } as const;
      for (const [name, from] of Object.entries(starts)) await journal.open(name, from);
      const places = Object.keys(starts).map((name) => [name, journal.position(name).next - first]);
      expect(Object.fromEntries(places)).to.deep.equal({
        100: 0,
        150: 1,
        200: 1,
        201: 3,
        301: 4,
        beginning: 0,
        now: 4,
      });
    });

    it('leaves a reader that is opened again where it was', async () => {
      await journal.open('crm');
      const first = journal.position('crm').next;
      await appendAll(journal, ['a', 'b', 'c']);
      await move('crm', first + 2, [{ offset: first, attempts: 3, forMs: 1500 }]);
      await journal.open('crm', 'beginning');
      expect(journal.position('crm')).to.deep.equal({
        next: first + 2,
        pending: [{ offset: first, attempts: 3, forMs: 1500 }],
      });
    });

    it('keeps which SETs of an entry are done, where it is said', async () => {
      await journal.open('crm');
      const first = journal.end;
      await appendAll(journal, ['a', 'b']);
      const pending = [
        { offset: first, attempts: 3, forMs: 1500, done: ['s-1', 's-2'] },
        { offset: first + 1, attempts: 0, forMs: 0 },
      ];
      await move('crm', first + 2, pending);
      expect(journal.position('crm').pending).to.deep.equal(pending);
    });

    it('keeps what a slow reader has not finished, whatever the others have', async () => {
      await journal.open('quick');
      await journal.open('slow');
      const first = journal.end;
      await appendAll(journal, ['a', 'b', 'c']);
      await move('quick', journal.end);
      await move('slow', journal.end, [{ offset: first + 1, attempts: 0, forMs: 0 }]);
      expect((await journal.entries([first + 1])).map(({ event }) => event.id)).to.deep.equal(['b']);
      expect(journal.position('quick').next).to.equal(first + 3);
    });

    it('asks a reader at work where it is', async () => {
      await journal.open('crm');
      await journal.lead(never);
      let next = journal.end;
      const track = journal.track('crm', () => ({ next, pending: [] }));
      await appendAll(journal, ['a']);
      next += 1;
      expect(journal.position('crm').next).to.equal(journal.end);
      track.moved();
      await track.stored();
      track.end();
      expect(journal.position('crm').next).to.equal(journal.end);
    });

    it('remembers that a reader gets nothing, and why, until it is said to get something', async () => {
      await journal.open('crm');
      await journal.disable('crm', { reason: 'answered 410: gone', since: 17 });
      await move('crm', journal.end);
      expect(journal.readers()[0]?.disabled).to.deep.equal({ reason: 'answered 410: gone', since: 17 });
      await journal.disable('crm', undefined);
      expect(journal.readers()[0]).to.not.have.property('disabled');
    });

    it('remembers since when a reader is gone from the config', async () => {
      await journal.open('crm');
      await journal.open('siem');
      await journal.configured(['siem'], 1000);
      await journal.configured(['siem'], 2000);
      expect(journal.readers().map(({ reader, removedAt }) => [reader, removedAt])).to.deep.equal([
        ['crm', 1000],
        ['siem', undefined],
      ]);
      await journal.configured(['crm', 'siem'], 3000);
      expect(journal.readers().every(({ removedAt }) => removedAt === undefined)).to.equal(true);
    });

    it('gives the lead to one who asks', async () => {
      const lead = await journal.lead(never);
      expect(journal.isLed).to.equal(true);
      expect(lead?.lost.aborted).to.equal(false);
      await lead?.release();
      expect(journal.isLed).to.equal(false);
      expect(await journal.lead(AbortSignal.abort())).to.equal(undefined);
    });

    describe('dead letters', () => {
      const letter = (id: string, endpoint: string, diedAt: string, type = 'login.success'): DeadLetter => ({
        id,
        endpoint,
        jti: id,
        reason: 'rejected_by_receiver',
        attempts: 1,
        diedAt,
        offset: 1,
        event: identityEvent(type),
      });
      const ids = (filter?: Parameters<Journal['deadLetters']['list']>[0]) =>
        [...journal.deadLetters.list(filter)].map(({ id }) => id);

      beforeEach(() =>
        journal.deadLetters.bury([
          letter('b', 'siem', '2026-11-02T00:00:00.000Z', 'account.locked'),
          letter('a', 'crm', '2026-11-03T00:00:00.000Z'),
          letter('c', 'crm', '2026-11-01T00:00:00.000Z', 'account.locked'),
        ]),
      );

      it('are listed by endpoint, the oldest first, all or some', () => {
        expect(ids()).to.deep.equal(['c', 'a', 'b']);
        expect(ids({ endpoint: 'crm' })).to.deep.equal(['c', 'a']);
        expect(ids({ isWanted: (type) => type === 'account.locked' })).to.deep.equal(['c', 'b']);
        expect(ids({ endpoint: 'nobody' })).to.deep.equal([]);
      });

      it('are counted and found', () => {
        const { deadLetters } = journal;
        expect([deadLetters.count(), deadLetters.count('crm'), deadLetters.count('nobody')]).to.deep.equal([3, 2, 0]);
        expect(deadLetters.get('b')).to.deep.equal(letter('b', 'siem', '2026-11-02T00:00:00.000Z', 'account.locked'));
        expect(deadLetters.get('nothing')).to.equal(undefined);
      });

      it('stand once for an event that dies again', async () => {
        await journal.deadLetters.bury([{ ...letter('c', 'crm', '2026-11-04T00:00:00.000Z'), attempts: 9 }]);
        expect(ids({ endpoint: 'crm' })).to.deep.equal(['a', 'c']);
        expect(journal.deadLetters.count('crm')).to.equal(2);
        expect(journal.deadLetters.get('c')?.attempts).to.equal(9);
      });

      it('are dropped by id', async () => {
        expect(await journal.deadLetters.drop(['a', 'nothing', 'b'])).to.equal(2);
        expect(ids()).to.deep.equal(['c']);
        expect(journal.deadLetters.count()).to.equal(1);
      });

      it('are dropped when they are old, or too many for an endpoint', async () => {
        const before = Date.parse('2026-11-01T12:00:00.000Z');
        expect(await journal.deadLetters.retain({ before, maxCount: 100 })).to.equal(1);
        expect(ids()).to.deep.equal(['a', 'b']);
        await journal.deadLetters.bury([letter('d', 'crm', '2026-11-05T00:00:00.000Z')]);
        expect(await journal.deadLetters.retain({ before, maxCount: 1 })).to.equal(1);
        expect(ids()).to.deep.equal(['d', 'b']);
      });

      it('are listed to the last of many', async () => {
        const many = Array.from({ length: 1200 }, (_, n) => letter(`m${n}`, 'many', '2026-11-05T00:00:00.000Z'));
        await journal.deadLetters.bury(many);
        expect(new Set(ids({ endpoint: 'many' })).size).to.equal(1200);
        expect(ids()).to.have.length(1203);
      });
    });

    it('keeps what operators have asked for, and how far it is', async () => {
      const progress = { state: 'waiting', cursor: 0, delivered: 0, dead: 0, skipped: 0 } as const;
      const request = (id: string) => ({
        id,
        endpoint: 'crm',
        wish: { kind: 'retry', ids: ['a'] } as const,
        rate: 10,
        askedAt: 1,
        progress,
      });
      await journal.requests.ask(request('2'));
      await journal.requests.ask(request('1'));
      expect(journal.requests.all().map(({ id }) => id)).to.deep.equal(['1', '2']);
      await journal.requests.report('1', { ...progress, state: 'done', delivered: 1 });
      expect(journal.requests.get('1')?.progress).to.include({ state: 'done', delivered: 1 });
      await journal.requests.remove('1');
      await journal.requests.report('1', progress);
      expect(journal.requests.all().map(({ id }) => id)).to.deep.equal(['2']);
    });

    describe('has', () => {
      it('is true at once where there is an entry', async () => {
        await journal.open('crm');
        const offset = await appendEvent(journal, eventOf('a'));
        expect(await journal.has(offset, never)).to.equal(true);
      });

      it('waits for the entry', async () => {
        await journal.open('crm');
        let answer: boolean | undefined;
        const wanted = journal.end + 1;
        const asked = journal.has(wanted, never).then((found) => {
          answer = found;
        });
        await appendEvent(journal, eventOf('a'));
        await new Promise(setImmediate);
        expect(answer, 'after an entry before the one that is waited for').to.equal(undefined);
        await appendEvent(journal, eventOf('b'));
        await asked;
        expect(answer).to.equal(true);
      });

      it('wakes everyone who waits', async () => {
        await journal.open('crm');
        const asked = Promise.all([1, 2, 3].map(() => journal.has(journal.end, never)));
        await appendEvent(journal, eventOf('a'));
        expect(await asked).to.deep.equal([true, true, true]);
      });

      it('is false when it is aborted, before or while it waits', async () => {
        await journal.open('crm');
        expect(await journal.has(journal.end, AbortSignal.abort())).to.equal(false);
        const stop = new AbortController();
        const asked = journal.has(journal.end, stop.signal);
        const other = journal.has(journal.end, never);
        stop.abort();
        expect(await asked).to.equal(false);
        await appendEvent(journal, eventOf('a'));
        expect(await other, 'another who waits').to.equal(true);
      });

      it('is false when the journal closes', async () => {
        await journal.open('crm');
        const asked = journal.has(journal.end, never);
        await journal.close();
        expect(await asked).to.equal(false);
        expect(await journal.has(journal.end, never), 'asked afterwards').to.equal(false);
      });
    });

    it('refuses what comes after it was closed', async () => {
      await journal.open('crm');
      const { end } = journal;
      await journal.close();
      const refused = await appendEvent(journal, eventOf('a')).catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(SetwireError).with.property('code', 'SETWIRE_NOT_RUNNING');
      expect(journal.end).to.equal(end);
    });

    it('can be closed twice', async () => {
      await journal.close();
      await journal.close();
    });
  });
}

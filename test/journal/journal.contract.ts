import { expect } from 'chai';
import { SetwireError } from '../../src/errors.js';
import type { Journal } from '../../src/journal/journal.js';
import { identityEvent } from '../support/events.js';

const eventOf = (id: string) => identityEvent('login.success', { id });
const never = new AbortController().signal;

async function appendAll(journal: Journal, ids: readonly string[]): Promise<number[]> {
  const offsets: number[] = [];
  for (const id of ids) offsets.push(await journal.append(eventOf(id)));
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
      const offsets = await Promise.all(ids.map((id) => journal.append(eventOf(id))));
      expect(offsets).to.deep.equal(ids.map((_, index) => end + index));
      expect(await idsFrom(journal, end)).to.deep.equal(ids);
    });

    it('gives back the events as they were appended', async () => {
      await journal.open('crm');
      const event = identityEvent('account.locked');
      const offset = await journal.append(event);
      expect(await journal.read(offset, 1)).to.have.lengthOf(1);
      const [entry] = await journal.read(offset, 1);
      expect(entry?.offset).to.equal(offset);
      expect(entry?.event).to.deep.equal(event);
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

    it('starts a new reader at the end', async () => {
      await journal.open('crm');
      await appendAll(journal, ['a', 'b']);
      await journal.open('siem');
      expect(journal.position('siem')).to.equal(journal.end);
      expect(journal.position('crm')).to.equal(journal.end - 2);
    });

    it('leaves a reader that is opened again where it was', async () => {
      await journal.open('crm');
      const first = journal.position('crm');
      await appendAll(journal, ['a', 'b', 'c']);
      await journal.commit('crm', first + 1);
      await journal.open('crm');
      expect(journal.position('crm')).to.equal(first + 1);
    });

    it('keeps what a slow reader has not finished, whatever the others have', async () => {
      await journal.open('quick');
      await journal.open('slow');
      const first = journal.end;
      await appendAll(journal, ['a', 'b', 'c']);
      await journal.commit('quick', journal.end);
      await journal.commit('slow', first + 1);
      expect(await idsFrom(journal, first + 1)).to.deep.equal(['b', 'c']);
      expect(journal.position('quick')).to.equal(first + 3);
      expect(journal.position('slow')).to.equal(first + 1);
    });

    it('does not move a position back', async () => {
      await journal.open('crm');
      const first = journal.end;
      await appendAll(journal, ['a', 'b', 'c']);
      await journal.commit('crm', first + 2);
      await journal.commit('crm', first + 1);
      expect(journal.position('crm')).to.equal(first + 2);
    });

    describe('has', () => {
      it('is true at once where there is an entry', async () => {
        await journal.open('crm');
        const offset = await journal.append(eventOf('a'));
        expect(await journal.has(offset, never)).to.equal(true);
      });

      it('waits for the entry', async () => {
        await journal.open('crm');
        let answer: boolean | undefined;
        const wanted = journal.end + 1;
        const asked = journal.has(wanted, never).then((found) => {
          answer = found;
        });
        await journal.append(eventOf('a'));
        await new Promise(setImmediate);
        expect(answer, 'after an entry before the one that is waited for').to.equal(undefined);
        await journal.append(eventOf('b'));
        await asked;
        expect(answer).to.equal(true);
      });

      it('wakes everyone who waits', async () => {
        await journal.open('crm');
        const asked = Promise.all([1, 2, 3].map(() => journal.has(journal.end, never)));
        await journal.append(eventOf('a'));
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
        await journal.append(eventOf('a'));
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
      const refused = await journal.append(eventOf('a')).catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(SetwireError).with.property('code', 'SETWIRE_NOT_RUNNING');
      expect(journal.end).to.equal(end);
    });

    it('can be closed twice', async () => {
      await journal.close();
      await journal.close();
    });
  });
}

import { expect } from 'chai';
import { embeddedJournal } from '../../src/journal/embedded.js';
import { appendEvent } from '../support/append-event.js';
import { identityEvent } from '../support/events.js';
import { type Workplace, workplace } from '../support/settings.js';

describe('two journals of one folder in one process', () => {
  let place: Workplace;
  beforeEach(() => {
    place = workplace();
  });
  afterEach(() => place.remove());

  const open = () => embeddedJournal({ dataDir: place.path('data'), durability: 'flush', report: () => undefined });

  it('do not wait for each other for ever, however often one is opened and closed', async () => {
    const journal = open();
    let isWriting = true;
    const write = async (): Promise<void> => {
      while (isWriting) await appendEvent(journal, identityEvent('account.locked'));
    };
    const writing = write();
    for (let n = 0; n < 200; n += 1) {
      const other = open();
      expect(other.status.error).to.equal(undefined);
      if (n % 10 === 0) await appendEvent(other, identityEvent('account.locked'));
      await other.close();
    }
    isWriting = false;
    await writing;
    expect(journal.status.events).to.equal(journal.end - 1);
    await journal.close();
    const again = open();
    expect(again.end).to.be.above(20);
    await again.close();
  });
});

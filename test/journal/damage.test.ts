import { mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import sinon from 'sinon';
import { canBeRead, damageOf } from '../../src/journal/damage.js';
import { embeddedJournal } from '../../src/journal/embedded.js';
import { appendEvent } from '../support/append-event.js';
import { identityEvent } from '../support/events.js';

describe('the damage of a journal', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'setwire-damage-'));
    file = join(folder, 'journal', 'data.mdb');
    const journal = embeddedJournal({ dataDir: folder, durability: 'flush', report: sinon.stub() });
    for (let n = 0; n < 50; n += 1) await appendEvent(journal, identityEvent('login.success'));
    await journal.close();
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is none where another process can read all of it: that is tried where the file is shorter than it says', () => {
    expect(canBeRead(file)).to.equal(true);
    expect(damageOf(file)).to.equal(undefined);
  });

  it('is found where it was cut', () => {
    truncateSync(file, Math.floor(statSync(file).size / 2 / 4096) * 4096);
    expect(canBeRead(file)).to.equal(false);
    expect(damageOf(file)).to.match(/^it was cut: /);
  });
}).timeout(20_000);

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { expect } from 'chai';
import { open as openLmdb } from 'lmdb';
import sinon from 'sinon';
import { SetwireError } from '../../src/errors.js';
import { embeddedJournal } from '../../src/journal/embedded.js';
import type { Journal } from '../../src/journal/journal.js';
import type { DeadLetter } from '../../src/schema-types.js';
import { until } from '../log/folder.js';
import { appendEvent } from '../support/append-event.js';
import { identityEvent } from '../support/events.js';
import { type Workplace, workplace } from '../support/settings.js';
import { describeJournal } from './journal.contract.js';
import { type Keeper, startKeeper } from './keepers.js';

const silent = () => undefined;
const never = new AbortController().signal;
const nobody = 65534;
const eventOf = (id: string) => identityEvent('login.success', { id });

describe('the journal on disk', () => {
  let place: Workplace;
  let journals: Journal[];
  let keepers: Keeper[];
  const report = sinon.stub();

  beforeEach(() => {
    place = workplace();
    journals = [];
    keepers = [];
    report.resetHistory();
  });
  afterEach(async () => {
    for (const keeper of keepers) keeper.kill('SIGKILL');
    await Promise.all([...keepers.map(({ ended }) => ended), ...journals.map((journal) => journal.close())]);
    place.remove();
  });

  const dataDir = (): string => place.path('data');
  const dataFile = (): string => place.path('data/journal/data.mdb');
  const open = (durability: 'flush' | 'commit' = 'flush', dir = dataDir()): Journal => {
    const journal = embeddedJournal({ dataDir: dir, durability, report });
    journals.push(journal);
    return journal;
  };
  it('knows after a restart, and in another process, which ids were given', async () => {
    const first = open();
    await first.open('crm');
    const offset = await appendEvent(first, eventOf('a'), { once: true });
    const second = open();
    expect(await appendEvent(second, eventOf('a'), { once: true })).to.equal(offset);
    await Promise.all([first.close(), second.close()]);
    const third = open();
    expect(third.holds('a')).to.equal(true);
    expect(await appendEvent(third, eventOf('a'), { once: true })).to.equal(offset);
    expect(third.status.events).to.equal(1);
  });

  const keeper = (userId?: number): Keeper => {
    const started = startKeeper(dataDir(), userId);
    keepers.push(started);
    return started;
  };
  const idsOf = async (journal: Journal): Promise<string[]> =>
    (await journal.read(1, Number.MAX_SAFE_INTEGER)).map(({ event }) => event.id);
  const codes = (): unknown[] => report.args.map(([, , fields]) => fields?.code).filter(Boolean);
  const codesOf = ({ reports }: Keeper): string[] => reports.map(({ code }) => code).filter(Boolean);

  /** A journal of so many events, closed. */
  async function filled(count: number): Promise<void> {
    const journal = open();
    await Promise.all(Array.from({ length: count }, (_, n) => appendEvent(journal, eventOf(`old-${n}`))));
    await journal.close();
  }

  describeJournal('as a journal, flushed', () => open('flush'));
  describeJournal('as a journal, committed', () => open('commit'));

  describe('that is opened again', () => {
    const letter: DeadLetter = {
      id: 'a',
      endpoint: 'crm',
      jti: 'a',
      reason: 'poison',
      attempts: 5,
      diedAt: '2026-11-02T00:00:00.000Z',
      offset: 1,
      event: eventOf('a'),
    };
    const request = {
      id: 'r1',
      endpoint: 'crm',
      wish: { kind: 'retry', ids: ['a'] },
      rate: 10,
      askedAt: 1,
      progress: { state: 'running', cursor: 1, delivered: 1, dead: 0, skipped: 0 },
    } as const;

    async function written(): Promise<void> {
      const journal = open();
      await journal.open('crm');
      await journal.open('siem');
      for (const id of ['a', 'b', 'c']) await appendEvent(journal, eventOf(id));
      const lead = await journal.lead(never);
      const track = journal.track('crm', () => ({ next: 3, pending: [{ offset: 1, attempts: 4, forMs: 1500 }] }));
      await track.stored();
      await lead?.release();
      await journal.disable('siem', { reason: 'answered 410: gone', since: 17 });
      await journal.configured(['crm'], 23);
      await journal.deadLetters.bury([letter]);
      await journal.requests.ask(request);
      await journal.close();
    }

    it('has its events, and counts on', async () => {
      await written();
      const journal = open();
      expect(await idsOf(journal)).to.deep.equal(['a', 'b', 'c']);
      expect((await journal.read(2, 1))[0]).to.deep.equal({ offset: 2, event: eventOf('b') });
      expect(await appendEvent(journal, eventOf('d'))).to.equal(4);
      expect(journal.status.events).to.equal(4);
    });

    it('has its readers, with what they were at and why they get nothing', async () => {
      await written();
      expect(open().readers()).to.deep.equal([
        { reader: 'crm', position: { next: 3, pending: [{ offset: 1, attempts: 4, forMs: 1500 }] } },
        {
          reader: 'siem',
          position: { next: 1, pending: [] },
          disabled: { reason: 'answered 410: gone', since: 17 },
          removedAt: 23,
        },
      ]);
    });

    it('has its dead letters and what operators have asked for', async () => {
      await written();
      const journal = open();
      expect([...journal.deadLetters.list()]).to.deep.equal([letter]);
      expect(journal.deadLetters.count('crm')).to.equal(1);
      expect(journal.requests.all()).to.deep.equal([request]);
    });

    it('is not led by whoever has released it', async () => {
      await written();
      expect(open().isLed).to.equal(false);
    });
  });

  it('may be read while it is being closed', async () => {
    const journal = open();
    await journal.open('crm');
    // Still being written when the end comes.
    const appending = Promise.all(Array.from({ length: 500 }, (_, n) => appendEvent(journal, eventOf(`e${n}`))));
    let isClosed = false;
    const closing = journal.close().then(() => {
      isClosed = true;
    });
    while (!isClosed) {
      expect(journal.readers().length).to.be.within(0, 1);
      expect(journal.status.events).to.be.within(0, 500);
      await new Promise(setImmediate);
    }
    await Promise.all([closing, appending]);
    // LMDB looks after its readers later, and would throw at nobody.
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(journal.readers()).to.deep.equal([]);
  });

  it('ends with what others go on writing to it', async () => {
    const journal = open();
    let written = 0;
    async function writing(name: string): Promise<void> {
      for (let n = 0; ; n += 1) {
        await journal.disable(`${name}-${n}`, undefined);
        journal.readers();
        written += 1;
      }
    }
    const refused = Promise.all(['a', 'b', 'c'].map((name) => writing(name).catch((error: unknown) => error)));
    await until(() => written > 20);
    await journal.close();
    for (const error of await refused)
      expect(error).to.be.instanceOf(SetwireError).with.property('code', 'SETWIRE_JOURNAL_UNWRITABLE');
    expect(open().readers()).to.have.length(written);
  });

  it('is for its owner alone', async () => {
    await filled(1);
    const modes = [dataDir(), place.path('data/journal')].map((path) => (statSync(path).mode & 0o777).toString(8));
    expect(modes).to.deep.equal(['700', '700']);
  });

  describe('that is damaged', function () {
    // A process starts, and another one that tries to read what is left.
    this.timeout(20_000);

    const zero = (from: number, to: number) => () => {
      const bytes = readFileSync(dataFile());
      writeFileSync(dataFile(), bytes.fill(0, from, Math.min(to, bytes.length)));
    };
    const cases: Record<string, () => void> = {
      'cut to half': () => truncateSync(dataFile(), Math.floor(statSync(dataFile()).size / 2)),
      'cut to one page': () => truncateSync(dataFile(), 4096),
      'cut to 100 bytes': () => truncateSync(dataFile(), 100),
      garbage: () => writeFileSync(dataFile(), Buffer.alloc(300_000, 'garbage \u0007')),
      'a file of text': () => writeFileSync(dataFile(), 'endpoints:\n  crm:\n    url: https://crm.example.com\n'),
      'without its first page': zero(0, 4096),
      'without its second page': zero(4096, 8192),
    };
    for (const [name, damage] of Object.entries(cases)) {
      it(`is moved aside with a report, and a new one is begun: ${name}`, async () => {
        await filled(500);
        damage();
        const bytes = readFileSync(dataFile());
        const process = keeper();
        await process.ask({ kind: 'append', prefix: 'new', count: 3 });
        expect(await process.ask({ kind: 'ids' })).to.deep.equal(['new-0', 'new-1', 'new-2']);
        process.ask({ kind: 'close' }).catch(silent);
        expect(await process.ended).to.equal('0');
        expect(codesOf(process)).to.deep.equal(['SETWIRE_JOURNAL_CORRUPT']);
        const [aside = '', ...more] = readdirSync(dataDir()).filter((entry) => entry.startsWith('journal.damaged-'));
        expect(more).to.deep.equal([]);
        expect(readFileSync(place.path(`data/${aside}/data.mdb`)).equals(bytes), 'as it was').to.equal(true);
        expect(await idsOf(open()), 'opened again').to.deep.equal(['new-0', 'new-1', 'new-2']);
      });
    }

    const holes: Record<string, readonly [from: number, to: number]> = {
      'at its end': [0.5, 1],
      'but for its first two pages': [0, 1],
    };
    for (const [name, [from, to]] of Object.entries(holes)) {
      it(`ends no process where its pages are zeroed ${name}, and new events are kept`, async () => {
        await filled(3000);
        const { size } = statSync(dataFile());
        zero(8192 + Math.floor(((size - 8192) * from) / 4096) * 4096, Math.floor((size * to) / 4096) * 4096)();
        const process = keeper();
        // Whatever can be read of it, or nothing.
        await process.ask({ kind: 'ids' });
        await process.ask({ kind: 'append', prefix: 'new', count: 100 });
        const ids = (await process.ask({ kind: 'ids' })) as string[];
        expect(ids.filter((id) => id.startsWith('new-'))).to.have.length(100);
        process.ask({ kind: 'close' }).catch(silent);
        expect(await process.ended).to.equal('0');
        expect(codesOf(process).filter((code) => code !== 'SETWIRE_JOURNAL_CORRUPT')).to.deep.equal([]);
      });
    }

    describe('while it is open', () => {
      /** Zeroes the page in which the first event stands. */
      function loseFirst(): void {
        const page = Math.floor(readFileSync(dataFile()).lastIndexOf('"old-0"') / 4096) * 4096;
        const fd = openSync(dataFile(), 'r+');
        writeSync(fd, Buffer.alloc(4096), 0, 4096, page);
        closeSync(fd);
      }

      it('is moved aside as soon as it is read, and nobody who reads it hears of it', async () => {
        await filled(3000);
        const journal = open();
        expect(await journal.read(1, 1)).to.have.length(1);
        loseFirst();
        expect(await journal.read(1, 5)).to.deep.equal([]);
        await until(() => codes().length > 0);
        expect(codes()).to.deep.equal(['SETWIRE_JOURNAL_CORRUPT']);
        expect(journal.status).to.deep.equal({ events: 0, bytes: 0 });
      });

      it('goes on with the offsets, and with its readers', async () => {
        await filled(3000);
        const journal = open();
        await journal.open('crm', 'beginning');
        await journal.lead(never);
        const track = journal.track('crm', () => ({ next: 2000, pending: [] }));
        await track.stored();
        loseFirst();
        await journal.read(1, 5);
        expect(await appendEvent(journal, eventOf('new'))).to.equal(3001);
        expect(await journal.has(2000, never)).to.equal(true);
        expect(await journal.read(2000, 5)).to.deep.equal([{ offset: 3001, event: eventOf('new') }]);
        track.end();
        expect(journal.position('crm').next).to.equal(3001);
        expect(codes()).to.deep.equal(['SETWIRE_JOURNAL_CORRUPT']);
      });
    });
  });

  it('of a later format is left alone, and said to be', async () => {
    await filled(3);
    const later = openLmdb({ path: place.path('data/journal'), maxDbs: 16 });
    await later.openDB('meta', { encoding: 'json' }).put('format', 99);
    await later.close();
    const journal = open();
    const appending = appendEvent(journal, eventOf('new')).catch((error: unknown) => error);
    await until(() => journal.status.error !== undefined);
    expect(journal.status.error).to.include('format 99');
    expect(codes()).to.deep.equal(['SETWIRE_JOURNAL_UNWRITABLE']);
    await journal.close();
    expect(await appending)
      .to.be.instanceOf(SetwireError)
      .with.property('code', 'SETWIRE_JOURNAL_UNWRITABLE');
    expect(readdirSync(dataDir())).to.deep.equal(['journal']);
    const events = openLmdb({ path: place.path('data/journal'), maxDbs: 16 });
    expect(events.openDB('events', { encoding: 'string' }).getCount()).to.equal(3);
    await events.close();
  });

  describe('that cannot be written', function () {
    this.timeout(20_000);

    it('is said to be once, and appending waits until the obstacle is gone', async () => {
      writeFileSync(dataDir(), 'in the way');
      const journal = open();
      let isKept = false;
      const appending = Promise.all(['a', 'b', 'c'].map((id) => appendEvent(journal, eventOf(id)))).then(() => {
        isKept = true;
      });
      // Tried more than once.
      const stat = sinon.spy();
      await until(() => {
        stat(journal.readers());
        return stat.callCount > 100;
      });
      expect(isKept).to.equal(false);
      expect(codes()).to.deep.equal(['SETWIRE_JOURNAL_UNWRITABLE']);
      expect(journal.status.error).to.be.a('string');
      rmSync(dataDir());
      await appending;
      expect(await idsOf(journal)).to.deep.equal(['a', 'b', 'c']);
      expect(journal.status.error).to.equal(undefined);
      expect(codes()).to.deep.equal(['SETWIRE_JOURNAL_UNWRITABLE']);
      expect(report.lastCall.args.slice(0, 2)).to.deep.equal(['info', 'the journal is written again']);
    });

    it('rejects what waits when it is closed', async () => {
      writeFileSync(dataDir(), 'in the way');
      const journal = open();
      const appending = Promise.allSettled(['a', 'b'].map((id) => appendEvent(journal, eventOf(id))));
      await until(() => journal.status.error !== undefined);
      await journal.close();
      const errors = (await appending).map((settled) => settled.status === 'rejected' && settled.reason.code);
      expect(errors).to.deep.equal(['SETWIRE_JOURNAL_UNWRITABLE', 'SETWIRE_JOURNAL_UNWRITABLE']);
    });

    /** Root may write everything: then the process is nobody's. */
    function ordinary(): Keeper {
      const isRoot = process.getuid?.() === 0;
      if (isRoot) for (const path of [place.folder, dataDir()]) chownSync(path, nobody, nobody);
      return keeper(isRoot ? nobody : undefined);
    }

    it('goes on when it gets the permission that it lacked', async () => {
      mkdirSync(dataDir(), { mode: 0o500 });
      const process = ordinary();
      const appending = process.ask({ kind: 'append', prefix: 'new', count: 5 });
      await until(() => process.reports.length > 0);
      expect(process.kept).to.deep.equal([]);
      chmodSync(dataDir(), 0o700);
      await appending;
      expect(process.reports.map(({ level, code, message }) => code || `${level} ${message}`)).to.deep.equal([
        'SETWIRE_JOURNAL_UNWRITABLE',
        'info the journal is written again',
      ]);
      expect(await process.ask({ kind: 'ids' })).to.have.length(5);
    });

    it('goes on when its file may be written again', async () => {
      await filled(2);
      for (const path of ['data/journal', 'data/journal/data.mdb', 'data/journal/lock.mdb']) {
        if (process.getuid?.() === 0) chownSync(place.path(path), nobody, nobody);
      }
      chmodSync(dataFile(), 0o400);
      const child = ordinary();
      const appending = child.ask({ kind: 'append', prefix: 'new', count: 2 });
      await until(() => child.reports.length > 0);
      expect(child.kept).to.deep.equal([]);
      chmodSync(dataFile(), 0o600);
      await appending;
      expect(await child.ask({ kind: 'ids' })).to.deep.equal(['old-0', 'old-1', 'new-0', 'new-1']);
      expect(codesOf(child)).to.deep.equal(['SETWIRE_JOURNAL_UNWRITABLE']);
    });

    /** Lets the files of a process grow to so many bytes, as a full disk does; undefined: as they like. */
    function limit({ pid }: Keeper, bytes: number | undefined): void {
      execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes ?? 'unlimited'}:`]);
    }

    it('survives that its file cannot grow, says so once, and goes on when it can', async () => {
      const process = keeper();
      await process.ask({ kind: 'append', prefix: 'before', count: 10 });
      limit(process, statSync(dataFile()).size);
      const appending = process.ask({ kind: 'append', prefix: 'during', count: 3000 });
      await until(() => process.reports.length > 0);
      limit(process, undefined);
      await appending;
      expect(process.reports.map(({ level, code }) => code || level)).to.deep.equal([
        'SETWIRE_JOURNAL_UNWRITABLE',
        'info',
      ]);
      const ids = (await process.ask({ kind: 'ids' })) as string[];
      expect(new Set(ids).size).to.equal(3010);
      expect(ids).to.have.length(3010);
      process.ask({ kind: 'close' }).catch(silent);
      expect(await process.ended).to.equal('0');
      expect(await idsOf(open()), 'opened again').to.deep.equal(ids);
    });

    if (canMount()) {
      it('survives a disk that is full, says so once, and goes on when there is room', async () => {
        mkdirSync(dataDir());
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', dataDir()]);
        try {
          const process = keeper();
          await process.ask({ kind: 'append', prefix: 'before', count: 10 });
          const appending = process.ask({ kind: 'append', prefix: 'during', count: 3000 });
          await until(() => process.reports.length > 0);
          execFileSync('mount', ['-o', 'remount,size=64m', dataDir()]);
          await appending;
          expect(process.reports.map(({ level, code }) => code || level)).to.deep.equal([
            'SETWIRE_JOURNAL_UNWRITABLE',
            'info',
          ]);
          expect(await process.ask({ kind: 'ids' })).to.have.length(3010);
          process.ask({ kind: 'close' }).catch(silent);
          expect(await process.ended).to.equal('0');
        } finally {
          for (const keeper of keepers) keeper.kill('SIGKILL');
          await Promise.all(keepers.map(({ ended }) => ended));
          execFileSync('umount', [dataDir()]);
        }
      });
    }
  });

  describe('whose folder is removed while it is open', () => {
    it('has everything that was kept, and what comes', async () => {
      const journal = open();
      await journal.open('crm');
      const ids = Array.from({ length: 300 }, (_, n) => `e${n}`);
      await Promise.all(ids.map((id) => appendEvent(journal, eventOf(id))));
      rmSync(dataDir(), { recursive: true });
      expect(await appendEvent(journal, eventOf('new'))).to.equal(301);
      expect(existsSync(dataFile())).to.equal(true);
      expect(await idsOf(journal)).to.deep.equal([...ids, 'new']);
      await journal.close();
      const again = open();
      expect(await idsOf(again)).to.deep.equal([...ids, 'new']);
      expect(again.position('crm')).to.deep.equal({ next: 1, pending: [] });
      expect(readdirSync(dataDir())).to.deep.equal(['journal']);
    });

    it('says so', async () => {
      const journal = open();
      await appendEvent(journal, eventOf('a'));
      rmSync(dataDir(), { recursive: true });
      await appendEvent(journal, eventOf('b'));
      expect(report.args.map(([level, message]) => [level, message])).to.deep.include([
        'error',
        'the journal was removed while it was open; it has been written anew',
      ]);
    });

    it('has everything when it is removed again and again', async () => {
      const journal = open();
      const ids = Array.from({ length: 10 }, (_, n) => `e${n}`);
      for (const id of ids) {
        await appendEvent(journal, eventOf(id));
        rmSync(dataDir(), { recursive: true });
      }
      await appendEvent(journal, eventOf('last'));
      expect(await idsOf(journal)).to.deep.equal([...ids, 'last']);
    });

    it('loses nothing of what two processes keep', async function () {
      this.timeout(20_000);
      const two = [keeper(), keeper()];
      await Promise.all(two.map((each, n) => each.ask({ kind: 'append', prefix: `before-${n}`, count: 50 })));
      rmSync(dataDir(), { recursive: true });
      await Promise.all(two.map((each, n) => each.ask({ kind: 'append', prefix: `after-${n}`, count: 50 })));
      const ids = await idsOf(open());
      const kept = two.flatMap((each) => each.kept.map(({ id }) => id));
      expect(kept).to.have.length(200);
      expect(kept.filter((id) => !ids.includes(id))).to.deep.equal([]);
    });
  });

  describe('of several processes', function () {
    this.timeout(30_000);

    it('gives offsets without gaps or doubles, and keeps the order of each', async () => {
      const both = [keeper(), keeper()];
      await Promise.all(both.map(({ begun }) => begun));
      await Promise.all(both.map((each, n) => each.ask({ kind: 'append', prefix: `p${n}`, count: 3000 })));
      const entries = await open().read(1, Number.MAX_SAFE_INTEGER);
      expect(entries.map(({ offset }) => offset)).to.deep.equal(Array.from({ length: 6000 }, (_, n) => n + 1));
      for (const [n, { kept }] of both.entries()) {
        const own = entries.filter(({ event }) => event.id.startsWith(`p${n}-`));
        expect(own.map(({ event }) => event.id)).to.deep.equal(Array.from({ length: 3000 }, (_, m) => `p${n}-${m}`));
        expect(kept.map(({ offset }) => offset)).to.deep.equal(own.map(({ offset }) => offset));
      }
    });

    it('shows each what the other appends', async () => {
      const [journal, other] = [open(), keeper()];
      await other.ask({ kind: 'append', prefix: 'theirs', count: 1 });
      expect(await journal.has(1, never)).to.equal(true);
      const seen = journal.has(2, never);
      await other.ask({ kind: 'append', prefix: 'more', count: 1 });
      expect(await seen).to.equal(true);
      expect(await idsOf(journal)).to.deep.equal(['theirs-0', 'more-0']);
    });

    it('has what it has said to be kept, however often a process is killed while it appends', async function () {
      // Twenty processes start, one after another.
      this.timeout(120_000);
      const kept: { id: string; offset: number }[] = [];
      let next = keeper();
      for (let kill = 0; kill < 20; kill += 1) {
        const process = next;
        next = keeper();
        process.ask({ kind: 'flood', prefix: `k${kill}` }).catch(silent);
        await until(() => process.kept.length > kill * 5);
        process.kill('SIGKILL');
        expect(await process.ended).to.equal('SIGKILL');
        expect(codesOf(process)).to.deep.equal([]);
        kept.push(...process.kept);
      }
      const entries = new Map(
        (await open().read(1, Number.MAX_SAFE_INTEGER)).map((each) => [each.offset, each.event.id]),
      );
      expect(kept.filter(({ id, offset }) => entries.get(offset) !== id)).to.deep.equal([]);
      expect([...entries.keys()]).to.deep.equal(Array.from({ length: entries.size }, (_, n) => n + 1));
      expect(codes()).to.deep.equal([]);
    });

    /** Whoever gets the lead stands in `leaders`, in that order. */
    function contest(contestants: readonly Keeper[]): Keeper[] {
      const leaders: Keeper[] = [];
      for (const each of contestants)
        each.ask({ kind: 'lead' }).then(
          () => leaders.push(each),
          () => undefined,
        );
      return leaders;
    }

    it('gives the lead to one of them, and to another when that one is killed', async () => {
      const three = [keeper(), keeper(), keeper()];
      const leaders = contest(three);
      await until(() => leaders.length === 1);
      await Promise.all(three.map((each) => each.ask({ kind: 'ids' })));
      expect(leaders).to.have.length(1);
      leaders[0]?.kill('SIGKILL');
      await until(() => leaders.length === 2);
      expect(leaders[1]).to.not.equal(leaders[0]);
      leaders[1]?.kill('SIGKILL');
      await until(() => leaders.length === 3);
      expect(new Set(leaders).size).to.equal(3);
      expect(three.map(({ hasLost }) => hasLost)).to.deep.equal([false, false, false]);
    });

    it('gives the lead to another when the holder is stopped, which hears of it when it goes on', async () => {
      const two = [keeper(), keeper()];
      const leaders = contest(two);
      await until(() => leaders.length === 1);
      const [first] = leaders;
      first?.kill('SIGSTOP');
      await until(() => leaders.length === 2);
      expect(first?.hasLost).to.equal(false);
      first?.kill('SIGCONT');
      await until(() => first?.hasLost === true);
      expect(leaders[1]?.hasLost).to.equal(false);
    });
  });

  it('gives the lead to another of the same process once it is released', async () => {
    const [first, second] = [open(), open()];
    const lead = await first.lead(never);
    const asked = second.lead(never);
    expect([first.isLed, second.isLed]).to.deep.equal([true, true]);
    await lead?.release();
    expect((await asked)?.lost.aborted).to.equal(false);
  });
});

/** Whether this user may mount a file system of its own. */
function canMount(): boolean {
  const place = workplace();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place.folder], { stdio: 'ignore' });
    execFileSync('umount', [place.folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    place.remove();
  }
}

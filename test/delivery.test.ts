import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Adapter } from '../src/adapter.js';
import { embeddedJournal } from '../src/journal/embedded.js';
import { eventOf, jtisOf, type Operated, operated, rcisOf } from './support/operated.js';
import { until } from './support/until.js';

const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n + 1));

describe('the delivery', () => {
  let site: Operated;

  beforeEach(() => {
    site = operated();
  });

  afterEach(() => site.end());

  const endpointIn = (adapter: Adapter, name = 'crm') => adapter.status().endpoints?.[name];
  const leads = (adapter: Adapter): Promise<void> => until(() => adapter.status().isTransmitting === true);

  describe('to an endpoint that answers 410', () => {
    it('stops, stays stopped after a restart, and goes on with what waited once it is enabled', async () => {
      let isGone = true;
      const crm = await site.receiver({ always: () => (isGone ? { status: 410 } : {}) });
      const config = { endpoints: { crm: { url: crm.url, concurrency: 1 } } };
      const first = await site.start(config);
      await first.emit(eventOf('1'));
      await until(() => endpointIn(first)?.state === 'disabled');
      await first.emit(eventOf('2'));
      await first.detach();
      isGone = false;
      const second = await site.start(config);
      await leads(second);
      await second.emit(eventOf('3'));
      expect(endpointIn(second)).to.include({ state: 'disabled', reason: 'answered 410: gone' });
      expect(endpointIn(second)?.lag.events).to.equal(3);
      expect(rcisOf(crm)).to.deep.equal(['1']);
      await site.setwire(['endpoint', 'enable', 'crm']);
      await crm.next(4);
      expect(rcisOf(crm)).to.deep.equal(['1', '1', '2', '3']);
      expect(new Set(jtisOf(crm))).to.have.property('size', 3);
      await until(() => endpointIn(second)?.lag.events === 0);
      expect(endpointIn(second)).to.include({ state: 'active', dead: 0 });
    });

    it('goes on although it is enabled in the moment in which it was disabled', async () => {
      const crm = await site.receiver({ answers: [{ status: 410 }] });
      const adapter = await site.start({ endpoints: { crm: { url: crm.url } } });
      await leads(adapter);
      const journal = embeddedJournal({
        dataDir: site.path('setwire-data'),
        durability: 'flush',
        report: () => undefined,
      });
      try {
        await adapter.emit(eventOf('1'));
        // Not waited for by a timer: the next look is to see nothing of it.
        while (journal.readers().every(({ disabled }) => disabled === undefined))
          await new Promise((resolve) => setImmediate(resolve));
        await journal.disable('crm', undefined);
        await crm.next(2);
        expect(rcisOf(crm)).to.deep.equal(['1', '1']);
      } finally {
        await journal.close();
      }
    });
  });

  it('loses nothing of an endpoint that is disabled and enabled while events come', async () => {
    const crm = await site.receiver();
    const adapter = await site.start({ endpoints: { crm: { url: crm.url } } });
    let number = 0;
    const emit = (): Promise<void> => {
      number += 1;
      return adapter.emit(eventOf(String(number)));
    };
    for (let turn = 0; turn < 3; turn += 1) {
      for (let n = 0; n < 20; n += 1) await emit();
      await site.setwire(['endpoint', 'disable', 'crm']);
      for (let n = 0; n < 20; n += 1) await emit();
      await until(() => endpointIn(adapter)?.state === 'disabled');
      await site.setwire(['endpoint', 'enable', 'crm']);
    }
    await until(() => endpointIn(adapter)?.delivered === number);
    expect(rcisOf(crm)).to.deep.equal(numbers(number));
  });

  describe('when it is stopped', () => {
    it('finishes what is under way, and a new start sends nothing twice and leaves nothing out', async () => {
      const crm = await site.receiver({ always: { delayMs: 60 } });
      const config = { stopTimeout: '1s', endpoints: { crm: { url: crm.url, concurrency: 2 } } };
      const first = await site.start(config);
      for (const number of numbers(100)) await first.emit(eventOf(number, `user ${number}`));
      await crm.next(3);
      await first.detach();
      const sent = crm.requests.length;
      // Too many to be sent within the time.
      expect(sent).to.be.below(100);
      expect(endpointIn(first)).to.include({ state: 'stopped', delivered: sent });
      const second = await site.start({ ...config, endpoints: { crm: { url: crm.url, concurrency: 50 } } });
      await until(() => endpointIn(second)?.delivered === 100 - sent);
      expect(rcisOf(crm).sort()).to.deep.equal(numbers(100).sort());
    });

    it('sends an endpoint in good health what little waits for it', async () => {
      const crm = await site.receiver();
      const adapter = await site.start({
        endpoints: { crm: { url: crm.url, batch: { format: 'array', maxEvents: 500, maxWait: '1h' } } },
      });
      for (const number of numbers(3)) await adapter.emit(eventOf(number));
      await adapter.detach();
      expect(crm.requests.map(({ body }) => JSON.parse(body.toString('utf8')).length)).to.deep.equal([3]);
    });

    it('cuts short what takes longer than it may, and sends that again at the next start', async () => {
      let isSlow = true;
      const crm = await site.receiver({ always: () => (isSlow ? { hang: true } : {}) });
      const config = { stopTimeout: '50ms', endpoints: { crm: { url: crm.url, timeout: '1m' } } };
      const first = await site.start(config);
      await first.emit(eventOf('1'));
      await crm.next();
      await first.detach();
      isSlow = false;
      await site.start(config);
      await crm.next(2);
      expect(new Set(jtisOf(crm))).to.have.property('size', 1);
    });
  });

  it('sends what is ready with `order: none`, whatever came before it', async () => {
    const crm = await site.receiver({ answers: [{ hang: true }] });
    const adapter = await site.start({
      stopTimeout: '50ms',
      endpoints: { crm: { url: crm.url, order: 'none', timeout: '1m', concurrency: 2 } },
    });
    for (const number of numbers(5)) await adapter.emit(eventOf(number));
    await until(() => endpointIn(adapter)?.delivered === 4);
    expect(rcisOf(crm).sort()).to.deep.equal(numbers(5));
  });

  it('only probes an endpoint that is down, holds up no other, and brings everything once it is back', async () => {
    let isDown = true;
    const [bad, good] = [await site.receiver({ always: () => (isDown ? { status: 503 } : {}) }), await site.receiver()];
    const adapter = await site.start({
      stopTimeout: '2s',
      endpoints: {
        bad: {
          url: bad.url,
          retry: { initial: '10ms' },
          circuit: { minAttempts: 5, probe: '20ms', maxProbe: '100ms' },
        },
        good: { url: good.url },
      },
    });
    for (const number of numbers(300)) await adapter.emit(eventOf(number, `user ${Number(number) % 20}`));
    await until(() => endpointIn(adapter, 'good')?.delivered === 300);
    await until(() => endpointIn(adapter, 'bad')?.state === 'open');
    expect(endpointIn(adapter, 'bad')).to.include({ delivered: 0, dead: 0, reason: 'answered 503' });
    expect(endpointIn(adapter, 'bad')?.lag.events).to.equal(adapter.status().journal?.events);
    isDown = false;
    await until(() => endpointIn(adapter, 'bad')?.delivered === 300);
    expect(endpointIn(adapter, 'bad')).to.include({ state: 'active' });
    expect(new Set(rcisOf(bad))).to.have.property('size', 300);
    await adapter.detach();
    const taken = site.logRecords().filter(({ endpoint, outcome }) => endpoint === 'bad' && outcome === 'delivered');
    expect(new Set(taken.flatMap(({ sets }) => sets.map(({ jti }) => jti)))).to.have.property('size', 300);
    const said = site.report.args.map(([, message]) => message);
    expect(said).to.include('circuit opened: the endpoint is only probed').and.to.include('circuit closed');
  });

  describe('state.json', () => {
    const stateOf = () => JSON.parse(readFileSync(site.path('setwire-data/state.json'), 'utf8'));

    it('tells how the journal and each endpoint are, and nothing of a user', async () => {
      const crm = await site.receiver();
      const adapter = await site.start({ endpoints: { crm: { url: crm.url }, off: { url: crm.url, enabled: false } } });
      await adapter.emit(eventOf('1'));
      await until(() => endpointIn(adapter)?.lag.events === 0);
      await adapter.detach();
      const state = stateOf();
      expect(Object.keys(state)).to.deep.equal(['writtenAt', 'pid', 'journal', 'endpoints']);
      expect(state).to.deep.include({ pid: process.pid });
      expect(state.journal).to.include({ events: 1 });
      expect(state.endpoints.crm).to.deep.include({ state: 'stopped', delivered: 1, dead: 0, unsettled: 0 });
      expect(state.endpoints.off).to.include({ state: 'disabled', reason: '`enabled: false` in the config' });
      for (const time of [state.writtenAt, state.endpoints.crm.since, state.endpoints.crm.lastSuccess])
        expect(time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(JSON.stringify(state)).to.not.include('ann');
    });

    it('is replaced as a whole: whoever reads it never sees half of it', async () => {
      const crm = await site.receiver();
      const adapter = await site.start({ endpoints: { crm: { url: crm.url } } });
      const written = new Set<string>();
      let number = 0;
      await until(async () => {
        number += 1;
        await adapter.emit(eventOf(String(number)));
        const names = readdirSync(site.path('setwire-data'));
        if (names.includes('state.json')) written.add(stateOf().writtenAt);
        return written.size === 3;
      });
      await adapter.detach();
      expect(readdirSync(site.path('setwire-data')).sort()).to.deep.equal(['journal', 'state.json']);
    });

    it('holds up no delivery where it cannot be written, and that is said once', async () => {
      const crm = await site.receiver();
      mkdirSync(site.path('setwire-data/state.json'), { recursive: true });
      const adapter = await site.start({ endpoints: { crm: { url: crm.url } } });
      const said = (text: string) => site.report.args.filter(([, message]) => message === text);
      await adapter.emit(eventOf('1'));
      await until(() => said('the state file cannot be written').length > 0);
      await adapter.emit(eventOf('2'));
      await crm.next(2);
      await adapter.detach();
      expect(said('the state file cannot be written')).to.have.length(1);
    });
  });

  describe('what is kept', () => {
    it('drops the oldest past the hard limit, logs them as lost and counts them', async () => {
      const crm = await site.receiver();
      const endpoints = { crm: { url: crm.url } };
      const first = await site.start({ endpoints });
      await leads(first);
      await site.setwire(['endpoint', 'disable', 'crm']);
      await until(() => endpointIn(first)?.state === 'disabled');
      for (const number of numbers(50)) await first.emit(eventOf(number));
      await first.detach();
      const second = await site.start({ endpoints, retention: { maxSize: '1KB', hardLimit: '4KB' } });
      await until(() => second.status().losses?.['crm: journal_overflow'] !== undefined);
      const lost = second.status().losses?.['crm: journal_overflow'] ?? 0;
      expect(lost).to.be.within(1, 49);
      await site.setwire(['endpoint', 'enable', 'crm']);
      await crm.next(50 - lost);
      expect(rcisOf(crm)).to.deep.equal(numbers(50).slice(lost));
      await second.detach();
      const dead = site.logRecords().filter(({ outcome }) => outcome === 'dead');
      expect(new Set(dead.map(({ reason }) => reason))).to.deep.equal(new Set(['journal_overflow']));
      const jtis = dead.flatMap(({ sets }) => sets.map(({ jti }) => jti));
      expect(new Set(jtis)).to.have.property('size', lost);
      expect(jtis).to.have.length(lost);
      const told = site.report.args.filter(([level, message]) => level === 'error' && /events are lost/.test(message));
      expect(told.map(([, , fields]) => fields.times)).to.deep.equal([lost]);
    });

    /** Starts with an endpoint, without it, `times` more, and with it again; gives what came to it then. */
    async function afterRemoval(removedEndpoint: string): Promise<string[]> {
      const [crm, siem] = [await site.receiver(), await site.receiver()];
      const both = { crm: { url: crm.url }, siem: { url: siem.url } };
      await (await site.start({ endpoints: both })).detach();
      for (const number of ['1', '2']) {
        const without = await site.start({ endpoints: { siem: both.siem }, retention: { removedEndpoint } });
        await leads(without);
        await without.emit(eventOf(number));
        await siem.next(Number(number));
        await without.detach();
      }
      const again = await site.start({ endpoints: both, retention: { removedEndpoint } });
      await leads(again);
      await again.emit(eventOf('3'));
      await until(() => endpointIn(again)?.lag.events === 0);
      return rcisOf(crm);
    }

    it('keeps the place of an endpoint that was removed for its time of grace', async () => {
      expect(await afterRemoval('1h')).to.deep.equal(['1', '2', '3']);
    });

    it('forgets an endpoint that was removed after its time of grace', async () => {
      expect(await afterRemoval('1ms')).to.deep.equal(['3']);
    });
  });
});

describe('the delivery of two processes with one journal', function () {
  // Each of them compiles what it imports.
  this.timeout(30_000);

  let site: Operated;
  let children: ChildProcess[];

  beforeEach(() => {
    site = operated();
    children = [];
  });

  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    await site.end();
  });

  /** A process that says for each event that it has emitted which one, and whether it transmits when that changes. */
  async function start(name: string) {
    const source = fileURLToPath(new URL('support/emitting.ts', import.meta.url));
    const child = spawn(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), source, site.path('setwire.yaml'), name],
      { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: process.env.PATH } },
    );
    children.push(child);
    const process_ = { child, isTransmitting: false, kept: [] as string[] };
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      if (line === 'transmits') process_.isTransmitting = true;
      if (line.startsWith('kept ')) process_.kept.push(line.slice(5));
    });
    await once(lines, 'line');
    return process_;
  }

  it('is done by exactly one of them, and by the other within seconds when that is killed', async () => {
    const crm = await site.receiver();
    site.write({ endpoints: { crm: { url: crm.url } } });
    const one = await start('one');
    await until(() => one.isTransmitting, 20_000);
    const other = await start('other');
    await until(() => one.kept.length > 20 && other.kept.length > 20, 20_000);
    expect([one.isTransmitting, other.isTransmitting]).to.deep.equal([true, false]);
    // What both of them take in is sent, once.
    const before = [...one.kept, ...other.kept];
    await until(() => before.every((rci) => rcisOf(crm).includes(rci)), 20_000);
    expect(new Set(jtisOf(crm))).to.have.property('size', crm.requests.length);
    const ended = once(one.child, 'close');
    one.child.kill('SIGKILL');
    await ended;
    await until(() => other.isTransmitting, 20_000);
    const kept = [...one.kept, ...other.kept];
    await until(() => kept.every((rci) => rcisOf(crm).includes(rci)), 20_000);
    expect(new Set(rcisOf(crm).filter((rci) => kept.includes(rci)))).to.have.property('size', new Set(kept).size);
  });
});

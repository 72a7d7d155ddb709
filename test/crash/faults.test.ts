import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { expect } from 'chai';
import sinon from 'sinon';
import { type Adapter, createAdapter } from '../../src/adapter.js';
import type { DeliveryRecord } from '../../src/schema-types.js';
import { until } from '../log/folder.js';
import { type Receiver, type ReceiverOptions, type ScriptedAnswer, startReceiver } from '../support/receiver.js';
import { type Workplace, workplace } from '../support/settings.js';
import { type Host, startHost } from './hosts.js';

const pem = (name: string): string => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8');
const served = (name: string): { cert: string; key: string } => ({ cert: pem(`${name}.pem`), key: pem(`${name}.key`) });
/** Tries again and again, quickly. */
const eager = { retry: { initial: '10ms', max: '50ms' }, circuit: { minAttempts: 0 } };
const ndjson = { format: 'ndjson', maxEvents: 500, maxWait: '20ms' };
const day = 86_400_000;

describe('what goes wrong', function () {
  this.timeout(20_000);

  let place: Workplace;
  let adapters: Adapter[];
  let receivers: Receiver[];
  let hosts: Host[];
  let emitted: number;
  const report = sinon.stub();

  beforeEach(() => {
    place = workplace();
    [adapters, receivers, hosts, emitted] = [[], [], [], 0];
    report.resetHistory();
  });

  afterEach(async () => {
    sinon.restore();
    for (const host of hosts) host.kill();
    await Promise.all(receivers.map((receiver) => receiver.stop()));
    await Promise.all(adapters.map((adapter) => adapter.detach()));
    place.remove();
  });

  async function receiver(options?: ReceiverOptions): Promise<Receiver> {
    const started = await startReceiver(options);
    receivers.push(started);
    return started;
  }

  const settingsOf = (config: Record<string, unknown>) =>
    place.settings({ stopTimeout: '1s', dataDir: 'data', log: { level: 'silent', file: 'delivery.log' }, ...config });

  function start(config: Record<string, unknown>): Adapter {
    const adapter = createAdapter(settingsOf(config), { report });
    adapters.push(adapter);
    return adapter;
  }

  /** Emits so many events, numbered over the whole test, as a login does: the caller goes on at once. */
  function emit(adapter: Adapter, count: number): Promise<unknown> {
    const numbers = Array.from({ length: count }, (_, n) => emitted + n + 1);
    emitted += count;
    return Promise.allSettled(
      numbers.map((n) =>
        adapter.emit({ type: 'account.deleted', correlationId: String(n), user: { id: `user-${n}` } }),
      ),
    );
  }

  const numbersIn = (text: string): number[] => Array.from(text.matchAll(/"rci":"(\d+)"/g), ([, n]) => Number(n));
  /** Which of the events a receiver has got, each once. */
  const gotBy = ({ requests }: Receiver): Set<number> =>
    new Set(requests.flatMap(({ body }) => numbersIn(body.toString('utf8'))));
  const all = (): number[] => Array.from({ length: emitted }, (_, n) => n + 1);
  const sorted = (numbers: Iterable<number>): number[] => [...numbers].sort((a, b) => a - b);
  const records = (file = 'delivery.log'): DeliveryRecord[] =>
    readFileSync(place.path(file), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as DeliveryRecord);
  const errorsOf = (endpoint: string): Set<string | undefined> =>
    new Set(
      records().flatMap((each) => (each.endpoint === endpoint && each.outcome !== 'delivered' ? each.error : [])),
    );
  const delivered = (adapter: Adapter, endpoint: string): number =>
    adapter.status().endpoints?.[endpoint]?.delivered ?? 0;
  const retries = (adapter: Adapter, endpoint: string): number => adapter.status().endpoints?.[endpoint]?.retries ?? 0;
  const codes = (): unknown[] => report.args.map(([, , fields]) => fields?.code).filter(Boolean);
  const messages = (): unknown[] => report.args.map(([, message]) => message);

  describe('at an endpoint that cannot be reached', () => {
    const https = (name: string) => receiver({ tls: served(name) });
    const cases: Record<string, { url: () => Promise<string>; codes: readonly string[] }> = {
      'its name cannot be looked up': {
        url: async () => 'https://receiver.setwire.invalid/events',
        codes: ['ENOTFOUND', 'EAI_AGAIN'],
      },
      'nothing listens there': {
        url: async () => {
          const gone = await startReceiver();
          await gone.stop();
          return gone.url;
        },
        codes: ['ECONNREFUSED'],
      },
      'its certificate has expired': { url: async () => (await https('expired')).url, codes: ['CERT_HAS_EXPIRED'] },
      'its certificate is for another name': {
        url: async () => (await https('elsewhere')).url,
        codes: ['ERR_TLS_CERT_ALTNAME_INVALID'],
      },
    };
    for (const [why, { url, codes: expected }] of Object.entries(cases)) {
      it(`events wait, others get theirs, and all arrive once the config is mended: ${why}`, async () => {
        const [good, mended] = [await receiver(), await https('server')];
        const configWith = (badUrl: string) => ({
          endpoints: { good: { url: good.url }, bad: { url: badUrl, tls: { ca: pem('authority.pem') }, ...eager } },
        });
        const adapter = start(configWith(await url()));
        await emit(adapter, 20);
        await until(() => delivered(adapter, 'good') === 20 && retries(adapter, 'bad') > 3);
        expect(adapter.status().endpoints?.bad).to.include({ state: 'failing', delivered: 0, dead: 0 });
        expect(adapter.status().endpoints?.bad?.lag.events).to.equal(20);
        adapter.apply(settingsOf(configWith(mended.url)));
        await until(() => delivered(adapter, 'bad') === 20);
        await adapter.detach();
        expect(sorted(gotBy(mended))).to.deep.equal(all());
        expect(sorted(gotBy(good))).to.deep.equal(all());
        expect(expected).to.include.members([...errorsOf('bad')].filter((code) => code !== 'ABORTED'));
        expect(adapter.status().losses).to.deep.equal({});
      });
    }
  });

  describe('in an answer', () => {
    const times = (count: number, answer: ScriptedAnswer): ScriptedAnswer[] =>
      Array<ScriptedAnswer>(count).fill(answer);
    const cases: Record<string, { answers: ScriptedAnswer[]; error?: string }> = {
      'is cut in its body': { answers: times(10, { status: 200, reset: 'in-body' }), error: 'ECONNRESET' },
      'is cut before it begins': { answers: times(10, { reset: true }), error: 'ECONNRESET' },
      'drips, a 2xx': { answers: times(6, { status: 200, dripMs: 10 }), error: 'ETIMEDOUT' },
      'drips, a 5xx': { answers: times(6, { status: 503, dripMs: 10 }), error: 'ETIMEDOUT' },
      'never comes': { answers: times(6, { hang: true }), error: 'ETIMEDOUT' },
      'is no HTTP': { answers: times(10, { raw: 'SSH-2.0-OpenSSH_9.9\r\n' }), error: 'HPE_INVALID' },
      'has 1 GB, a 5xx': { answers: times(10, { status: 503, bodyBytes: 2 ** 30 }) },
      'has 1 GB, a 2xx': { answers: times(10, { status: 200, bodyBytes: 2 ** 30 }) },
    };
    for (const [what, { answers, error }] of Object.entries(cases)) {
      it(`that ${what}: everything arrives, and nobody else waits`, async () => {
        const [bad, good] = [await receiver({ answers }), await receiver()];
        const adapter = start({
          endpoints: { bad: { url: bad.url, timeout: '150ms', ...eager }, good: { url: good.url } },
        });
        await emit(adapter, 20);
        await until(() => delivered(adapter, 'good') === 20 && delivered(adapter, 'bad') === 20);
        await adapter.detach();
        expect(sorted(gotBy(bad))).to.deep.equal(all());
        expect(bad.bytesSent, 'of 10 GB').to.be.below(300 * 2 ** 20);
        if (error !== undefined) expect([...errorsOf('bad')]).to.deep.equal([error]);
        expect(adapter.status()).to.deep.include({ losses: {} });
        expect(adapter.status().endpoints?.bad).to.include({ dead: 0 });
      });
    }
  });

  describe('with the clock', () => {
    /** The time is set; timers and the steady clock go on. */
    const fakeDate = () => sinon.useFakeTimers({ now: Date.now(), toFake: ['Date'] });

    it('exhausts no patience and stops no retry when it is set a day forward and two days back', async () => {
      const time = fakeDate();
      let status = 503;
      const crm = await receiver({ always: () => ({ status }) });
      const adapter = start({
        endpoints: { crm: { url: crm.url, ...eager, retry: { initial: '10ms', max: '50ms', maxAge: '1h' } } },
      });
      await emit(adapter, 5);
      await crm.next(10);
      for (const jump of [day, -2 * day, day / 2]) {
        time.setSystemTime(Date.now() + jump);
        const before = crm.requests.length;
        await crm.next(before + 20);
      }
      status = 202;
      await until(() => delivered(adapter, 'crm') === 5);
      expect(adapter.status().endpoints?.crm).to.include({ dead: 0, deadLetters: 0 });
      expect(adapter.status().losses).to.deep.equal({});
    });

    it('does not take the lead from who has it', async () => {
      const time = fakeDate();
      const crm = await receiver();
      const config = { endpoints: { crm: { url: crm.url } } };
      const first = start(config);
      await until(() => first.status().isTransmitting === true);
      const second = start({ ...config, log: { level: 'silent', file: 'second.log' } });
      for (const jump of [day, -2 * day]) {
        time.setSystemTime(Date.now() + jump);
        await emit(second, 10);
        await until(() => delivered(first, 'crm') === emitted);
      }
      expect([first, second].map((each) => each.status().isTransmitting)).to.deep.equal([true, false]);
      expect(crm.requests).to.have.length(20);
    });

    for (const [name, jump] of Object.entries({ 'a day forward': day, 'a day back': -day })) {
      it(`drops nothing that is waited for when a start finds it set ${name}`, async () => {
        const time = fakeDate();
        let status = 503;
        const [up, down] = [await receiver(), await receiver({ always: () => ({ status }) })];
        const config = {
          stopTimeout: '20ms',
          retention: { maxAge: '1h', removedEndpoint: '1h' },
          deadLetters: { maxAge: '1h' },
          endpoints: { up: { url: up.url }, down: { url: down.url, ...eager } },
        };
        const before = start(config);
        await emit(before, 20);
        await until(() => delivered(before, 'up') === 20 && retries(before, 'down') > 5);
        await before.detach();
        time.setSystemTime(Date.now() + jump);
        status = 202;
        const after = start(config);
        await until(() => delivered(after, 'down') === 20);
        expect(sorted(gotBy(down))).to.deep.equal(all());
        expect(up.requests, 'nothing is sent again').to.have.length(20);
        expect(after.status().losses).to.deep.equal({});
      });
    }
  });

  describe('on the disk', () => {
    it('is full: the host goes on, what is kept arrives, and what is not is counted', async () => {
      const crm = await receiver();
      settingsOf({
        buffer: { maxEvents: 1000 },
        log: { level: 'silent', file: 'delivery.log' },
        endpoints: { crm: { url: crm.url, batch: ndjson } },
      });
      const host = startHost(place.path('setwire.json'));
      hosts.push(host);
      await host.begun;
      host.emit(50);
      await until(() => gotBy(crm).size === 50);
      const { size } = statSync(place.path('data/journal/data.mdb'));
      execFileSync('prlimit', ['--pid', String(host.pid), `--fsize=${size}:`]);
      for (let n = 0; n < 5; n += 1) host.emit(1000);
      await until(() => host.codes.includes('SETWIRE_JOURNAL_UNWRITABLE'));
      const during = await host.status();
      expect(during.state).to.equal('running');
      expect(during.journal?.error).to.be.a('string');
      execFileSync('prlimit', ['--pid', String(host.pid), '--fsize=unlimited:']);
      await until(() => host.kept.size > 1000);
      host.emit(10);
      await until(() => host.kept.has(5060));
      await until(() => [...host.kept].every((n) => gotBy(crm).has(n)));
      const { status, end } = await host.detach();
      expect(end).to.equal('0');
      const lost = Object.values(status.losses ?? {}).reduce((sum, count) => sum + count, 0);
      expect(lost).to.be.greaterThan(0);
      expect(Object.keys(status.losses ?? {})).to.deep.equal(['account.deleted: before the journal']);
      expect(gotBy(crm).size + lost).to.equal(5060);
      expect(host.codes.filter((code) => code === 'SETWIRE_JOURNAL_UNWRITABLE')).to.have.length(1);
    });

    it('keeps the delivery log from being written: delivery goes on, and its lines come later', async () => {
      writeFileSync(place.path('logs'), 'in the way');
      const crm = await receiver();
      const adapter = start({
        log: { level: 'silent', file: 'logs/delivery.log' },
        endpoints: { crm: { url: crm.url } },
      });
      await emit(adapter, 20);
      await until(() => delivered(adapter, 'crm') === 20 && adapter.status().log?.error !== undefined);
      expect(codes()).to.deep.equal(['SETWIRE_LOG_UNWRITABLE']);
      unlinkSync(place.path('logs'));
      await until(() => adapter.status().log?.written === 20);
      expect(records('logs/delivery.log')).to.have.length(20);
      expect(adapter.status().log).to.deep.equal({ written: 20, dropped: 0 });
    });

    it('keeps the state file from being written: delivery goes on, and it is said once', async () => {
      mkdirSync(place.path('data/state.json'), { recursive: true });
      const crm = await receiver();
      const adapter = start({ endpoints: { crm: { url: crm.url } } });
      await emit(adapter, 20);
      await until(() => delivered(adapter, 'crm') === 20 && messages().includes('the state file cannot be written'));
      rmdirSync(place.path('data/state.json'));
      await emit(adapter, 1);
      await until(() => messages().includes('the state file is written again'));
      expect(messages().filter((message) => message === 'the state file cannot be written')).to.have.length(1);
      expect(JSON.parse(readFileSync(place.path('data/state.json'), 'utf8'))).to.have.nested.property('endpoints.crm');
    });

    it('keeps the journal from being opened: the host starts, and what it emits arrives later', async () => {
      writeFileSync(place.path('data'), 'in the way');
      const crm = await receiver();
      const adapter = start({ endpoints: { crm: { url: crm.url } } });
      const emitting = emit(adapter, 20);
      await until(() => codes().length > 0);
      expect(adapter.status()).to.include({ state: 'running' });
      expect(adapter.status().journal).to.include({ waiting: 20 });
      unlinkSync(place.path('data'));
      await emitting;
      await until(() => delivered(adapter, 'crm') === 20);
      expect(sorted(gotBy(crm))).to.deep.equal(all());
      expect(codes()).to.deep.equal(['SETWIRE_JOURNAL_UNWRITABLE']);
    });

    it('never lets the journal be written: a stop ends, and counts what is lost', async () => {
      writeFileSync(place.path('data'), 'in the way');
      const adapter = start({ stopTimeout: '50ms', endpoints: { crm: { url: 'http://127.0.0.1:9/' } } });
      const emitting = emit(adapter, 20);
      await until(() => codes().length > 0);
      await adapter.detach();
      await emitting;
      expect(adapter.status().losses).to.deep.equal({ 'account.deleted: before the journal': 20 });
    });

    it('never lets the journal be written: a stop takes as long as the config allows by then', async () => {
      writeFileSync(place.path('data'), 'in the way');
      const config = { stopTimeout: '1h', endpoints: { crm: { url: 'http://127.0.0.1:9/' } } };
      const adapter = start(config);
      const emitting = emit(adapter, 20);
      await until(() => codes().length > 0);
      adapter.apply(settingsOf({ ...config, stopTimeout: '50ms' }));
      await adapter.detach();
      await emitting;
      expect(adapter.status().losses).to.deep.equal({ 'account.deleted: before the journal': 20 });
    });

    it('has lost the journal to garbage: the host starts, and new events arrive', async () => {
      mkdirSync(place.path('data/journal'), { recursive: true });
      writeFileSync(place.path('data/journal/data.mdb'), Buffer.alloc(100_000, 'garbage'));
      const crm = await receiver();
      const adapter = start({ endpoints: { crm: { url: crm.url } } });
      await emit(adapter, 20);
      await until(() => delivered(adapter, 'crm') === 20);
      expect(codes()).to.deep.equal(['SETWIRE_JOURNAL_CORRUPT']);
      expect(readdirSync(place.path('data')).some((name) => name.startsWith('journal.damaged-'))).to.equal(true);
    });

    it('loses the data directory while the host runs: everything that was emitted arrives', async () => {
      let status = 503;
      const [up, down] = [await receiver(), await receiver({ always: () => ({ status }) })];
      const config = {
        stopTimeout: '20ms',
        endpoints: { up: { url: up.url }, down: { url: down.url, ...eager } },
      };
      const adapter = start(config);
      for (let round = 0; round < 3; round += 1) {
        await emit(adapter, 30);
        await until(() => delivered(adapter, 'up') === emitted);
        rmSync(place.path('data'), { recursive: true, force: true });
      }
      await emit(adapter, 10);
      await until(() => delivered(adapter, 'up') === 100);
      expect(existsSync(place.path('data/journal/data.mdb'))).to.equal(true);
      await adapter.detach();
      status = 202;
      const again = start(config);
      await until(() => delivered(again, 'down') === 100);
      expect(sorted(gotBy(up))).to.deep.equal(all());
      expect(sorted(gotBy(down))).to.deep.equal(all());
    });
  });

  describe('by too much', () => {
    // So that no more than 1000 are read ahead.
    const batch = { ...ndjson, maxEvents: 50 };

    it('is waiting in memory: what arrives and what is logged as lost are together what was emitted', async () => {
      let hang = true;
      const slow = await receiver({ always: () => (hang ? { hang } : {}) });
      const adapter = start({
        journal: 'memory',
        buffer: { maxEvents: 2000 },
        endpoints: { slow: { url: slow.url, timeout: '100ms', ...eager, batch } },
      });
      for (let round = 0; round < 6; round += 1) await emit(adapter, 1000);
      hang = false;
      await until(() => adapter.status().endpoints?.slow?.lag.events === 0);
      await adapter.detach();
      const dead = records().filter(({ outcome }) => outcome === 'dead');
      expect(new Set(dead.map(({ reason }) => reason))).to.deep.equal(new Set(['journal_overflow']));
      const lost = dead.flatMap(({ sets }) => sets).length;
      expect(adapter.status().losses).to.deep.equal({ 'slow: journal_overflow': lost });
      expect(gotBy(slow).size + lost).to.equal(6000);
    });

    it('is in the journal: the same past its hard limit', async () => {
      let status = 503;
      const slow = await receiver({ always: () => ({ status }) });
      const config = {
        stopTimeout: '20ms',
        retention: { maxSize: '64KB', hardLimit: '1MB' },
        endpoints: { slow: { url: slow.url, ...eager, batch } },
      };
      const before = start(config);
      await emit(before, 10_000);
      await before.detach();
      status = 202;
      const after = start(config);
      await until(() => after.status().isTransmitting === true && after.status().endpoints?.slow?.lag.events === 0);
      await after.detach();
      // The first has dropped some already.
      const losses = [before, after].flatMap((each) => Object.entries(each.status().losses ?? {}));
      expect(new Set(losses.map(([kind]) => kind))).to.deep.equal(new Set(['slow: journal_overflow']));
      const lost = losses.reduce((sum, [, count]) => sum + count, 0);
      const dead = records().filter(({ outcome }) => outcome === 'dead');
      expect(dead.flatMap(({ sets }) => sets)).to.have.length(lost);
      expect(delivered(after, 'slow') + lost).to.equal(10_000);
    });
  });
});

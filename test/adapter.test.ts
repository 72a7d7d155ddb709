import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import sinon from 'sinon';
import { type Adapter, createAdapter } from '../src/adapter.js';
import type { ReportedEvent } from '../src/events/identity-event.js';
import type { DeliveryRecord } from '../src/schema-types.js';
import { validatorOf } from '../src/schemas.js';
import { type Receiver, startReceiver } from './support/receiver.js';
import { type Workplace, workplace } from './support/settings.js';

const failure = (username: string): ReportedEvent => ({
  type: 'login.failure',
  user: { username },
  initiator: { type: 'user', ip: '203.0.113.10' },
});
const bodiesOf = (receiver: Receiver): string[] => receiver.requests.map(({ body }) => body.toString('utf8'));

for (const transmitter of ['worker', 'inline'])
  describe(`the adapter, transmitter: ${transmitter}`, () => {
    let place: Workplace;
    let adapters: Adapter[];
    let receivers: Receiver[];
    const report = sinon.stub();

    beforeEach(() => {
      place = workplace();
      adapters = [];
      receivers = [];
      report.resetHistory();
    });

    afterEach(async () => {
      await Promise.all(adapters.map((adapter) => adapter.detach()));
      await Promise.all(receivers.map((receiver) => receiver.stop()));
      place.remove();
    });

    async function receiver(...args: Parameters<typeof startReceiver>): Promise<Receiver> {
      const started = await startReceiver(...args);
      receivers.push(started);
      return started;
    }

    function start(config: Record<string, unknown>, host?: unknown): Adapter {
      const adapter = createAdapter(place.settings(config.journal === 'memory' ? config : { transmitter, ...config }), {
        report,
        ...(host !== undefined && { host }),
      });
      adapters.push(adapter);
      return adapter;
    }

    const logRecords = (): DeliveryRecord[] =>
      readFileSync(place.path('setwire-delivery.log'), 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as DeliveryRecord);

    it('carries an event from a bus to a receiver, and the attempt into the delivery log', async () => {
      const crm = await receiver();
      const bus = new EventEmitter();
      const adapter = start({ issuer: 'https://id.example.com', endpoints: { crm: { url: crm.url } } }, bus);
      bus.emit('account.locked', {
        user: { id: '42', username: 'alice', claims: { email: 'alice@example.com' } },
        initiator: { type: 'admin' },
      });
      await crm.next();
      await adapter.detach();
      const set = JSON.parse(bodiesOf(crm)[0] ?? '');
      expect(Object.keys(set)).to.deep.equal(['iss', 'jti', 'iat', 'events']);
      expect(Object.values(set.events)[0]).to.deep.equal({
        initiatorType: 'ADMIN',
        user: {
          id: '42',
          claims: [{ uri: 'http://wso2.org/claims/username', value: 'alice' }],
          ref: 'https://id.example.com/scim2/Users/42',
        },
        action: 'USER_ACCOUNT_LOCK',
      });
      const [record] = logRecords();
      expect(validatorOf('delivery-log.schema.json')(record)).to.deep.equal([]);
      expect(record).to.include({ endpoint: 'crm', outcome: 'delivered', attempt: 1, status: 202 });
      expect(record?.sets[0]).to.include({ jti: set.jti, event: 'account.locked' });
      expect(readFileSync(place.path('setwire-delivery.log'), 'utf8')).to.not.match(/alice|203\.0\.113|"42"/);
    });

    it('gives every endpoint the same jti, and each only what it wants', async () => {
      const [all, failures] = [await receiver(), await receiver()];
      const adapter = start({
        endpoints: {
          all: { url: all.url },
          failures: { url: failures.url, events: ['login.failure'], where: { 'user.username': 'bob' } },
        },
      });
      await adapter.emit(failure('alice'));
      await adapter.emit(failure('bob'));
      await adapter.emit({ type: 'account.deleted', user: { id: 'bob' } });
      await adapter.detach();
      const jtis = bodiesOf(all).map((body) => JSON.parse(body).jti);
      const bobs = bodiesOf(all).find((body) => body.includes('"value":"bob"')) ?? '{}';
      expect(new Set(jtis)).to.have.property('size', 3);
      expect(bodiesOf(failures)).to.deep.equal([bobs]);
    });

    it('takes an event once whose id was given, however often and however close it is reported, and counts it once', async () => {
      const crm = await receiver();
      const adapter = start({
        flows: { login: { suspicious: { failures: 3, by: ['user'] } } },
        endpoints: { crm: { url: crm.url } },
      });
      const id = '051f0c37-b689-44d4-b7d2-29b980ece273';
      await Promise.all([
        adapter.emit({ ...failure('alice'), id }),
        adapter.emit({ ...failure('alice'), id: id.toUpperCase() }),
      ]);
      await adapter.emit({ ...failure('alice'), id });
      await adapter.detach();
      expect(bodiesOf(crm).map((body) => JSON.parse(body).jti)).to.deep.equal([id]);
      expect(adapter.status().events).to.deep.equal({ accepted: 3, refused: 0, recorded: 1 });
    });

    it('keeps jti and iat when it tries again', async () => {
      const crm = await receiver({ answers: [{ status: 503 }, { status: 500 }] });
      const adapter = start({ endpoints: { crm: { url: crm.url, retry: { initial: '10ms' } } } });
      await adapter.emit(failure('alice'));
      await crm.next(3);
      await adapter.detach();
      expect(new Set(bodiesOf(crm))).to.have.property('size', 1);
      expect(logRecords().map(({ outcome, attempt }) => [outcome, attempt])).to.deep.equal([
        ['retry', 1],
        ['retry', 2],
        ['delivered', 3],
      ]);
    });

    const troubles: Record<string, Parameters<typeof startReceiver>[0]> = {
      hangs: { always: { hang: true } },
      'answers garbage': { always: { raw: 'this is not HTTP\r\n\r\n' } },
      resets: { always: { reset: true } },
      'sends 1 GB': { always: { status: 200, bodyBytes: 2 ** 30 } },
      'answers 500': { always: { status: 500 } },
    };
    for (const [name, options] of Object.entries(troubles)) {
      it(`an endpoint that ${name} does not hold up another`, async () => {
        const [bad, good] = [await receiver(options), await receiver()];
        const adapter = start({
          stopTimeout: '50ms',
          endpoints: { bad: { url: bad.url, timeout: '5s', concurrency: 1 }, good: { url: good.url } },
        });
        for (let n = 0; n < 200; n += 1) await adapter.emit(failure(`user-${n}`));
        await good.next(200);
        expect(good.requests).to.have.length(200);
      });
    }

    it('answers emit with the reason when the event is refused, and nothing leaves', async () => {
      const crm = await receiver();
      const adapter = start({ endpoints: { crm: { url: crm.url } } });
      const refused = await adapter.emit({ type: 'account.locked' }).catch((error: unknown) => error);
      expect(refused).to.be.an('error').with.property('code', 'SETWIRE_EVENT_INVALID');
      await adapter.detach();
      expect(crm.requests).to.have.length(0);
      expect(adapter.status().events).to.include({ accepted: 0, refused: 1 });
    });

    it('never throws into a bus, whatever is emitted on it', async () => {
      const crm = await receiver();
      const bus = new EventEmitter();
      const adapter = start({ endpoints: { crm: { url: crm.url } } }, bus);
      const cycle: Record<string, unknown> = { user: {} };
      cycle.user = cycle;
      const hostile = [
        undefined,
        null,
        'a text',
        cycle,
        { user: { id: 'x'.repeat(10_000_000) } },
        { user: { id: 42 } },
        { user: { id: 'a\u0000b' } },
        JSON.parse('{"user":{"id":"1","__proto__":{"admin":true}}}'),
        Object.defineProperty({}, 'user', {
          enumerable: true,
          get: () => {
            throw new Error('boom');
          },
        }),
        new Proxy(
          {},
          {
            ownKeys: () => {
              throw new Error('boom');
            },
          },
        ),
        { user: { id: 1n } },
      ];
      for (const event of hostile) bus.emit('account.deleted', event);
      bus.emit('account.deleted', { user: { id: '7' } });
      await crm.next();
      await adapter.detach();
      expect(crm.requests).to.have.length(1);
      expect(bodiesOf(crm)[0]).to.include('"id":"7"');
      expect(adapter.status().events).to.include({ accepted: 1 });
      expect(JSON.stringify(report.args)).to.not.include('boom');
    });

    it('says what is lost when it stops with events waiting', async () => {
      const down = await receiver({ always: { status: 503 } });
      const adapter = start({
        journal: 'memory',
        stopTimeout: '20ms',
        endpoints: { down: { url: down.url, retry: { initial: '1h' } } },
      });
      await adapter.emit(failure('alice'));
      await adapter.emit(failure('bob'));
      await adapter.detach();
      const dead = logRecords().filter(({ outcome }) => outcome === 'dead');
      expect(dead.flatMap(({ sets }) => sets)).to.have.length(2);
      expect(dead.every(({ reason, attempt }) => reason === 'lost_on_exit' && attempt >= 0)).to.equal(true);
      expect(adapter.status().losses).to.deep.equal({ 'down: lost_on_exit': 2 });
      const told = report.args.filter(
        ([level, text]) => level === 'error' && text === 'events are lost: down: lost_on_exit',
      );
      expect(told.map(([, , fields]) => fields.times)).to.deep.equal([2]);
    });

    it('drops the oldest when the journal is full, and counts each of them once', async () => {
      const slow = await receiver({ always: { hang: true } });
      const adapter = start({
        stopTimeout: '20ms',
        journal: 'memory',
        buffer: { maxEvents: 2000 },
        endpoints: { slow: { url: slow.url, concurrency: 1 } },
      });
      // More than are read ahead (1000) and kept (2000).
      for (let n = 0; n < 3500; n += 1) await adapter.emit(failure(`user-${n}`));
      await adapter.detach();
      const dead = logRecords().filter(({ outcome }) => outcome === 'dead');
      const jtis = dead.flatMap(({ sets }) => sets.map(({ jti }) => jti));
      expect(new Set(jtis)).to.have.property('size', 3500);
      expect(jtis).to.have.length(3500);
      const { losses = {} } = adapter.status();
      expect(Object.keys(losses).sort()).to.deep.equal(['slow: journal_overflow', 'slow: lost_on_exit']);
      expect(Object.values(losses).reduce((sum, count) => sum + count, 0)).to.equal(3500);
    });

    it('refuses what comes after the stop, without hurting whoever does not look', async () => {
      const bus = new EventEmitter();
      const adapter = start({ endpoints: {} }, bus);
      await adapter.detach();
      expect(bus.eventNames()).to.deep.equal([]);
      const refused = await adapter.emit(failure('alice')).catch((error: unknown) => error);
      expect(refused).to.be.an('error').with.property('code', 'SETWIRE_NOT_RUNNING');
      void adapter.emit(failure('alice'));
      await adapter.detach();
    });

    it('gives embedders the flows', async () => {
      const adapter = start({ endpoints: {} });
      const seen: string[] = [];
      adapter.flows.login.subscribe(({ type }) => seen.push(type));
      for (let n = 0; n < 5; n += 1) await adapter.emit(failure('alice'));
      await adapter.emit({ type: 'account.deleted', user: { id: 'alice' } });
      expect(seen).to.deep.equal([...Array<string>(5).fill('login.failure'), 'login.suspicious', 'login.suspicious']);
    });

    it('tells the state of each endpoint', async () => {
      const [crm, old] = [await receiver(), await receiver({ always: { status: 410 } })];
      const adapter = start({
        stopTimeout: '20ms',
        endpoints: { crm: { url: crm.url }, old: { url: old.url }, off: { url: old.url, enabled: false } },
      });
      await adapter.ready;
      await adapter.emit(failure('alice'));
      await Promise.all([crm.next(), old.next()]);
      await adapter.detach();
      const { endpoints } = adapter.status();
      expect(Object.keys(endpoints ?? {})).to.deep.equal(['crm', 'old', 'off']);
      expect(endpoints?.off).to.include({ state: 'disabled', reason: '`enabled: false` in the config' });
      expect(endpoints?.crm).to.include({ delivered: 1, dead: 0 });
      expect(endpoints?.old).to.include({ delivered: 0 });
      expect(old.requests).to.have.length(1);
    });
  });

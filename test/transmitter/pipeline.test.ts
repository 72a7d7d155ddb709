import { expect } from 'chai';
import sinon from 'sinon';
import type { IdentityEvent } from '../../src/events/identity-event.js';
import type { Journal } from '../../src/journal/journal.js';
import { memoryJournal } from '../../src/journal/memory.js';
import type { DeliveryRecord } from '../../src/schema-types.js';
import { validatorOf } from '../../src/schemas.js';
import type { SetResult } from '../../src/set/set.js';
import type {
  Answer,
  Batch,
  BatchLimits,
  CircuitPolicy,
  Endpoint,
  RetryPolicy,
} from '../../src/transmitter/endpoint.js';
import { shapeOf } from '../../src/transmitter/packer.js';
import { type Transmission, type TransmitDeps, transmit } from '../../src/transmitter/pipeline.js';
import { formatOf } from '../../src/transmitter/request.js';
import { appendEvent } from '../support/append-event.js';
import { identityEvent } from '../support/events.js';
import { seeded } from './seeded.js';

const violations = validatorOf('delivery-log.schema.json');
const second = 1000;
const minute = 60 * second;
const start = Date.parse('2026-11-23T14:00:00.000Z');

type Overrides = Partial<Omit<Endpoint, 'batch' | 'retry' | 'circuit'>> & {
  batch?: Partial<BatchLimits>;
  retry?: Partial<RetryPolicy>;
  circuit?: Partial<CircuitPolicy>;
};

/** An endpoint that sends each event at once, waits 1, 2, 4 ... seconds between attempts, and has no circuit breaker. */
function endpointOf({ batch, retry, circuit, ...others }: Overrides = {}): Endpoint {
  return {
    name: 'crm',
    url: 'https://crm.example.com/events',
    delivery: 'webhook',
    wire: 'draft-02',
    events: ['*'],
    where: {},
    headers: {},
    timeoutMs: 10 * second,
    concurrency: 4,
    order: 'subject',
    ...others,
    batch: { format: 'array', maxEvents: 1, maxBytes: 1_000_000, maxWaitMs: second, ...batch },
    retry: {
      initialMs: second,
      maxMs: minute,
      maxAgeMs: 24 * 60 * minute,
      maxAttempts: 0,
      maxRetryAfterMs: 10 * minute,
      ...retry,
    },
    circuit: {
      failureRate: 0.5,
      windowMs: minute,
      minAttempts: 0,
      probeMs: 5 * second,
      maxProbeMs: minute,
      ...circuit,
    },
  };
}

const answer = (status: number, body = '', headers: Record<string, string> = {}): Answer => ({
  kind: 'answer',
  status,
  headers,
  body,
  durationMs: 3,
  bytes: 100,
});
const failure = (code: string): Answer => ({ kind: 'failure', code, detail: 'in words', durationMs: 1, bytes: 100 });

/** Made of the number alone: `e1` of user `ann`. */
const eventOf = (number: number, user = `user ${number}`): IdentityEvent =>
  identityEvent('login.success', { id: `e${number}`, user: { id: user }, acceptedAt: start });

function setOf(event: IdentityEvent): SetResult {
  const text = JSON.stringify({ jti: event.id, user: event.user?.id });
  return { kind: 'set', set: { jti: event.id, eventType: event.type, eventTypeUri: 'u', text, bytes: text.length } };
}

interface Sent {
  readonly at: number;
  readonly id: string;
  readonly jtis: string[];
}

describe('a transmission', () => {
  let clock: sinon.SinonFakeTimers;
  let journal: Journal;
  let reports: Parameters<TransmitDeps['report']>[];
  let records: DeliveryRecord[];
  let sent: Sent[];
  let disabled: string[];
  let running: Transmission[];

  beforeEach(() => {
    clock = sinon.useFakeTimers({
      now: start,
      toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
    });
    journal = memoryJournal({ maxEvents: 100_000, maxBytes: 100_000_000 }, () => expect.fail('nothing may be lost'));
    reports = [];
    records = [];
    sent = [];
    disabled = [];
    running = [];
  });

  afterEach(async () => {
    for (const transmission of running) await transmission.stop(0);
    await journal.close();
    for (const record of records) expect(violations(record), JSON.stringify(record)).to.deep.equal([]);
  });

  /** @param deliver what the receiver answers; what it is asked is kept in `sent` */
  function begin(
    overrides: Overrides,
    deliver: (batch: Batch, signal: AbortSignal, nth: number) => Answer | Promise<Answer>,
    deps: Partial<TransmitDeps> = {},
  ): Transmission {
    const endpoint = endpointOf(overrides);
    void journal.open(endpoint.name);
    const transmission = transmit(endpoint, {
      shape: shapeOf(formatOf(endpoint, false)),
      journal,
      makeSets: (event) => [setOf(event)],
      wants: () => true,
      deliver: async (batch, signal) => {
        sent.push({ at: Date.now() - start, id: batch.id, jtis: batch.sets.map(({ jti }) => jti) });
        return deliver(batch, signal, sent.length);
      },
      hashUser: () => '9a0b1c2d3e4f5061',
      now: () => Date.now(),
      clock: () => Date.now(),
      onDisabled: (reason) => disabled.push(reason),
      isLive: true,
      random: () => 1,
      report: (...said) => reports.push(said),
      ...deps,
    });
    transmission.records.subscribe((record) => records.push(record));
    running.push(transmission);
    return transmission;
  }

  async function append(...events: IdentityEvent[]): Promise<void> {
    for (const event of events) await appendEvent(journal, event);
    await clock.tickAsync(0);
  }

  const jtis = (): string[][] => sent.map((each) => each.jtis);
  const outcomes = (): string[] => records.map(({ outcome }) => outcome);

  describe('an answer', () => {
    it('of 2xx: the event is delivered and finished', async () => {
      const transmission = begin({}, () => answer(202));
      await append(eventOf(1));
      expect(records).to.deep.equal([
        {
          time: '2026-11-23T14:00:00.000Z',
          endpoint: 'crm',
          outcome: 'delivered',
          batch: sent[0]?.id,
          attempt: 1,
          status: 202,
          durationMs: 3,
          bytes: 100,
          sets: [{ jti: 'e1', event: 'login.success', user: '9a0b1c2d3e4f5061' }],
        },
      ]);
      expect(journal.position('crm')).to.deep.equal({ next: journal.end, pending: [] });
      expect(transmission.status()).to.deep.equal({
        state: 'active',
        since: start,
        delivered: 1,
        retries: 0,
        dead: 0,
        deadLetters: 0,
        unsettled: 0,
        lag: { events: 0, seconds: 0 },
        lastSuccessAt: start,
      });
      await clock.tickAsync(60 * minute);
      expect(sent).to.have.lengthOf(1);
    });

    it('of 5xx: the same batch again, at the time that the record says', async () => {
      const transmission = begin({}, (_batch, _signal, nth) => answer(nth < 3 ? 503 : 202));
      await append(eventOf(1));
      expect(records[0]).to.deep.include({ outcome: 'retry', attempt: 1, status: 503 });
      expect(records[0]?.nextRetryAt).to.equal('2026-11-23T14:00:01.000Z');
      expect(transmission.status()).to.deep.include({
        state: 'failing',
        retries: 1,
        unsettled: 1,
        lag: { events: 1, seconds: 0 },
      });
      expect(transmission.holds(1)).to.equal(true);
      await clock.tickAsync(second - 1);
      expect(sent).to.have.lengthOf(1);
      await clock.tickAsync(1);
      expect(records[1]).to.deep.include({ outcome: 'retry', attempt: 2, nextRetryAt: '2026-11-23T14:00:03.000Z' });
      await clock.tickAsync(2 * second);
      expect(records[2]).to.deep.include({ outcome: 'delivered', attempt: 3 });
      expect(sent.map(({ at }) => at)).to.deep.equal([0, second, 3 * second]);
      expect(new Set(sent.map(({ id }) => id))).to.have.lengthOf(1);
      expect(transmission.status()).to.deep.include({ state: 'active', delivered: 1, retries: 2, unsettled: 0 });
      expect(transmission.holds(1)).to.equal(false);
    });

    it('that did not come: again, with the code of the failure', async () => {
      begin({}, (_batch, _signal, nth) => (nth === 1 ? failure('ECONNREFUSED') : answer(200)));
      await append(eventOf(1));
      expect(records[0]).to.deep.include({ outcome: 'retry', error: 'ECONNREFUSED', detail: 'in words' });
      expect(records[0]).to.not.have.property('status');
      await clock.tickAsync(second);
      expect(outcomes()).to.deep.equal(['retry', 'delivered']);
    });

    it('that a delivery which rejects against its word has none of: again', async () => {
      begin({}, (_batch, _signal, nth) => (nth === 1 ? Promise.reject(new Error('secret')) : answer(200)));
      await append(eventOf(1));
      expect(records[0]).to.deep.include({ outcome: 'retry', error: 'REQUEST_NOT_MADE' });
      expect(JSON.stringify([records, reports])).to.not.include('secret');
      await clock.tickAsync(second);
      expect(outcomes()).to.deep.equal(['retry', 'delivered']);
    });

    it('of 400 with an error code (RFC 8935): dead, and the next goes on', async () => {
      const transmission = begin({}, (_batch, _signal, nth) =>
        nth === 1 ? answer(400, '{"err":"invalid_request","description":"no"}') : answer(202),
      );
      await append(eventOf(1, 'ann'), eventOf(2, 'ann'));
      expect(records[0]).to.deep.include({
        outcome: 'dead',
        reason: 'rejected_by_receiver',
        error: 'invalid_request',
        attempt: 1,
        status: 400,
      });
      expect(records[1]).to.deep.include({ outcome: 'delivered' });
      expect(jtis()).to.deep.equal([['e1'], ['e2']]);
      expect(transmission.status()).to.deep.include({
        dead: 1,
        delivered: 1,
        unsettled: 0,
        lag: { events: 0, seconds: 0 },
      });
      await clock.tickAsync(60 * minute);
      expect(sent).to.have.lengthOf(2);
    });

    it('of 401: unauthorised, until an attempt succeeds', async () => {
      const transmission = begin({}, (_batch, _signal, nth) => answer(nth === 1 ? 401 : 202));
      await append(eventOf(1));
      expect(transmission.status()).to.deep.include({ state: 'unauthorised' });
      expect(transmission.status().reason).to.match(/401/);
      await clock.tickAsync(second);
      expect(transmission.status().state).to.equal('active');
      expect(transmission.status()).to.not.have.property('reason');
      expect(outcomes()).to.deep.equal(['retry', 'delivered']);
    });

    it('of 410: the endpoint is disabled and nothing more is sent', async () => {
      const transmission = begin({}, (_batch, _signal, nth) => (nth === 1 ? answer(503) : answer(410)));
      await append(eventOf(1), eventOf(2));
      expect(transmission.status().state).to.equal('disabled');
      expect(records.at(-1)).to.deep.include({ outcome: 'retry', status: 410 });
      expect(records.at(-1)).to.not.have.property('nextRetryAt');
      expect(disabled).to.deep.equal(['answered 410: gone']);
      await append(eventOf(3));
      await clock.tickAsync(60 * minute);
      expect(sent, 'neither the retry of the first nor the third').to.have.lengthOf(2);
      expect(transmission.status()).to.deep.include({ state: 'disabled', lag: { events: 3, seconds: 3600 } });
      await transmission.drain();
      expect((await transmission.stop(0)).map(({ event }) => event.id)).to.deep.equal(['e1', 'e2', 'e3']);
    });

    for (const status of [202, 503]) {
      it(`of ${status} to a request that was under way when a 410 came leaves the endpoint disabled`, async () => {
        let finish: (late: Answer) => void = () => undefined;
        const transmission = begin({}, (_batch, _signal, nth) =>
          nth === 1 ? new Promise((resolve) => (finish = resolve)) : answer(410),
        );
        await append(eventOf(1), eventOf(2));
        expect(transmission.status().state).to.equal('disabled');
        finish(answer(status));
        await clock.tickAsync(60 * minute);
        expect(transmission.status().state).to.equal('disabled');
        expect(sent).to.have.lengthOf(2);
        expect(records.at(-1)).to.deep.include({ status, outcome: status === 202 ? 'delivered' : 'retry' });
        expect(records.at(-1), 'a time at which nothing will happen').to.not.have.property('nextRetryAt');
        await transmission.drain();
      });
    }
  });

  describe('patience', () => {
    it('ends with the last attempt that is allowed', async () => {
      const transmission = begin({ retry: { maxAttempts: 3 } }, () => answer(503));
      await append(eventOf(1));
      await clock.tickAsync(60 * minute);
      expect(outcomes()).to.deep.equal(['retry', 'retry', 'dead']);
      expect(records[2]).to.deep.include({ reason: 'patience_exhausted', attempt: 3, status: 503 });
      expect(records[2]).to.not.have.property('nextRetryAt');
      expect(transmission.status()).to.deep.include({
        state: 'failing',
        dead: 1,
        retries: 2,
        unsettled: 0,
        lag: { events: 0, seconds: 0 },
      });
    });

    it('ends with the first attempt after the age that is allowed', async () => {
      begin({ retry: { maxAgeMs: 10 * second } }, () => failure('ECONNREFUSED'));
      await append(eventOf(1));
      await clock.tickAsync(60 * minute);
      // After 0, 1, 3, 7 and 15 seconds.
      expect(sent.map(({ at }) => at / second)).to.deep.equal([0, 1, 3, 7, 15]);
      expect(outcomes()).to.deep.equal(['retry', 'retry', 'retry', 'retry', 'dead']);
      expect(records.at(-1)).to.deep.include({ reason: 'patience_exhausted', error: 'ECONNREFUSED' });
    });

    it('begins with the first attempt, not while a batch waits for its turn', async () => {
      begin({ concurrency: 1, retry: { maxAgeMs: 10 * second } }, async (_batch, _signal, nth) => {
        await new Promise((resolve) => setTimeout(resolve, 8 * second));
        return answer(nth === 2 ? 503 : 202);
      });
      await append(eventOf(1), eventOf(2));
      await clock.tickAsync(minute);
      // The second was read at 0, tried from 8 to 16 seconds, and is not older than 8 then.
      expect(outcomes()).to.deep.equal(['delivered', 'retry', 'delivered']);
    });

    it('lets the next of the same user go when it ends', async () => {
      begin({ retry: { maxAttempts: 2 } }, ({ sets }) => answer(sets[0]?.jti === 'e1' ? 500 : 200));
      await append(eventOf(1, 'ann'), eventOf(2, 'ann'));
      expect(jtis()).to.deep.equal([['e1']]);
      await clock.tickAsync(second);
      expect(jtis()).to.deep.equal([['e1'], ['e1'], ['e2']]);
      expect(outcomes()).to.deep.equal(['retry', 'dead', 'delivered']);
    });
  });

  describe('Retry-After', () => {
    it('is honoured where it is longer than the back-off', async () => {
      begin({}, (_batch, _signal, nth) => (nth === 1 ? answer(429, '', { 'retry-after': '120' }) : answer(200)));
      await append(eventOf(1));
      expect(records[0]?.nextRetryAt).to.equal('2026-11-23T14:02:00.000Z');
      await clock.tickAsync(120 * second - 1);
      expect(sent).to.have.lengthOf(1);
      await clock.tickAsync(1);
      expect(sent).to.have.lengthOf(2);
    });

    it('is honoured as a date, and up to its limit', async () => {
      const headers = { 'retry-after': 'Mon, 23 Nov 2026 20:00:00 GMT' };
      begin({}, (_batch, _signal, nth) => (nth === 1 ? answer(503, '', headers) : answer(200)));
      await append(eventOf(1));
      expect(records[0]?.nextRetryAt).to.equal('2026-11-23T14:10:00.000Z');
    });
  });

  describe('an event', () => {
    it('that is refused by its schema makes a record without an attempt, and the next passes', async () => {
      const detail = '/events: must NOT have additional properties';
      const transmission = begin({}, () => answer(202), {
        makeSets: (event) => [
          event.id === 'e1' ? { kind: 'dead', jti: 'e1', reason: 'schema_violation', detail } : setOf(event),
        ],
      });
      await append(eventOf(1, 'ann'), eventOf(2, 'ann'));
      expect(records[0]).to.deep.equal({
        time: '2026-11-23T14:00:00.000Z',
        endpoint: 'crm',
        outcome: 'dead',
        attempt: 0,
        reason: 'schema_violation',
        detail,
        sets: [{ jti: 'e1', event: 'login.success', user: '9a0b1c2d3e4f5061' }],
      });
      expect(jtis()).to.deep.equal([['e2']]);
      expect(transmission.status()).to.deep.include({ dead: 1, delivered: 1, lag: { events: 0, seconds: 0 } });
    });

    it('whose mapping throws makes a record that says nothing of it, and the next passes', async () => {
      begin({}, () => answer(202), {
        makeSets(event) {
          if (event.id === 'e1') throw new Error('ann@example.com');
          return [setOf(event)];
        },
      });
      await append(eventOf(1), eventOf(2));
      expect(records[0]).to.deep.include({ outcome: 'dead', attempt: 0, reason: 'mapping_failed' });
      expect(JSON.stringify([records, reports])).to.not.include('ann@example.com');
      expect(jtis()).to.deep.equal([['e2']]);
      expect(journal.position('crm')).to.deep.equal({ next: journal.end, pending: [] });
    });

    describe('that becomes several SETs', () => {
      const twice = (event: IdentityEvent): readonly SetResult[] => {
        const first = setOf(event);
        if (first.kind === 'dead') return [first];
        return [first, { kind: 'set', set: { ...first.set, jti: `${first.set.jti}b` } }];
      };

      it('is settled when all of them are, and they keep their order', async () => {
        begin({}, ({ sets }, _signal, nth) => answer(nth === 2 && sets[0]?.jti === 'e1b' ? 503 : 202), {
          makeSets: twice,
        });
        await append(eventOf(1, 'ann'), eventOf(2, 'ann'));
        expect(jtis()).to.deep.equal([['e1'], ['e1b']]);
        expect(journal.position('crm').pending.map(({ offset }) => offset)).to.deep.equal([1, 2]);
        await clock.tickAsync(2 * second);
        expect(jtis()).to.deep.equal([['e1'], ['e1b'], ['e1b'], ['e2'], ['e2b']]);
        await clock.tickAsync(second);
        expect(journal.position('crm')).to.deep.equal({ next: journal.end, pending: [] });
      });

      it('has a dead letter for each of them that dies', async () => {
        const dead = { kind: 'dead', jti: 'e1b', reason: 'schema_violation', detail: 'why' } as const;
        const transmission = begin({}, () => answer(202), { makeSets: (event) => [setOf(event), dead] });
        await append(eventOf(1, 'ann'));
        expect(records.map(({ outcome, sets }) => [outcome, sets[0]?.jti])).to.deep.equal([
          ['dead', 'e1b'],
          ['delivered', 'e1'],
        ]);
        expect(Array.from(journal.deadLetters.list(), ({ jti }) => jti)).to.deep.equal(['e1b']);
        expect(transmission.status()).to.deep.include({ dead: 1, delivered: 1, lag: { events: 0, seconds: 0 } });
      });
    });

    it('whose SET is too large for any body makes a record, and the next passes', async () => {
      const { bytes } = (setOf(eventOf(1)) as { set: { bytes: number } }).set;
      // Two brackets: a SET of the same size still fits.
      begin({ batch: { maxBytes: bytes + 2 } }, () => answer(202));
      await append(eventOf(1, 'ann with a long name'), eventOf(2));
      expect(records[0]).to.deep.include({ outcome: 'dead', attempt: 0, reason: 'too_large' });
      expect(records[0]?.sets.map(({ jti }) => jti)).to.deep.equal(['e1']);
      expect(jtis()).to.deep.equal([['e2']]);
      expect(journal.position('crm')).to.deep.equal({ next: journal.end, pending: [] });
    });

    it('is given up once that can be stored, and the others go on meanwhile', async () => {
      const bury = sinon.stub(journal.deadLetters, 'bury').callThrough();
      bury.onFirstCall().rejects(new Error('no space is left'));
      const dead = { kind: 'dead', jti: 'e1', reason: 'schema_violation', detail: 'why' } as const;
      const transmission = begin({}, () => answer(202), {
        makeSets: (event) => [event.id === 'e1' ? dead : setOf(event)],
      });
      await append(eventOf(1), eventOf(2));
      expect(records.map(({ outcome, sets }) => [outcome, sets[0]?.jti])).to.deep.equal([['delivered', 'e2']]);
      expect(transmission.status()).to.deep.include({ dead: 0, deadLetters: 0, lag: { events: 1, seconds: 0 } });
      expect(reports.map(([level, text]) => [level, text])).to.deep.equal([['error', 'a fault in the delivery']]);
      await clock.tickAsync(second);
      expect(records[1]).to.deep.include({ outcome: 'dead', attempt: 0, reason: 'schema_violation' });
      expect(Array.from(journal.deadLetters.list(), ({ jti }) => jti)).to.deep.equal(['e1']);
      expect(transmission.status()).to.deep.include({ dead: 1, deadLetters: 1, lag: { events: 0, seconds: 0 } });
      expect(journal.position('crm')).to.deep.equal({ next: journal.end, pending: [] });
    });

    it('is not given up after a stop, and comes again at the next start', async () => {
      sinon.stub(journal.deadLetters, 'bury').rejects(new Error('no space is left'));
      const dead = { kind: 'dead', jti: 'e1', reason: 'schema_violation', detail: 'why' } as const;
      const transmission = begin({}, () => answer(202), { makeSets: () => [dead] });
      await append(eventOf(1));
      const rest = await transmission.stop(0);
      expect(rest.map(({ event }) => event.id)).to.deep.equal(['e1']);
      await clock.tickAsync(10 * second);
      expect(records).to.deep.equal([]);
      expect(reports).to.have.lengthOf(1);
    });

    it('that is not wanted is finished without a trace', async () => {
      const transmission = begin({}, () => answer(202), { wants: ({ id }) => id === 'e2' });
      await append(eventOf(1), eventOf(2), eventOf(3));
      expect(jtis()).to.deep.equal([['e2']]);
      expect(records).to.have.lengthOf(1);
      expect(journal.position('crm')).to.deep.equal({ next: journal.end, pending: [] });
      expect(transmission.status()).to.deep.include({
        delivered: 1,
        dead: 0,
        unsettled: 0,
        lag: { events: 0, seconds: 0 },
      });
    });
  });

  describe('a batch', () => {
    it('leaves when it has as many events as it may', async () => {
      begin({ batch: { maxEvents: 3 } }, () => answer(202));
      await append(eventOf(1), eventOf(2));
      expect(sent).to.deep.equal([]);
      await append(eventOf(3), eventOf(4));
      expect(jtis()).to.deep.equal([['e1', 'e2', 'e3']]);
      expect(records[0]?.sets).to.have.lengthOf(3);
    });

    it('leaves when its body is as large as it may be', async () => {
      const { bytes } = (setOf(eventOf(1)) as { set: { bytes: number } }).set;
      begin({ batch: { maxEvents: 100, maxBytes: 2 * bytes + 3 } }, () => answer(202));
      await append(eventOf(1));
      expect(sent).to.deep.equal([]);
      await append(eventOf(2));
      expect(jtis()).to.deep.equal([['e1', 'e2']]);
    });

    it('leaves when its first event has waited long enough, also after a time without any', async () => {
      begin({ batch: { maxEvents: 100, maxWaitMs: 5 * second } }, () => answer(202));
      await clock.tickAsync(3 * second);
      await append(eventOf(1));
      await clock.tickAsync(4 * second);
      await append(eventOf(2));
      await clock.tickAsync(second - 1);
      expect(sent).to.deep.equal([]);
      await clock.tickAsync(1);
      expect(jtis(), 'the later event does not put it off').to.deep.equal([['e1', 'e2']]);
      await clock.tickAsync(10 * minute);
      await append(eventOf(3));
      await clock.tickAsync(5 * second);
      expect(jtis().at(-1)).to.deep.equal(['e3']);
    });

    it('is not closed by the time of the one before', async () => {
      begin({ batch: { maxEvents: 2, maxWaitMs: 5 * second } }, () => answer(202));
      await append(eventOf(1));
      await clock.tickAsync(4 * second);
      await append(eventOf(2), eventOf(3));
      await clock.tickAsync(2 * second);
      expect(jtis()).to.deep.equal([['e1', 'e2']]);
      await clock.tickAsync(3 * second);
      expect(jtis()).to.deep.equal([['e1', 'e2'], ['e3']]);
    });

    it('of what waited for its user has a time of its own', async () => {
      let finish: (late: Answer) => void = () => undefined;
      begin({ batch: { maxEvents: 100, maxWaitMs: second } }, (_batch, _signal, nth) =>
        nth === 1 ? new Promise((resolve) => (finish = resolve)) : answer(202),
      );
      await append(eventOf(1, 'ann'));
      await clock.tickAsync(second);
      await append(eventOf(2, 'ann'), eventOf(3, 'ann'));
      await clock.tickAsync(minute);
      expect(sent).to.have.lengthOf(1);
      finish(answer(202));
      await clock.tickAsync(second);
      expect(jtis()).to.deep.equal([['e1'], ['e2', 'e3']]);
    });
  });

  describe('turns', () => {
    it('are no more than the concurrency', async () => {
      let underWay = 0;
      let most = 0;
      begin({ concurrency: 3 }, async () => {
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise((resolve) => setTimeout(resolve, second));
        underWay -= 1;
        return answer(202);
      });
      await append(...Array.from({ length: 10 }, (_, index) => eventOf(index)));
      expect(sent).to.have.lengthOf(3);
      await clock.tickAsync(4 * second);
      expect(outcomes()).to.have.lengthOf(10);
      expect(most).to.equal(3);
    });

    it('are not taken by a retry that waits: other users go on', async () => {
      begin({ concurrency: 1, retry: { initialMs: minute } }, ({ sets }) => answer(sets[0]?.jti === 'e1' ? 503 : 202));
      await append(eventOf(1, 'ann'), eventOf(2, 'ben'), eventOf(3, 'ann'), eventOf(4, 'cid'));
      await clock.tickAsync(second);
      expect(jtis()).to.deep.equal([['e1'], ['e2'], ['e4']]);
      expect(journal.position('crm'), 'the others are finished for the journal').to.deep.equal({
        next: 5,
        pending: [
          { offset: 1, attempts: 1, forMs: second },
          { offset: 3, attempts: 0, forMs: 0 },
        ],
      });
    });

    it('go by on one journal for each endpoint: a slow one does not hold up another', async () => {
      const others: string[] = [];
      begin({ name: 'slow', concurrency: 1 }, () => new Promise(() => undefined));
      begin({ name: 'quick' }, () => answer(202), {
        deliver: async ({ sets }) => {
          others.push(...sets.map(({ jti }) => jti));
          return answer(202);
        },
      });
      const events = Array.from({ length: 1500 }, (_, index) => eventOf(index));
      await append(...events);
      await clock.tickAsync(10 * second);
      expect(others).to.deep.equal(events.map(({ id }) => id));
      expect(sent).to.have.lengthOf(1);
      expect(journal.position('quick')).to.deep.equal({ next: journal.end, pending: [] });
      expect(journal.position('slow')).to.deep.include({ next: 1001 });
      // The request that never ends would hold up its own end.
      running.shift();
    });
  });

  describe('order', () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      it(`is kept for each user under random latencies and failures (seed ${seed})`, async () => {
        const random = seeded(seed);
        const [count, users] = [400, 9];
        const delivered: string[] = [];
        begin(
          { batch: { maxEvents: 1 + Math.floor(random() * 6), maxWaitMs: 50 }, retry: { maxMs: 5 * second } },
          async ({ sets }) => {
            await new Promise((resolve) => setTimeout(resolve, random() * 400));
            if (random() < 0.3) return random() < 0.5 ? answer(503) : failure('ECONNRESET');
            delivered.push(...sets.map(({ jti }) => jti));
            return answer(202);
          },
          { random },
        );
        const userOf = new Map<string, string>();
        for (let number = 0; number < count; number += 1) {
          const user = `user ${Math.floor(random() * users)}`;
          userOf.set(`e${number}`, user);
          await appendEvent(journal, eventOf(number, user));
          if (random() < 0.3) await clock.tickAsync(random() * 100);
        }
        await clock.tickAsync(60 * minute);
        expect(delivered, `seed ${seed}: each event once`).to.have.lengthOf(count);
        for (let user = 0; user < users; user += 1) {
          const ofUser = ([id]: [string, string]) => userOf.get(id) === `user ${user}`;
          const arrived = delivered.filter((id) => ofUser([id, '']));
          const expected = [...userOf].filter(ofUser).map(([id]) => id);
          expect(arrived, `seed ${seed}, user ${user}`).to.deep.equal(expected);
        }
        expect(journal.position('crm'), `seed ${seed}`).to.deep.equal({ next: journal.end, pending: [] });
      });
    }
  });

  describe('reading', () => {
    it('runs no further ahead than the window, and goes on when there is room', async () => {
      let up = false;
      const transmission = begin({ retry: { maxMs: second } }, () => (up ? answer(202) : failure('ECONNREFUSED')));
      await append(...Array.from({ length: 3000 }, (_, index) => eventOf(index)));
      await clock.tickAsync(3 * second);
      expect(transmission.status()).to.deep.include({ unsettled: 1000, lag: { events: 3000, seconds: 3 } });
      expect(transmission.holds(1000)).to.equal(true);
      expect(transmission.holds(1001)).to.equal(false);
      up = true;
      await clock.tickAsync(5 * second);
      expect(transmission.status()).to.deep.include({ unsettled: 0, lag: { events: 0, seconds: 0 }, delivered: 3000 });
    });

    it('has room for what is sent at once and what comes after', async () => {
      const transmission = begin({ concurrency: 4, batch: { maxEvents: 100 } }, () => failure('ECONNREFUSED'));
      await append(...Array.from({ length: 2000 }, (_, index) => eventOf(index)));
      while (transmission.status().unsettled < 1600) await clock.tickAsync(0);
      await clock.tickAsync(second);
      expect(transmission.status().unsettled).to.equal(1600);
    });

    it('survives a journal that cannot be read once, and loses nothing', async () => {
      const transmission = begin({}, () => answer(202));
      const read = sinon.stub(journal, 'read').callThrough();
      read.onFirstCall().rejects(new Error('the disk'));
      await append(eventOf(1));
      expect(sent).to.deep.equal([]);
      expect(reports[0]?.[0]).to.equal('error');
      expect(reports[0]?.[2]).to.deep.equal({ endpoint: 'crm', error: 'Error: the disk' });
      await append(eventOf(2));
      await clock.tickAsync(second);
      expect(jtis()).to.deep.equal([['e1'], ['e2']]);
      expect(transmission.status()).to.deep.include({ lag: { events: 0, seconds: 0 }, delivered: 2 });
    });

    it('goes on past what the journal has dropped', async () => {
      const lost: number[] = [];
      journal = memoryJournal({ maxEvents: 1200, maxBytes: 100_000_000 }, ({ entries }) =>
        lost.push(...entries.map(({ offset }) => offset)),
      );
      let up = false;
      const transmission = begin({ retry: { maxMs: second } }, () => (up ? answer(202) : failure('ECONNREFUSED')));
      await append(...Array.from({ length: 1000 }, (_, index) => eventOf(index + 1)));
      await append(...Array.from({ length: 1500 }, (_, index) => eventOf(index + 1001)));
      expect(lost).to.have.lengthOf(1300);
      const held = lost.filter((offset) => transmission.holds(offset));
      expect(held, 'what it has read stays').to.have.lengthOf(0);
      up = true;
      await clock.tickAsync(5 * second);
      await transmission.drain();
      expect(transmission.status()).to.deep.include({ delivered: 1200, unsettled: 0, lag: { events: 0, seconds: 0 } });
    });
  });

  describe('drain', () => {
    const finished = (promise: Promise<unknown>): (() => boolean) => {
      let done = false;
      promise.then(
        () => (done = true),
        () => undefined,
      );
      return () => done;
    };

    it('resolves at once where there is nothing', async () => {
      await begin({}, () => answer(202)).drain();
    });

    it('sends open batches at once, and resolves when they are settled', async () => {
      let finish: (late: Answer) => void = () => undefined;
      const transmission = begin(
        { batch: { maxEvents: 100, maxWaitMs: 60 * minute } },
        () => new Promise((resolve) => (finish = resolve)),
      );
      await append(eventOf(1), eventOf(2));
      expect(sent).to.deep.equal([]);
      const drained = finished(transmission.drain());
      await clock.tickAsync(0);
      expect(jtis()).to.deep.equal([['e1', 'e2']]);
      expect(drained()).to.equal(false);
      finish(answer(202));
      await clock.tickAsync(0);
      expect(drained()).to.equal(true);
    });

    it('waits for retries, and does not wait to fill batches of what they held up', async () => {
      const transmission = begin(
        { batch: { maxEvents: 100, maxWaitMs: 60 * minute }, retry: { maxMs: second } },
        (_batch, _signal, nth) => answer(nth === 1 ? 503 : 202),
      );
      await append(eventOf(1, 'ann'));
      const drained = finished(transmission.drain());
      await append(eventOf(2, 'ann'));
      await clock.tickAsync(second);
      expect(jtis()).to.deep.equal([['e1'], ['e1'], ['e2']]);
      expect(drained()).to.equal(true);
    });

    it('sends what it still reads in batches, not one by one', async () => {
      const transmission = begin({ batch: { maxEvents: 10, maxWaitMs: 60 * minute } }, () => answer(202));
      for (let number = 0; number < 35; number += 1) void appendEvent(journal, eventOf(number));
      await transmission.drain();
      expect(jtis().map(({ length }) => length)).to.deep.equal([10, 10, 10, 5]);
    });

    it('ends when the transmission is stopped', async () => {
      const transmission = begin({}, () => answer(503));
      await append(eventOf(1));
      const drained = transmission.drain();
      await transmission.stop(0);
      await drained;
    });
  });

  describe('stop', () => {
    it('hands back exactly what is not settled, and nothing is sent afterwards', async () => {
      const transmission = begin({ concurrency: 2, batch: { maxEvents: 2 } }, ({ sets }) =>
        answer(sets.some(({ jti }) => jti === 'e3') ? 503 : 202),
      );
      // The first two delivered, the next two wait for a retry, the fifth for its user, the sixth in an open batch.
      await append(eventOf(1), eventOf(2), eventOf(3, 'ann'), eventOf(4), eventOf(5, 'ann'), eventOf(6));
      expect(outcomes()).to.deep.equal(['delivered', 'retry']);
      const left = await transmission.stop(0);
      expect(left.map(({ event }) => event.id)).to.deep.equal(['e3', 'e4', 'e5', 'e6']);
      expect(transmission.status().state).to.equal('stopped');
      await append(eventOf(7));
      await clock.tickAsync(60 * minute);
      expect(sent).to.have.lengthOf(2);
      expect(records).to.have.lengthOf(2);
    });

    it('hands back what was not read yet as well', async () => {
      const transmission = begin({}, () => failure('ECONNREFUSED'));
      await append(...Array.from({ length: 1500 }, (_, index) => eventOf(index)));
      const left = await transmission.stop(0);
      expect(left.map(({ offset }) => offset)).to.deep.equal(Array.from({ length: 1500 }, (_, index) => index + 1));
    });

    it('cuts short what is under way', async () => {
      const transmission = begin(
        {},
        (_batch, signal) =>
          new Promise((resolve) => signal.addEventListener('abort', () => resolve(failure('ABORTED')))),
      );
      await append(eventOf(1));
      const left = await transmission.stop(0);
      expect(left.map(({ event }) => event.id)).to.deep.equal(['e1']);
      expect(records, 'an attempt cut short is no failed one').to.deep.equal([]);
      expect(journal.position('crm').pending.map(({ offset }) => offset)).to.deep.equal([1]);
    });

    it('counts an answer that came all the same', async () => {
      const transmission = begin(
        {},
        (_batch, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(answer(202)))),
      );
      await append(eventOf(1));
      expect(await transmission.stop(0)).to.deep.equal([]);
      expect(outcomes()).to.deep.equal(['delivered']);
    });

    it('completes the records', async () => {
      const transmission = begin({}, () => answer(202));
      let complete = false;
      transmission.records.subscribe({ complete: () => (complete = true) });
      await transmission.stop(0);
      expect(complete).to.equal(true);
    });

    it('can be called twice', async () => {
      const transmission = begin({}, () => answer(503));
      await append(eventOf(1));
      expect(await transmission.stop(0)).to.deep.equal(await transmission.stop(0));
    });
  });
});

import { expect } from 'chai';
import sinon from 'sinon';
import type { IdentityEvent } from '../../src/events/identity-event.js';
import type { Journal } from '../../src/journal/journal.js';
import { memoryJournal } from '../../src/journal/memory.js';
import type { DeliveryRecord } from '../../src/schema-types.js';
import { validatorOf } from '../../src/schemas.js';
import type { SetResult } from '../../src/set/set.js';
import type { Answer, Batch, Endpoint } from '../../src/transmitter/endpoint.js';
import { shapeOf } from '../../src/transmitter/packer.js';
import { type Transmission, transmit } from '../../src/transmitter/pipeline.js';
import { formatOf } from '../../src/transmitter/request.js';
import { appendEvent } from '../support/append-event.js';
import { endpointTo } from '../support/endpoint.js';
import { identityEvent } from '../support/events.js';
import { seeded } from './seeded.js';

const violations = validatorOf('delivery-log.schema.json');
const second = 1000;
const minute = 60 * second;
const start = Date.parse('2026-11-23T14:00:00.000Z');

const eventOf = (number: number, user = `user ${number}`): IdentityEvent =>
  identityEvent('login.success', { id: `e${number}`, user: { id: user }, acceptedAt: start });

/** Named otherwise than the event, as in the ssf profile. */
function setOf(event: IdentityEvent, part = ''): SetResult {
  const text = JSON.stringify({ jti: event.id, user: event.user?.id });
  const jti = `s-${event.id}${part}`;
  return { kind: 'set', set: { jti, eventType: event.type, eventTypeUri: 'u', text, bytes: text.length } };
}

const answered = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => ({
  kind: 'answer',
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  durationMs: 3,
  bytes: 100,
});
const said = (ack: readonly string[], setErrs?: object): Answer =>
  answered(202, { ack, ...(setErrs !== undefined && { setErrs }) });
const jtisIn = ({ sets }: Batch): string[] => sets.map(({ jti }) => jti);

describe('a transmission by multi-SET push', () => {
  let clock: sinon.SinonFakeTimers;
  let journal: Journal;
  let records: DeliveryRecord[];
  let sent: { readonly at: number; readonly jtis: string[] }[];
  let running: Transmission[];

  beforeEach(() => {
    clock = sinon.useFakeTimers({
      now: start,
      toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
    });
    journal = memoryJournal({ maxEvents: 100_000, maxBytes: 100_000_000 }, () => expect.fail('nothing may be lost'));
    records = [];
    sent = [];
    running = [];
  });

  afterEach(async () => {
    for (const transmission of running) await transmission.stop(0);
    await journal.close();
    for (const record of records) expect(violations(record), JSON.stringify(record)).to.deep.equal([]);
  });

  function begin(
    deliver: (batch: Batch, nth: number) => Answer | Promise<Answer>,
    members: Partial<Endpoint> = {},
    { random = (): number => 1, makeSets = (event: IdentityEvent): readonly SetResult[] => [setOf(event)] } = {},
  ): Transmission {
    const endpoint = endpointTo('https://crm.example.com/', {
      delivery: 'multi-push',
      batch: { format: 'single', maxEvents: 3, maxBytes: 1_000_000, maxWaitMs: 100 },
      ...members,
    });
    void journal.open(endpoint.name);
    const transmission = transmit(endpoint, {
      journal,
      makeSets,
      wants: () => true,
      shape: shapeOf(formatOf(endpoint, true)),
      async deliver(batch) {
        sent.push({ at: Date.now() - start, jtis: jtisIn(batch) });
        return deliver(batch, sent.length);
      },
      hashUser: () => '9a0b1c2d3e4f5061',
      now: () => Date.now(),
      clock: () => Date.now(),
      random,
      report: () => undefined,
      onDisabled: () => undefined,
      isLive: true,
    });
    transmission.records.subscribe((record) => records.push(record));
    running.push(transmission);
    return transmission;
  }

  async function append(...events: IdentityEvent[]): Promise<void> {
    for (const event of events) await appendEvent(journal, event);
    await clock.tickAsync(0);
  }

  const told = () => records.map(({ outcome, error, sets }) => [outcome, error, sets.map(({ jti }) => jti).join()]);

  it('settles each SET of an answer by itself, and logs each outcome', async () => {
    const transmission = begin(() => said(['s-e1'], { 's-e2': { err: 'invalid_audience', description: 'ann' } }));
    await append(eventOf(1), eventOf(2), eventOf(3));
    expect(told()).to.deep.equal([
      ['delivered', undefined, 's-e1'],
      ['dead', 'invalid_audience', 's-e2'],
      ['retry', undefined, 's-e3'],
    ]);
    expect(records[1]).to.deep.include({ reason: 'rejected_by_receiver', attempt: 1, status: 202 });
    expect(records[2]?.nextRetryAt).to.equal('2026-11-23T14:00:02.000Z');
    const [letter] = journal.deadLetters.list();
    expect(letter).to.deep.include({ jti: 's-e2', answer: '{"err":"invalid_audience","description":"ann"}' });
    expect(transmission.status()).to.deep.include({ state: 'active', delivered: 1, dead: 1, retries: 1, unsettled: 1 });
    expect(JSON.stringify(records)).to.not.include('ann');
  });

  it('takes a late answer from the one to another request', async () => {
    begin(({ sets }) => said(sets.length === 3 ? [] : ['s-e1', 's-e2', 's-e3', ...sets.map(({ jti }) => jti)]));
    await append(eventOf(1), eventOf(2), eventOf(3));
    await append(eventOf(4));
    await clock.tickAsync(100);
    expect(sent.map(({ jtis }) => jtis)).to.deep.equal([['s-e1', 's-e2', 's-e3'], ['s-e4']]);
    expect(told().at(-1)).to.deep.equal(['delivered', undefined, 's-e4,s-e1,s-e2,s-e3']);
    expect(journal.position('crm')).to.deep.equal({ next: journal.end, pending: [] });
    await clock.tickAsync(60 * minute);
    expect(sent, 'neither sent again nor asked for').to.have.lengthOf(2);
  });

  it('asks for late answers where nothing else is sent', async () => {
    begin(({ sets }) => said(sets.length > 0 ? [] : ['s-e1', 's-e2', 's-e3']));
    await append(eventOf(1), eventOf(2), eventOf(3));
    await clock.tickAsync(second);
    expect(sent).to.deep.equal([
      { at: 0, jtis: ['s-e1', 's-e2', 's-e3'] },
      { at: second, jtis: [] },
    ]);
    expect(told().at(-1)).to.deep.equal(['delivered', undefined, 's-e1,s-e2,s-e3']);
    await clock.tickAsync(60 * minute);
    expect(sent).to.have.lengthOf(2);
  });

  it('sends again what is never answered, under the same jti, further and further apart, until patience ends', async () => {
    begin(({ sets }) => said(jtisIn({ id: '', sets }).filter((jti) => jti !== 's-e1')), {
      retry: { initialMs: second, maxMs: minute, maxAgeMs: 10 * minute, maxAttempts: 4, maxRetryAfterMs: minute },
    });
    await append(eventOf(1), eventOf(2), eventOf(3));
    await clock.tickAsync(60 * minute);
    const withSets = sent.filter(({ jtis }) => jtis.length > 0);
    expect(withSets.map(({ at }) => at / second)).to.deep.equal([0, 2, 6, 14]);
    expect(withSets.slice(1).map(({ jtis }) => jtis)).to.deep.equal([['s-e1'], ['s-e1'], ['s-e1']]);
    expect(records.at(-1)).to.deep.include({ outcome: 'dead', reason: 'patience_exhausted', attempt: 4 });
    expect(journal.position('crm')).to.deep.equal({ next: journal.end, pending: [] });
    const polls = sent.length - withSets.length;
    expect(polls).to.be.within(1, 6);
    await clock.tickAsync(60 * minute);
    expect(sent, 'and asks no more').to.have.lengthOf(withSets.length + polls);
  });

  it('keeps to the newest answer where a SET is answered while it is sent again', async () => {
    let finish: (late: Answer) => void = () => undefined;
    const transmission = begin(({ sets }, nth) => {
      if (nth === 1) return said([]);
      if (sets.length === 0) return said([]);
      if (jtisIn({ id: '', sets }).includes('s-e1')) return new Promise((resolve) => (finish = resolve));
      return said(['s-e1', 's-e9']);
    });
    await append(eventOf(1));
    await clock.tickAsync(100 + 2 * second);
    await append(eventOf(9));
    await clock.tickAsync(100);
    expect(transmission.status()).to.deep.include({ delivered: 2, unsettled: 0 });
    finish(said([], { 's-e1': { err: 'invalid_request' } }));
    await clock.tickAsync(minute);
    expect(transmission.status()).to.deep.include({ delivered: 2, dead: 0, unsettled: 0 });
    expect(records.filter(({ outcome }) => outcome === 'dead')).to.deep.equal([]);
  });

  it('ignores answers about SETs that it does not wait for', async () => {
    const transmission = begin(() => said(['s-e1', 's-e7', 's-e1'], { stranger: { err: 'invalid_request' } }));
    await append(eventOf(1));
    await clock.tickAsync(100);
    expect(told()).to.deep.equal([['delivered', undefined, 's-e1']]);
    expect(transmission.status()).to.deep.include({ delivered: 1, dead: 0 });
  });

  it('sends no later SET of a subject before the earlier one has been answered', async () => {
    begin(({ sets }, nth) => said(nth === 1 ? [] : jtisIn({ id: '', sets })));
    await append(eventOf(1, 'ann'), eventOf(2, 'ann'), eventOf(3, 'ann'));
    await clock.tickAsync(100);
    expect(sent.map(({ jtis }) => jtis)).to.deep.equal([['s-e1']]);
    await clock.tickAsync(minute);
    const withSets = sent.filter(({ jtis }) => jtis.length > 0).map(({ jtis }) => jtis);
    expect(withSets).to.deep.equal([['s-e1'], ['s-e1'], ['s-e2'], ['s-e3']]);
  });

  for (const [name, refusal] of [
    ['413', answered(413, '')],
    ['too_many_sets', answered(400, { err: 'too_many_sets' })],
  ] as const) {
    it(`makes batches smaller after ${name}, and remembers it`, async () => {
      const size = { format: 'single', maxEvents: 8, maxBytes: 1_000_000, maxWaitMs: 100 } as const;
      begin(({ sets }) => (sets.length > 2 ? refusal : said(jtisIn({ id: '', sets }))), { batch: size });
      await append(...Array.from({ length: 8 }, (_, index) => eventOf(index)));
      await clock.tickAsync(second);
      await append(...Array.from({ length: 40 }, (_, index) => eventOf(100 + index)));
      await clock.tickAsync(second);
      const sizes = sent.map(({ jtis }) => jtis.length);
      expect(sizes.slice(0, 7)).to.deep.equal([8, 4, 4, 2, 2, 2, 2]);
      // 4 have been refused; 3 are tried, by as many requests as are under way at once.
      const more = sizes.slice(7).filter((each) => each > 2);
      expect(more).to.have.lengthOf.within(1, 4);
      expect(new Set(more)).to.deep.equal(new Set([3]));
      expect(records.filter(({ outcome }) => outcome === 'dead')).to.deep.equal([]);
      expect(journal.position('crm')).to.deep.equal({ next: journal.end, pending: [] });
    });
  }

  it('tries a request again whose answer says nothing of its SETs', async () => {
    const transmission = begin(({ sets }, nth) => (nth === 1 ? answered(202, '') : said(jtisIn({ id: '', sets }))));
    await append(eventOf(1), eventOf(2), eventOf(3));
    expect(records[0]).to.deep.include({ outcome: 'retry', status: 202 });
    expect(transmission.status().state).to.equal('failing');
    await clock.tickAsync(second);
    expect(sent.map(({ jtis }) => jtis.length)).to.deep.equal([3, 3]);
    expect(transmission.status()).to.deep.include({ state: 'active', delivered: 3 });
  });

  it('survives a receiver that cannot be asked for late answers', async () => {
    const transmission = begin(({ sets }, nth) =>
      nth === 1 ? said([]) : sets.length === 0 ? answered(500, '') : said(jtisIn({ id: '', sets })),
    );
    await append(eventOf(1), eventOf(2), eventOf(3));
    await clock.tickAsync(minute);
    expect(transmission.status()).to.deep.include({ delivered: 3, unsettled: 0 });
  });

  it('hands back at a stop what was taken and not answered', async () => {
    const transmission = begin(() => said(['s-e1']));
    await append(eventOf(1), eventOf(2), eventOf(3));
    const left = await transmission.stop(0);
    expect(left.map(({ event }) => event.id)).to.deep.equal(['e2', 'e3']);
    expect(journal.position('crm').pending.map(({ offset, attempts }) => [offset, attempts])).to.deep.equal([
      [2, 1],
      [3, 1],
    ]);
  });

  describe('with an event that becomes several SETs', () => {
    const makeSets = (event: IdentityEvent) => [setOf(event), setOf(event, '-b')];

    it('sends after a stop only those that were not done', async () => {
      const transmission = begin(
        ({ sets }) => said(jtisIn({ id: '', sets }).filter((jti) => jti === 's-e1')),
        {},
        { makeSets },
      );
      await append(eventOf(1));
      await clock.tickAsync(300);
      expect(sent.map(({ jtis }) => jtis)).to.deep.equal([['s-e1'], ['s-e1-b']]);
      await transmission.stop(0);
      expect(journal.position('crm').pending).to.deep.equal([{ offset: 1, attempts: 1, forMs: 200, done: ['s-e1'] }]);
      sent = [];
      const again = begin(({ sets }) => said(jtisIn({ id: '', sets })), {}, { makeSets });
      await clock.tickAsync(300);
      expect(sent.map(({ jtis }) => jtis)).to.deep.equal([['s-e1-b']]);
      expect(again.status()).to.deep.include({ delivered: 1, unsettled: 0 });
      expect(journal.position('crm')).to.deep.equal({ next: journal.end, pending: [] });
    });
  });

  for (const seed of [1, 2, 3, 4, 5, 6]) {
    it(`delivers each SET, in the order of its subject, to a receiver that answers in parts (seed ${seed})`, async () => {
      const random = seeded(seed);
      const [count, users] = [300, 9];
      const taken: string[] = [];
      const late: string[] = [];
      begin(
        async ({ sets }) => {
          await new Promise((resolve) => setTimeout(resolve, random() * 300));
          const chance = random();
          if (chance < 0.1) return answered(503, '');
          if (chance < 0.15 && sets.length > 1) return answered(413, '');
          const ack = late.splice(0, random() < 0.5 ? late.length : 0);
          for (const { jti } of sets) {
            const fate = random();
            if (fate < 0.15) continue;
            if (!taken.includes(jti)) taken.push(jti);
            (fate < 0.4 ? late : ack).push(jti);
          }
          return said(ack);
        },
        {
          batch: { format: 'single', maxEvents: 1 + Math.floor(random() * 8), maxBytes: 1_000_000, maxWaitMs: 50 },
          retry: { initialMs: 200, maxMs: 2 * second, maxAgeMs: 600 * minute, maxAttempts: 0, maxRetryAfterMs: 1 },
          circuit: { failureRate: 0.5, windowMs: minute, minAttempts: 0, probeMs: second, maxProbeMs: second },
        },
        { random },
      );
      const userOf = new Map<string, number>();
      for (let number = 0; number < count; number += 1) {
        const user = Math.floor(random() * users);
        userOf.set(`s-e${number}`, user);
        await appendEvent(journal, eventOf(number, `user ${user}`));
        if (random() < 0.3) await clock.tickAsync(random() * 100);
      }
      await clock.tickAsync(120 * minute);
      expect(taken, `seed ${seed}`).to.have.lengthOf(count);
      for (let user = 0; user < users; user += 1) {
        const expected = [...userOf].filter(([, of]) => of === user).map(([jti]) => jti);
        expect(
          taken.filter((jti) => userOf.get(jti) === user),
          `seed ${seed}, user ${user}`,
        ).to.deep.equal(expected);
      }
      expect(journal.position('crm'), `seed ${seed}`).to.deep.equal({ next: journal.end, pending: [] });
    });
  }
});

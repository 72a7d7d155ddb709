import { expect } from 'chai';
import type { Adapter } from '../../src/adapter.js';
import { until } from '../log/folder.js';
import { type Operated, operated } from '../support/operated.js';
import type { ReceivedRequest, Receiver, ScriptedAnswer } from '../support/receiver.js';

/** Tries again and again, quickly. */
const eager = { retry: { initial: '5ms', max: '20ms' }, circuit: { minAttempts: 0 } };
const batch = { format: 'ndjson', maxEvents: 20, maxWait: '1h' };
/** The event that is made to fail where one is. */
const culprit = '7';

const numbersIn = ({ body }: ReceivedRequest): string[] =>
  Array.from(body.toString('utf8').matchAll(/"rci":"(\d+)"/g), ([, number = '']) => number);
const refused = (err: string): ScriptedAnswer => ({ status: 400, body: JSON.stringify({ err, description: 'no' }) });
/** An answer to whatever has the culprit in it. */
const toCulprit = (answer: ScriptedAnswer) => (request: ReceivedRequest) =>
  numbersIn(request).includes(culprit) ? answer : {};

interface Row {
  /** As the README has it. */
  readonly when: string;
  /** What comes first, three times: everything arrives after it, and nothing is dead. */
  readonly passing?: readonly ScriptedAnswer[];
  /** What makes the culprit, or all, dead: by this reason, whatever else arrives. */
  readonly dying?: readonly {
    readonly answer: ScriptedAnswer;
    readonly reason: string;
    readonly settings?: Record<string, unknown>;
    readonly all?: boolean;
  }[];
}

const rows: readonly Row[] = [
  {
    when: '2xx',
    passing: [200, 201, 204, 299].map((status) => ({ status, body: status === 204 ? '' : 'not { JSON' })),
  },
  {
    when: '400 with an RFC 8935 `err`',
    dying: [{ answer: refused('invalid_request'), reason: 'rejected_by_receiver' }],
  },
  {
    when: '400 with `invalid_key`',
    passing: [refused('invalid_key')],
  },
  {
    when: 'the same for a batch of several',
    dying: [{ answer: refused('invalid_audience'), reason: 'rejected_by_receiver', settings: { batch } }],
  },
  {
    when: '401, 403, 400 with `authentication_failed` or `access_denied`',
    passing: [{ status: 401 }, { status: 403 }, refused('authentication_failed'), refused('access_denied')],
  },
  {
    when: '404, 405, other 4xx, 400 without `err`',
    passing: [400, 404, 405, 409, 418].map((status) => ({ status })),
    dying: [
      {
        answer: { status: 404 },
        reason: 'patience_exhausted',
        settings: { retry: { ...eager.retry, maxAttempts: 3 } },
      },
    ],
  },
  {
    when: '408, 429, 5xx',
    passing: [408, 429, 500, 502, 503, 504].map((status) => ({ status, headers: { 'retry-after': '0' } })),
  },
  {
    when: 'a batch of several fails twice with a 4xx or 5xx that may be about one of its SETs',
    dying: [422, 500].map((status) => ({ answer: { status }, reason: 'poison', settings: { batch } })),
  },
  { when: '3xx', passing: [301, 302, 307, 308].map((status) => ({ status, headers: { location: '/elsewhere' } })) },
  {
    when: 'patience ends (`retry.maxAge`, 3 days; `retry.maxAttempts`)',
    dying: [
      {
        answer: { reset: true },
        reason: 'patience_exhausted',
        settings: { retry: { ...eager.retry, maxAttempts: 2 } },
        all: true,
      },
    ],
  },
];

describe('the failure policy, at a receiver', () => {
  let site: Operated;

  beforeEach(() => {
    site = operated();
  });

  afterEach(async () => {
    await site.end();
  });

  const events = Array.from({ length: 20 }, (_, index) => String(index + 1));
  const status = (adapter: Adapter) => adapter.status().endpoints?.crm;
  const takenBy = ({ requests }: Receiver): Set<string> => new Set(requests.flatMap(numbersIn));
  const jtisOf = (number: string, { requests }: Receiver): Set<string> =>
    new Set(
      requests.flatMap(({ body }) =>
        body
          .toString('utf8')
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line) as { rci: string; jti: string })
          .flatMap(({ rci, jti }) => (rci === number ? jti : [])),
      ),
    );

  async function emitAll(adapter: Adapter): Promise<void> {
    await Promise.all(
      events.map((number) =>
        adapter.emit({ type: 'account.deleted', correlationId: number, user: { id: `user-${number}` } }),
      ),
    );
  }

  it('halves a batch that is answered 413 until all of it is small enough, and nothing is dead', async () => {
    const crm = await site.receiver({
      always: (request) => (numbersIn(request).length > 4 ? { status: 413 } : {}),
    });
    const adapter = await site.start({ endpoints: { crm: { url: crm.url, ...eager, batch } } });
    await emitAll(adapter);
    await until(() => status(adapter)?.delivered === events.length);
    expect(status(adapter)).to.include({ dead: 0, deadLetters: 0 });
    const taken = crm.requests.map(numbersIn).filter(({ length }) => length <= 4);
    expect(taken.flat().sort()).to.deep.equal([...events].sort());
  });

  for (const { when, passing = [], dying = [] } of rows) {
    for (const answer of passing) {
      it(`${when}: everything arrives after ${JSON.stringify(answer)}`, async () => {
        const crm = await site.receiver({ answers: [answer, answer, answer] });
        const adapter = await site.start({ endpoints: { crm: { url: crm.url, ...eager } } });
        await emitAll(adapter);
        await until(() => status(adapter)?.delivered === events.length);
        expect(status(adapter)).to.include({ dead: 0, deadLetters: 0 });
        expect(crm.requests.map(({ path }) => path)).to.not.include('/elsewhere');
        expect(takenBy(crm)).to.have.property('size', events.length);
        const isTaken = (answer.status ?? 0) >= 200 && (answer.status ?? 0) < 300;
        expect(crm.requests).to.have.length(events.length + (isTaken ? 0 : 3));
        for (const number of events) expect(jtisOf(number, crm)).to.have.property('size', 1);
      });
    }

    for (const { answer, reason, settings, all = false } of dying) {
      it(`${when}: ${all ? 'all' : 'the culprit alone'} becomes a dead letter, ${reason}, after ${JSON.stringify(answer)}`, async () => {
        const crm = await site.receiver({ always: all ? answer : toCulprit(answer) });
        const adapter = await site.start({ endpoints: { crm: { url: crm.url, ...eager, ...settings } } });
        const dead = all ? events.length : 1;
        await emitAll(adapter);
        // Others have to pass for a poison to be one.
        await until(() => status(adapter)?.delivered === events.length - dead);
        await until(() => status(adapter)?.dead === dead && status(adapter)?.deadLetters === dead);
        const { out } = await site.setwire(['dead', 'list', '--json']);
        const letters = out
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line) as { reason: string; event: { correlationId: string } });
        expect(new Set(letters.map((letter) => letter.reason))).to.deep.equal(new Set([reason]));
        if (!all) expect(letters.map(({ event }) => event.correlationId)).to.deep.equal([culprit]);
        expect(jtisOf(culprit, crm)).to.have.property('size', 1);
      });
    }
  }
});

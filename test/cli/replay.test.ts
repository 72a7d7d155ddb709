import { expect } from 'chai';
import type { Adapter } from '../../src/adapter.js';
import { eventOf, jtisOf, type Operated, operated, rcisOf, refused } from '../support/operated.js';
import type { ReceivedRequest, Receiver, ScriptedAnswer } from '../support/receiver.js';
import { until } from '../support/until.js';

const rciOf = ({ body }: ReceivedRequest): string => (JSON.parse(body.toString('utf8')) as { rci: string }).rci;

/** A time between what was accepted and what will be. */
async function between(): Promise<string> {
  const before = Date.now();
  await until(() => Date.now() > before);
  return new Date().toISOString();
}

describe('setwire replay', () => {
  let site: Operated;

  beforeEach(() => {
    site = operated();
  });

  afterEach(() => site.end());

  interface Scene {
    readonly crm: Receiver;
    readonly config: Record<string, unknown>;
    readonly adapter: Adapter;
    /** What the receiver does from now on. */
    answers(always: (request: ReceivedRequest) => ScriptedAnswer): void;
    /** Between the second and the third event. */
    readonly middle: string;
    /** Requests that came before a replay. */
    readonly before: number;
  }

  /** Four events, delivered: ann is locked (1), bob is locked (2), ann is unlocked (3), ann is locked (4). */
  async function scene(): Promise<Scene> {
    let answer: (request: ReceivedRequest) => ScriptedAnswer = () => ({});
    const crm = await site.receiver({ always: (request) => answer(request) });
    const config = { stopTimeout: '50ms', endpoints: { crm: { url: crm.url, timeout: '1m' } } };
    const adapter = await site.start(config);
    await adapter.emit(eventOf('1', 'ann'));
    await adapter.emit(eventOf('2', 'bob'));
    const middle = await between();
    await adapter.emit(eventOf('3', 'ann', 'account.unlocked'));
    await adapter.emit(eventOf('4', 'ann'));
    // Stored, so that another process sees it.
    await until(async () => (await site.setwire(['endpoint', 'list'])).out.includes(' 0 waiting'));
    expect(crm.requests).to.have.length(4);
    const answers: Scene['answers'] = (always) => {
      answer = always;
    };
    return { crm, config, adapter, answers, middle, before: 4 };
  }

  const situations: [name: string, isRunning: boolean][] = [
    ['while an adapter runs', true],
    ['while none runs', false],
  ];

  for (const [name, isRunning] of situations) {
    describe(name, () => {
      async function begin(): Promise<Scene & { replayed(): string[] }> {
        const begun = await scene();
        if (!isRunning) await begun.adapter.detach();
        return { ...begun, replayed: () => rcisOf(begun.crm).slice(begun.before) };
      }

      it('sends everything again, with the same jti, in the order of each subject', async () => {
        const { crm, before, replayed } = await begin();
        const ended = await site.setwire(['replay', '--endpoint', 'crm']);
        expect(ended).to.deep.equal({ code: 0, out: '4 delivered\n', err: '' });
        expect([...jtisOf(crm).slice(before)].sort()).to.deep.equal(jtisOf(crm).slice(0, before).sort());
        expect(replayed().filter((rci) => rci !== '2')).to.deep.equal(['1', '3', '4']);
      });

      it('sends what was accepted since a time', async () => {
        const { middle, replayed } = await begin();
        const ended = await site.setwire(['replay', '--endpoint', 'crm', '--from', middle]);
        expect(ended).to.include({ code: 0, out: '2 delivered\n' });
        expect(replayed()).to.deep.equal(['3', '4']);
      });

      it('sends what was accepted before a time', async () => {
        const { middle, replayed } = await begin();
        const ended = await site.setwire(['replay', '--endpoint', 'crm', '--from', '1h', '--to', middle]);
        expect(ended).to.include({ code: 0, out: '2 delivered\n' });
        expect(replayed().sort()).to.deep.equal(['1', '2']);
      });

      it('sends the events of some types', async () => {
        const { replayed } = await begin();
        const args = ['--event', 'account.unlocked', '--event', 'login.*'];
        expect(await site.setwire(['replay', '--endpoint', 'crm', ...args])).to.include({ out: '1 delivered\n' });
        expect(replayed()).to.deep.equal(['3']);
      });

      it('sends the events of one subject, by its id or its name', async () => {
        const { replayed } = await begin();
        expect(await site.setwire(['replay', '--endpoint', 'crm', '--subject', 'ann'])).to.include({
          out: '3 delivered\n',
        });
        expect(replayed()).to.deep.equal(['1', '3', '4']);
        await site.setwire(['replay', '--endpoint', 'crm', '--subject', 'bob@example.com']);
        expect(replayed()).to.deep.equal(['1', '3', '4', '2']);
      });

      it('takes a rate', async () => {
        await begin();
        const ended = await site.setwire(['replay', '--endpoint', 'crm', '--rate', '10']);
        expect(ended).to.deep.equal({ code: 0, out: '4 delivered\n', err: '' });
      });

      it('says that there was nothing to send', async () => {
        const { replayed } = await begin();
        const ended = await site.setwire(['replay', '--endpoint', 'crm', '--event', 'token.*']);
        expect(ended).to.deep.equal({ code: 0, out: '0 delivered\n', err: '' });
        expect(replayed()).to.deep.equal([]);
      });

      it('counts by type and sends nothing with --dry-run', async () => {
        const { replayed } = await begin();
        const ended = await site.setwire(['replay', '--endpoint', 'crm', '--dry-run']);
        expect(ended).to.deep.equal({
          code: 0,
          out: '4 events would be sent to crm\n         3  account.locked\n         1  account.unlocked\n',
          err: '',
        });
        const one = await site.setwire(['replay', '--endpoint', 'crm', '--dry-run', '--subject', 'bob']);
        expect(one.out).to.equal('1 event would be sent to crm\n         1  account.locked\n');
        expect(replayed()).to.deep.equal([]);
      });

      it('makes a dead letter of what is refused now, and ends with code 1', async () => {
        const { answers } = await begin();
        answers((request) => (rciOf(request) === '2' ? refused : {}));
        const ended = await site.setwire(['replay', '--endpoint', 'crm']);
        expect(ended).to.deep.equal({ code: 1, out: '3 delivered, 1 dead\n', err: '' });
        expect((await site.setwire(['dead', 'list', '--endpoint', 'crm'])).out).to.include('1 dead letter\n');
        answers(() => ({}));
        expect(await site.setwire(['replay', '--endpoint', 'crm', '--subject', 'bob'])).to.include({ code: 0 });
        expect((await site.setwire(['dead', 'list', '--endpoint', 'crm'])).out).to.equal('0 dead letters\n');
      });

      it('does not send to an endpoint that is disabled', async () => {
        const { adapter, replayed } = await begin();
        await site.setwire(['endpoint', 'disable', 'crm']);
        if (isRunning) await until(() => adapter.status().endpoints?.crm?.state === 'disabled');
        expect(await site.setwire(['replay', '--endpoint', 'crm'])).to.deep.equal({
          code: 1,
          out: '',
          err: 'the endpoint is disabled\n',
        });
        expect(replayed()).to.deep.equal([]);
      });

      it('leaves alone what is on its way for the first time', async () => {
        const { crm, adapter, answers } = await scene();
        answers((request) => (rciOf(request) === '5' ? { hang: true } : {}));
        await adapter.emit(eventOf('5', 'eve'));
        await crm.next(5);
        await adapter.emit(eventOf('6', 'eve'));
        await until(async () => (await site.setwire(['endpoint', 'list'])).out.includes(' 2 waiting'));
        if (!isRunning) await adapter.detach();
        const dry = await site.setwire(['replay', '--endpoint', 'crm', '--dry-run']);
        expect(dry.out).to.match(/^4 events would be sent to crm\n/);
        expect(dry.out).to.match(/\n2 more are on their way to it for the first time, and left alone\n$/);
        const ended = await site.setwire(['replay', '--endpoint', 'crm']);
        expect(ended).to.deep.equal({ code: 0, out: '4 delivered, 2 not sent\n', err: '' });
        expect(rcisOf(crm).slice(5).sort()).to.deep.equal(['1', '2', '3', '4']);
      });

      it('sends an endpoint that began later what came before it', async () => {
        const { config, adapter } = await scene();
        await adapter.detach();
        const late = await site.receiver();
        const { endpoints } = config as { endpoints: object };
        const wider = { ...config, endpoints: { ...endpoints, late: { url: late.url } } };
        const second = await site.start(wider);
        await until(() => second.status().isTransmitting === true);
        if (!isRunning) await second.detach();
        expect(late.requests).to.deep.equal([]);
        expect(await site.setwire(['replay', '--endpoint', 'late'])).to.include({ code: 0, out: '4 delivered\n' });
        expect(rcisOf(late).filter((rci) => rci !== '2')).to.deep.equal(['1', '3', '4']);
      });

      it('sends what did not match when it came', async () => {
        const siem = await site.receiver();
        const config = (events: string[]) => ({ endpoints: { siem: { url: siem.url, events } } });
        const first = await site.start(config(['account.deleted']));
        await first.emit(eventOf('1'));
        await first.emit(eventOf('2', 'ann', 'account.deleted'));
        await until(() => first.status().endpoints?.siem?.lag.events === 0);
        await first.detach();
        const second = await site.start(config(['account.*']));
        await until(() => second.status().isTransmitting === true);
        if (!isRunning) await second.detach();
        expect(await site.setwire(['replay', '--endpoint', 'siem', '--event', 'account.locked'])).to.include({
          code: 0,
          out: '1 delivered\n',
        });
        expect(rcisOf(siem)).to.deep.equal(['2', '1']);
      });

      it('names the endpoints that there are where it does not know one', async () => {
        await begin();
        for (const more of [[], ['--dry-run']]) {
          expect(await site.setwire(['replay', '--endpoint', 'crn', ...more])).to.deep.equal({
            code: 1,
            out: '',
            err: 'setwire replay: there is no endpoint "crn"; there are: crm\n',
          });
        }
      });
    });
  }

  it('is not watched any more after Ctrl-C while an adapter runs, which goes on with it', async () => {
    const { crm } = await scene();
    const ended = await site.setwire(['replay', '--endpoint', 'crm'], { signal: AbortSignal.abort() });
    expect(ended.code).to.equal(130);
    expect(ended.out).to.equal('\n0 delivered; it goes on without being watched\n');
    await crm.next(8);
  });

  it('is stopped by Ctrl-C while none runs, and not taken up later', async () => {
    const { crm, adapter, config } = await scene();
    await adapter.detach();
    const ended = await site.setwire(['replay', '--endpoint', 'crm'], { signal: AbortSignal.abort() });
    expect(ended.code).to.equal(130);
    expect(ended.out).to.equal('\n0 delivered; stopped\n');
    const next = await site.start(config);
    await next.emit(eventOf('5'));
    await until(() => next.status().endpoints?.crm?.delivered === 1);
    expect(rcisOf(crm).slice(4)).to.deep.equal(['5']);
  });

  it('goes on at the next start where the one that did it was stopped halfway', async () => {
    const { crm, adapter, answers, config } = await scene();
    answers((request) => (rciOf(request) === '3' ? { hang: true } : {}));
    const watching = new AbortController();
    const ended = site.setwire(['replay', '--endpoint', 'crm'], { signal: watching.signal });
    await until(() => rcisOf(crm).slice(4).includes('3'));
    watching.abort();
    expect((await ended).code).to.equal(130);
    await adapter.detach();
    answers(() => ({}));
    await site.start(config);
    await until(() => rcisOf(crm).slice(4).includes('4'));
    expect(new Set(rcisOf(crm).slice(4))).to.have.property('size', 4);
  });

  it('says what is wrong with the config where nothing transmits, and leaves it to the next start', async () => {
    const { crm, adapter, config } = await scene();
    await adapter.detach();
    const auth = { type: 'bearer', token: '${env:NOWHERE}' };
    site.write({ ...config, endpoints: { crm: { url: crm.url, auth } } });
    const { code, out, err } = await site.setwire(['replay', '--endpoint', 'crm']);
    expect({ code, out }).to.deep.equal({ code: 0, out: 'nothing transmits now: it is done when setwire next runs\n' });
    expect(err).to.include('found ${env:NOWHERE}, allowed: an environment variable NOWHERE that is set');
    expect(crm.requests).to.have.length(4);
    await site.start(config);
    await crm.next(8);
  });

  it('needs the secrets of the config for nothing while an adapter runs', async () => {
    const { crm, config } = await scene();
    const auth = { type: 'bearer', token: '${env:NOWHERE}' };
    site.write({ ...config, endpoints: { crm: { url: crm.url, auth } } });
    expect(await site.setwire(['replay', '--endpoint', 'crm'])).to.deep.equal({
      code: 0,
      out: '4 delivered\n',
      err: '',
    });
  });

  it('says so where there is no journal yet', async () => {
    site.write({ endpoints: {} });
    const { code, err } = await site.setwire(['replay', '--endpoint', 'crm']);
    expect(code).to.equal(1);
    expect(err).to.include('there is no journal in');
  });

  it('says that a journal in memory cannot be seen', async () => {
    site.write({ journal: 'memory', endpoints: {} });
    const { code, err } = await site.setwire(['replay', '--endpoint', 'crm']);
    expect(code).to.equal(1);
    expect(err).to.include('has `journal: memory`');
  });

  const misused: readonly string[][] = [
    [],
    ['crm'],
    ['--endpoint'],
    ['--endpoint', 'crm', '--rate', '0'],
    ['--endpoint', 'crm', '--rate', '1e3'],
    ['--endpoint', 'crm', '--from', 'yesterday'],
    ['--endpoint', 'crm', '--to', '2026-99-99'],
    ['--endpoint', 'crm', '--all'],
  ];
  for (const args of misused) {
    it(`ends with code 2 for \`setwire replay ${args.join(' ')}\``, async () => {
      const { code, out, err } = await site.setwire(['replay', ...args]);
      expect({ code, out }).to.deep.equal({ code: 2, out: '' });
      expect(err).to.match(/^setwire replay: .+\nsetwire replay --help shows the options\n$/s);
    });
  }

  it('shows its options', async () => {
    const { code, out } = await site.setwire(['replay', '--help']);
    expect(code).to.equal(0);
    expect(out).to.match(/^Usage: setwire replay --endpoint <name>/);
  });
});

import { expect } from 'chai';
import type { Adapter } from '../../src/adapter.js';
import type { DeadLetter } from '../../src/schema-types.js';
import { validatorOf } from '../../src/schemas.js';
import { eventOf, jtisOf, type Operated, operated, rcisOf, refused } from '../support/operated.js';
import type { Receiver } from '../support/receiver.js';
import { until } from '../support/until.js';

describe('setwire dead', () => {
  let site: Operated;

  beforeEach(() => {
    site = operated();
  });

  afterEach(() => site.end());

  async function letters(...narrowed: string[]): Promise<DeadLetter[]> {
    const { out } = await site.setwire(['dead', 'list', '--json', ...narrowed]);
    return out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as DeadLetter);
  }

  const namesOf = (some: readonly DeadLetter[]): string[] =>
    some.map(({ endpoint, event }) => `${endpoint} ${event.correlationId}`);

  interface Scene {
    readonly crm: Receiver;
    readonly siem: Receiver;
    readonly config: Record<string, unknown>;
    readonly adapter: Adapter;
    /** From now on everything is taken. */
    mend(): void;
    /** Requests that came when everything was refused. */
    readonly refusals: { crm: number; siem: number };
  }

  /** Three dead letters: of an account that was locked (1) at the CRM, of one that was deleted (2) at the CRM and the SIEM. */
  async function scene(): Promise<Scene> {
    let isMended = false;
    const always = () => (isMended ? {} : refused);
    const [crm, siem] = [await site.receiver({ always }), await site.receiver({ always })];
    const config = {
      stopTimeout: '1s',
      endpoints: { crm: { url: crm.url }, siem: { url: siem.url, events: ['account.deleted'] } },
    };
    const adapter = await site.start(config);
    await adapter.emit(eventOf('1', 'ann', 'account.locked'));
    await until(() => adapter.status().endpoints?.crm?.deadLetters === 1);
    await adapter.emit(eventOf('2', 'ann', 'account.deleted'));
    await until(() => {
      const { crm: one, siem: other } = adapter.status().endpoints ?? {};
      return one?.deadLetters === 2 && other?.deadLetters === 1;
    });
    const mend = (): void => {
      isMended = true;
    };
    return { crm, siem, config, adapter, mend, refusals: { crm: 2, siem: 1 } };
  }

  const situations: [name: string, begin: () => Promise<Scene>][] = [
    ['while an adapter runs', () => scene()],
    [
      'while none runs',
      async () => {
        const begun = await scene();
        await begun.adapter.detach();
        return begun;
      },
    ],
  ];

  for (const [name, begin] of situations) {
    describe(name, () => {
      it('lists what was given up, with the reason, and counts it', async () => {
        await begin();
        const { code, out, err } = await site.setwire(['dead', 'list']);
        expect({ code, err }).to.deep.equal({ code: 0, err: '' });
        const lines = out.split('\n');
        expect(lines[0]).to.match(
          /^[0-9a-f]{12} {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}crm {7}account\.locked {10}rejected_by_receiver {2}400 invalid_request {2}1 attempt$/,
        );
        expect(lines[2]).to.match(/ {2}siem {6}account\.deleted /);
        expect(lines.slice(3)).to.deep.equal(['3 dead letters', '']);
      });

      it('lists one endpoint, or one type, or all of a flow', async () => {
        await begin();
        expect(namesOf(await letters())).to.deep.equal(['crm 1', 'crm 2', 'siem 2']);
        expect(namesOf(await letters('--endpoint', 'siem'))).to.deep.equal(['siem 2']);
        expect(namesOf(await letters('--event', 'account.locked'))).to.deep.equal(['crm 1']);
        expect(namesOf(await letters('--event', 'account.*', '--endpoint', 'crm'))).to.deep.equal(['crm 1', 'crm 2']);
        expect(namesOf(await letters('--event', 'login.*', '--event', 'account.deleted'))).to.deep.equal([
          'crm 2',
          'siem 2',
        ]);
        expect((await site.setwire(['dead', 'list', '--endpoint', 'nobody'])).out).to.equal('0 dead letters\n');
      });

      it('shows one as it is kept, as its schema has it', async () => {
        const { crm } = await begin();
        const [first] = await letters();
        const { code, out } = await site.setwire(['dead', 'show', first?.id ?? '']);
        const shown = JSON.parse(out) as DeadLetter;
        expect({ code, shown }).to.deep.equal({ code: 0, shown: first });
        expect(validatorOf('dead-letter.schema.json')(shown)).to.deep.equal([]);
        expect(shown).to.deep.include({ reason: 'rejected_by_receiver', error: 'invalid_request', status: 400 });
        expect(shown).to.deep.include({ answer: '{"err":"invalid_request"}', attempts: 1, jti: jtisOf(crm)[0] });
        expect(shown.event.user).to.include({ id: 'ann' });
      });

      it('sends one again by its id, with the same jti: what arrives is a dead letter no more', async () => {
        const { crm, siem, mend, refusals } = await begin();
        mend();
        const [first] = await letters();
        const ended = await site.setwire(['dead', 'retry', first?.id ?? '']);
        expect(ended).to.deep.equal({ code: 0, out: '1 delivered\n', err: '' });
        expect(jtisOf(crm).slice(refusals.crm)).to.deep.equal([first?.jti]);
        expect(siem.requests).to.have.length(refusals.siem);
        expect(namesOf(await letters())).to.deep.equal(['crm 2', 'siem 2']);
      });

      it('sends one again once, however often its id is given', async () => {
        const { crm, mend, refusals } = await begin();
        mend();
        const [first] = await letters();
        const { out } = await site.setwire(['dead', 'retry', first?.id ?? '', first?.id ?? '']);
        expect(out).to.equal('1 delivered\n');
        expect(crm.requests).to.have.length(refusals.crm + 1);
      });

      it('sends those of one endpoint again, in the order of a subject', async () => {
        const { crm, mend, refusals } = await begin();
        mend();
        const ended = await site.setwire(['dead', 'retry', '--endpoint', 'crm', '--rate', '1000']);
        expect(ended).to.deep.equal({ code: 0, out: '2 delivered\n', err: '' });
        expect(rcisOf(crm).slice(refusals.crm)).to.deep.equal(['1', '2']);
        expect(namesOf(await letters())).to.deep.equal(['siem 2']);
      });

      it('sends those of one type again, to whichever endpoint', async () => {
        const { mend } = await begin();
        mend();
        const ended = await site.setwire(['dead', 'retry', '--event', 'account.deleted']);
        expect(ended).to.deep.equal({ code: 0, out: 'crm: 1 delivered\nsiem: 1 delivered\n', err: '' });
        expect(namesOf(await letters())).to.deep.equal(['crm 1']);
      });

      it('sends all of them again', async () => {
        const { mend } = await begin();
        mend();
        const ended = await site.setwire(['dead', 'retry', '--all']);
        expect(ended).to.deep.equal({ code: 0, out: 'crm: 2 delivered\nsiem: 1 delivered\n', err: '' });
        expect(await letters()).to.deep.equal([]);
        expect(await site.setwire(['dead', 'retry', '--all'])).to.deep.equal({
          code: 0,
          out: '0 dead letters\n',
          err: '',
        });
      });

      it('keeps one that dies again, once, with its new death, and ends with code 1', async () => {
        const { crm, refusals } = await begin();
        const [before] = await letters();
        const ended = await site.setwire(['dead', 'retry', before?.id ?? '']);
        expect(ended).to.deep.equal({ code: 1, out: '0 delivered, 1 dead\n', err: '' });
        expect(crm.requests).to.have.length(refusals.crm + 1);
        const after = await letters('--event', 'account.locked');
        expect(after.map(({ id, jti }) => ({ id, jti }))).to.deep.equal([{ id: before?.id, jti: before?.jti }]);
        expect(Date.parse(after[0]?.diedAt ?? '')).to.be.above(Date.parse(before?.diedAt ?? ''));
        expect((await site.setwire(['endpoint', 'list'])).out).to.match(/^crm .*2 dead/);
      });

      it('writes a retry into the delivery log', async () => {
        const { mend, adapter } = await begin();
        mend();
        const [first] = await letters();
        await site.setwire(['dead', 'retry', first?.id ?? '']);
        await adapter.detach();
        const own = site.logRecords().filter(({ sets }) => sets.some(({ jti }) => jti === first?.jti));
        expect(own.map(({ endpoint, outcome }) => [endpoint, outcome])).to.deep.equal([
          ['crm', 'dead'],
          ['crm', 'delivered'],
        ]);
      });

      it('does not send to an endpoint that is disabled', async () => {
        const { crm, mend, adapter, refusals } = await begin();
        mend();
        const isRunning = adapter.status().state === 'running';
        await site.setwire(['endpoint', 'disable', 'crm']);
        if (isRunning) await until(() => adapter.status().endpoints?.crm?.state === 'disabled');
        const [first] = await letters();
        const ended = await site.setwire(['dead', 'retry', first?.id ?? '']);
        expect(ended).to.deep.equal({ code: 1, out: '', err: 'the endpoint is disabled\n' });
        expect(crm.requests).to.have.length(refusals.crm);
        expect(await letters()).to.have.length(3);
      });

      it('drops one by its id', async () => {
        await begin();
        const [first] = await letters();
        expect(await site.setwire(['dead', 'drop', first?.id ?? ''])).to.include({ code: 0, out: '1 dropped\n' });
        expect(namesOf(await letters())).to.deep.equal(['crm 2', 'siem 2']);
      });

      it('drops those of one endpoint, or of one type', async () => {
        await begin();
        expect((await site.setwire(['dead', 'drop', '--endpoint', 'siem'])).out).to.equal('1 dropped\n');
        expect((await site.setwire(['dead', 'drop', '--event', 'account.locked'])).out).to.equal('1 dropped\n');
        expect(namesOf(await letters())).to.deep.equal(['crm 2']);
      });

      it('drops all of them, and nothing is sent for it', async () => {
        const { crm, refusals } = await begin();
        expect(await site.setwire(['dead', 'drop', '--all'])).to.deep.equal({ code: 0, out: '3 dropped\n', err: '' });
        expect(await letters()).to.deep.equal([]);
        expect(crm.requests).to.have.length(refusals.crm);
      });

      for (const action of ['show', 'retry', 'drop']) {
        it(`says so where there is no dead letter of the id to ${action}, and touches no other`, async () => {
          await begin();
          const [first] = await letters();
          const ids = action === 'show' ? ['nothing'] : [first?.id ?? '', 'nothing'];
          const ended = await site.setwire(['dead', action, ...ids]);
          expect(ended).to.deep.equal({
            code: 1,
            out: '',
            err: 'setwire dead: there is no dead letter "nothing"\n',
          });
          expect(await letters()).to.have.length(3);
        });
      }
    });
  }

  it('is not watched any more after Ctrl-C while an adapter runs, which goes on with it', async () => {
    const { mend, adapter } = await scene();
    mend();
    const ended = await site.setwire(['dead', 'retry', '--all'], { signal: AbortSignal.abort() });
    expect(ended.code).to.equal(130);
    expect(ended.out).to.include('it goes on without being watched');
    await until(() => adapter.status().endpoints?.crm?.deadLetters === 0);
    expect(namesOf(await letters())).to.deep.equal(['siem 2']);
  });

  it('is stopped by Ctrl-C while none runs, and not taken up later', async () => {
    const { mend, adapter, config, crm, refusals } = await scene();
    await adapter.detach();
    mend();
    const ended = await site.setwire(['dead', 'retry', '--all'], { signal: AbortSignal.abort() });
    expect(ended).to.include({ code: 130 });
    expect(ended.out).to.include('; stopped');
    const next = await site.start(config);
    await next.emit(eventOf('3'));
    await until(() => next.status().endpoints?.crm?.delivered === 1);
    expect(rcisOf(crm).slice(refusals.crm)).to.deep.equal(['3']);
  });

  it('ends a list at Ctrl-C', async () => {
    await scene();
    expect(await site.setwire(['dead', 'list'], { signal: AbortSignal.abort() })).to.include({ code: 130, out: '' });
  });

  it('says what is wrong with the config where nothing transmits, and leaves the retry to the next start', async () => {
    const { mend, adapter, config, crm, refusals } = await scene();
    await adapter.detach();
    mend();
    const { endpoints } = config as { endpoints: Record<string, object> };
    const auth = { type: 'bearer', token: '${env:NOWHERE}' };
    site.write({ ...config, endpoints: { ...endpoints, crm: { ...endpoints.crm, auth } } });
    const [first] = await letters();
    const { code, out, err } = await site.setwire(['dead', 'retry', first?.id ?? '']);
    expect({ code, out }).to.deep.equal({ code: 0, out: 'nothing transmits now: it is done when setwire next runs\n' });
    expect(err).to.include('found ${env:NOWHERE}, allowed: an environment variable NOWHERE that is set');
    expect(crm.requests).to.have.length(refusals.crm);
    const next = await site.start(config);
    await until(() => next.status().endpoints?.crm?.deadLetters === 1);
    expect(rcisOf(crm).slice(refusals.crm)).to.deep.equal(['1']);
  });

  it('cannot retry to an endpoint that is gone from the config, and keeps the letter', async () => {
    const { adapter, config } = await scene();
    await adapter.detach();
    const { endpoints } = config as { endpoints: Record<string, object> };
    site.write({ ...config, endpoints: { crm: endpoints.crm } });
    expect(await site.setwire(['dead', 'retry', '--endpoint', 'siem'])).to.deep.equal({
      code: 1,
      out: '',
      err: 'the config has no such endpoint, or not enabled\n',
    });
    expect(namesOf(await letters('--endpoint', 'siem'))).to.deep.equal(['siem 2']);
  });

  it('shows a hostile text of an answer without what a terminal obeys', async () => {
    const crm = await site.receiver({ always: { status: 400, body: JSON.stringify({ err: 'a\u001b[2J' }) } });
    const adapter = await site.start({ endpoints: { crm: { url: crm.url } } });
    await adapter.emit(eventOf('1'));
    await until(() => adapter.status().endpoints?.crm?.deadLetters === 1);
    expect((await site.setwire(['dead', 'list'])).out).to.not.include('\u001b');
  });

  it('says so where there is no journal yet', async () => {
    site.write({ endpoints: {} });
    const { code, err } = await site.setwire(['dead', 'list']);
    expect(code).to.equal(1);
    expect(err).to.include('there is no journal in');
  });

  it('says that a journal in memory cannot be seen', async () => {
    site.write({ journal: 'memory', endpoints: {} });
    const { code, err } = await site.setwire(['dead', 'retry', '--all']);
    expect(code).to.equal(1);
    expect(err).to.include('has `journal: memory`');
  });

  const misused: readonly string[][] = [
    [],
    ['lsit'],
    ['list', '0123456789ab'],
    ['list', '--since', '1h'],
    ['show'],
    ['show', '0123456789ab', '0123456789ac'],
    ['retry'],
    ['drop'],
    ['drop', '--all', '0123456789ab'],
    ['retry', '0123456789ab', '--endpoint', 'crm'],
    ['retry', '--all', '--rate', '0'],
    ['retry', '--all', '--rate', 'fast'],
  ];
  for (const args of misused) {
    it(`ends with code 2 for \`setwire dead ${args.join(' ')}\``, async () => {
      const { code, out, err } = await site.setwire(['dead', ...args]);
      expect({ code, out }).to.deep.equal({ code: 2, out: '' });
      expect(err).to.match(/^setwire dead: .+\nsetwire dead --help shows the options\n$/s);
    });
  }

  it('shows its options', async () => {
    const { code, out } = await site.setwire(['dead', '--help']);
    expect(code).to.equal(0);
    expect(out).to.match(/^Usage: setwire dead list/);
  });
});

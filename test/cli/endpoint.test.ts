import { expect } from 'chai';
import { eventOf, type Operated, operated, rcisOf } from '../support/operated.js';
import { until } from '../support/until.js';

describe('setwire endpoint', () => {
  let site: Operated;

  beforeEach(() => {
    site = operated();
  });

  afterEach(() => site.end());

  describe('while an adapter runs', () => {
    it('lists each endpoint with its state and what waits for it', async () => {
      const [crm, siem] = [await site.receiver(), await site.receiver({ always: { hang: true } })];
      const adapter = await site.start({
        stopTimeout: '20ms',
        endpoints: { crm: { url: crm.url }, siem: { url: siem.url } },
      });
      await adapter.emit(eventOf('1'));
      await Promise.all([crm.next(), siem.next()]);
      await until(async () => /crm +active +0/.test((await site.setwire(['endpoint', 'list'])).out));
      const { code, out, err } = await site.setwire(['endpoint', 'list']);
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      expect(out).to.equal('crm           active         0 waiting\nsiem          active         1 waiting\n');
    });

    it('stops sending to an endpoint at once, and goes on where it stopped', async () => {
      const crm = await site.receiver();
      const adapter = await site.start({ endpoints: { crm: { url: crm.url } } });
      await adapter.emit(eventOf('1'));
      await until(() => adapter.status().endpoints?.crm?.delivered === 1);
      const disabled = await site.setwire(['endpoint', 'disable', 'crm', '--reason', 'it moves house']);
      expect(disabled).to.deep.equal({ code: 0, out: 'crm is disabled\n', err: '' });
      await until(() => adapter.status().endpoints?.crm?.state === 'disabled');
      expect(adapter.status().endpoints?.crm).to.include({ reason: 'it moves house', delivered: 1 });
      await until(async () => (await site.setwire(['endpoint', 'list'])).out.includes(' 0 waiting'));
      await adapter.emit(eventOf('2'));
      await adapter.emit(eventOf('3'));
      const { out } = await site.setwire(['endpoint', 'list']);
      expect(out).to.equal('crm           disabled       2 waiting  (it moves house)\n');
      const enabled = await site.setwire(['endpoint', 'enable', 'crm']);
      expect(enabled).to.deep.equal({ code: 0, out: 'crm is enabled\n', err: '' });
      await crm.next(3);
      expect(rcisOf(crm)).to.deep.equal(['1', '2', '3']);
      await until(() => adapter.status().endpoints?.crm?.delivered === 3);
      await until(() => adapter.status().endpoints?.crm?.state === 'active');
    });

    it('leaves other endpoints alone', async () => {
      const [crm, siem] = [await site.receiver(), await site.receiver()];
      const adapter = await site.start({ endpoints: { crm: { url: crm.url }, siem: { url: siem.url } } });
      await site.setwire(['endpoint', 'disable', 'crm']);
      await until(() => adapter.status().endpoints?.crm?.state === 'disabled');
      await adapter.emit(eventOf('1'));
      await siem.next();
      expect(adapter.status().endpoints?.siem).to.include({ state: 'active' });
      expect(crm.requests).to.deep.equal([]);
    });
  });

  describe('while none runs', () => {
    /** One that has run. */
    async function ran(config: Record<string, unknown>): Promise<void> {
      await (await site.start(config)).detach();
    }

    it('lists each endpoint as stopped, and says that nothing runs', async () => {
      const crm = await site.receiver();
      await ran({ endpoints: { crm: { url: crm.url }, siem: { url: crm.url } } });
      expect(await site.setwire(['endpoint', 'list'])).to.deep.equal({
        code: 0,
        out:
          'crm           stopped        0 waiting\nsiem          stopped        0 waiting\n' + 'setwire does not run\n',
        err: '',
      });
    });

    it('disables from the next start on, and enables from the one after', async () => {
      const crm = await site.receiver();
      const config = { endpoints: { crm: { url: crm.url } } };
      await ran(config);
      expect(await site.setwire(['endpoint', 'disable', 'crm'])).to.deep.equal({
        code: 0,
        out: 'crm is disabled, from the next start of setwire on\n',
        err: '',
      });
      const second = await site.start(config);
      await until(() => second.status().isTransmitting === true);
      await second.emit(eventOf('1'));
      expect(second.status().endpoints?.crm).to.include({ state: 'disabled', reason: 'by an operator' });
      await second.detach();
      expect(crm.requests).to.deep.equal([]);
      expect((await site.setwire(['endpoint', 'list'])).out).to.include('disabled       1 waiting  (by an operator)');
      expect((await site.setwire(['endpoint', 'enable', 'crm'])).out).to.equal(
        'crm is enabled, from the next start of setwire on\n',
      );
      await site.start(config);
      await crm.next();
      expect(rcisOf(crm)).to.deep.equal(['1']);
    });

    it('shows how many dead letters an endpoint has, and which one is gone from the config', async () => {
      const crm = await site.receiver({ always: { status: 400, body: '{"err":"invalid_request"}' } });
      const first = await site.start({ endpoints: { crm: { url: crm.url } } });
      await first.emit(eventOf('1'));
      await until(() => first.status().endpoints?.crm?.deadLetters === 1);
      await first.detach();
      expect((await site.setwire(['endpoint', 'list'])).out).to.include(
        'crm           stopped        0 waiting  1 dead',
      );
      const second = await site.start({ endpoints: {} });
      await until(() => second.status().isTransmitting === true);
      await second.detach();
      expect((await site.setwire(['endpoint', 'list'])).out).to.include(
        'crm           removed        0 waiting  1 dead',
      );
    });

    it('needs none of the secrets of the config', async () => {
      const crm = await site.receiver();
      await ran({ endpoints: { crm: { url: crm.url } } });
      site.write({ endpoints: { crm: { url: crm.url, auth: { type: 'bearer', token: '${env:NOWHERE}' } } } });
      expect(await site.setwire(['endpoint', 'disable', 'crm'])).to.include({ code: 0, err: '' });
    });

    it('names the endpoints that there are where it does not know one', async () => {
      const crm = await site.receiver();
      await ran({ endpoints: { crm: { url: crm.url }, siem: { url: crm.url } } });
      expect(await site.setwire(['endpoint', 'disable', 'crn'])).to.deep.equal({
        code: 1,
        out: '',
        err: 'setwire endpoint: there is no endpoint "crn"; there are: crm, siem\n',
      });
      expect((await site.setwire(['endpoint', 'list'])).out).to.not.include('crn');
    });
  });

  it('says so where there is no journal yet, and makes none', async () => {
    site.write({ endpoints: {} });
    const { code, err } = await site.setwire(['endpoint', 'list']);
    expect(code).to.equal(1);
    expect(err).to.include('there is no journal in').and.to.include('setwire has not run with this config');
    expect((await site.setwire(['endpoint', 'list'])).code).to.equal(1);
  });

  it('says that a journal in memory cannot be seen', async () => {
    site.write({ journal: 'memory', endpoints: {} });
    const { code, err } = await site.setwire(['endpoint', 'list']);
    expect(code).to.equal(1);
    expect(err).to.include('has `journal: memory`: only the process itself can see it');
  });

  it('says so where there is no config', async () => {
    const { code, err } = await site.setwire(['endpoint', 'list', '--config', 'nowhere.yaml']);
    expect(code).to.equal(1);
    expect(err).to.include('nowhere.yaml: found no such file');
  });

  const misused: readonly string[][] = [
    [],
    ['lits'],
    ['enable'],
    ['disable'],
    ['enable', 'crm', 'siem'],
    ['list', 'crm'],
    ['list', '--endpoint', 'crm'],
  ];
  for (const args of misused) {
    it(`ends with code 2 for \`setwire endpoint ${args.join(' ')}\``, async () => {
      const { code, out, err } = await site.setwire(['endpoint', ...args]);
      expect({ code, out }).to.deep.equal({ code: 2, out: '' });
      expect(err).to.match(/^setwire endpoint: .+\nsetwire endpoint --help shows the options\n$/s);
    });
  }

  it('shows its options', async () => {
    const { code, out } = await site.setwire(['endpoint', '--help']);
    expect(code).to.equal(0);
    expect(out).to.match(/^Usage: setwire endpoint list\n/);
  });
});

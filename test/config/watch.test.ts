import { EventEmitter } from 'node:events';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import sinon from 'sinon';
import { formatProblems, loadConfig } from '../../src/config/load.js';
import type { Settings } from '../../src/config/settings.js';
import { watchConfig } from '../../src/config/watch.js';
import { ConfigError } from '../../src/errors.js';
import plugin, { type Attachment } from '../../src/plugin.js';
import { eventOf, rcisOf } from '../support/operated.js';
import { type Receiver, type ReceiverOptions, startReceiver } from '../support/receiver.js';
import { type Workplace, workplace } from '../support/settings.js';
import { until } from '../support/until.js';

const yaml = (issuer: string): string => `issuer: https://${issuer}.example.com\nendpoints: {}\n`;

describe('a config that is watched', () => {
  let place: Workplace;
  let unwatch: () => void;
  let load: sinon.SinonSpy<[], Settings>;
  const apply = sinon.stub();
  const report = sinon.stub();

  beforeEach(() => {
    place = workplace();
    unwatch = () => undefined;
    apply.reset();
    report.reset();
  });

  afterEach(() => {
    unwatch();
    place.remove();
  });

  function watch(file = place.path('setwire.yaml')): void {
    load = sinon.spy(() => loadConfig(file, { env: {} }));
    unwatch = watchConfig(loadConfig(file, { env: {} }), { load, apply, report, intervalMs: 20 });
  }

  const applied = (): string[] => apply.args.map(([settings]) => (settings as Settings).issuer ?? '');
  const said = (level: string) => report.args.filter(([each]) => each === level);
  /** Long enough for a look: a file that is watched just for that has been seen. */
  async function looked(): Promise<void> {
    const file = place.path('looked.yaml');
    writeFileSync(file, yaml('one'));
    let looks = 0;
    const end = watchConfig(loadConfig(file, { env: {} }), {
      load: () => loadConfig(file, { env: {} }),
      apply: () => {
        looks += 1;
      },
      report: () => undefined,
      intervalMs: 20,
    });
    for (let n = 1; n <= 3; n += 1) {
      writeFileSync(file, yaml('x'.repeat(n)));
      await until(() => looks >= n);
    }
    end();
  }

  it('is taken over when it is written in place', async () => {
    writeFileSync(place.path('setwire.yaml'), yaml('one'));
    watch();
    writeFileSync(place.path('setwire.yaml'), yaml('other'));
    await until(() => applied().includes('https://other.example.com'));
    expect(said('info').at(-1)).to.deep.equal([
      'info',
      'the changed config is in use',
      { file: place.path('setwire.yaml') },
    ]);
  });

  it('is taken over when an editor puts another file in its place, again and again', async () => {
    writeFileSync(place.path('setwire.yaml'), yaml('one'));
    watch();
    for (const name of ['two', 'six', 'ten']) {
      writeFileSync(place.path('setwire.yaml~'), yaml(name));
      renameSync(place.path('setwire.yaml~'), place.path('setwire.yaml'));
      await until(() => applied().includes(`https://${name}.example.com`));
    }
    expect(said('error')).to.deep.equal([]);
  });

  it('is taken over when Kubernetes turns its link round', async () => {
    const version = (name: string, issuer: string): void => {
      mkdirSync(place.path(name));
      writeFileSync(place.path(`${name}/setwire.yaml`), yaml(issuer));
    };
    version('..2026_1', 'one');
    symlinkSync('..2026_1', place.path('..data'));
    symlinkSync('..data/setwire.yaml', place.path('setwire.yaml'));
    watch();
    version('..2026_2', 'two');
    symlinkSync('..2026_2', place.path('..data_tmp'));
    renameSync(place.path('..data_tmp'), place.path('..data'));
    rmSync(place.path('..2026_1'), { recursive: true });
    await until(() => applied().includes('https://two.example.com'));
    expect(said('error')).to.deep.equal([]);
  });

  const withToken = (file: string): string =>
    `endpoints: { crm: { url: "https://crm.example.com", auth: { type: bearer, token: "\${file:${file}}" } } }\n`;
  const tokens = (): string[] =>
    apply.args.map(([settings]) => {
      const auth = (settings as Settings).endpoints[0]?.auth;
      return auth?.type === 'bearer' ? auth.token.reveal() : '';
    });

  it('is taken over when a file changes that it names for a secret', async () => {
    writeFileSync(place.path('token'), 'first');
    writeFileSync(place.path('setwire.yaml'), withToken('token'));
    watch();
    writeFileSync(place.path('token'), 'another');
    await until(() => tokens().includes('another'));
    expect(JSON.stringify(report.args)).to.not.include('another');
  });

  it('looks at a secret file that it names only now, and no more at one that it does not', async () => {
    writeFileSync(place.path('token'), 'first');
    writeFileSync(place.path('token-2'), 'second');
    writeFileSync(place.path('setwire.yaml'), withToken('token'));
    watch();
    writeFileSync(place.path('setwire.yaml'), withToken('token-2'));
    await until(() => tokens().includes('second'));
    writeFileSync(place.path('token-2'), 'third');
    await until(() => tokens().includes('third'));
    const { callCount } = load;
    writeFileSync(place.path('token'), 'not used any more');
    await looked();
    expect(load.callCount).to.equal(callCount);
  });

  it('is taken over as soon as a secret file comes that it has named before it was there', async () => {
    writeFileSync(place.path('setwire.yaml'), yaml('one'));
    watch();
    writeFileSync(place.path('setwire.yaml'), withToken('late'));
    await until(() => said('error').length > 0);
    writeFileSync(place.path('late'), 'it is here');
    await until(() => tokens().includes('it is here'));
  });

  it('is refused with everything that is wrong in it, once, and the running one stays', async () => {
    writeFileSync(place.path('setwire.yaml'), yaml('one'));
    watch();
    writeFileSync(place.path('setwire.yaml'), 'isuer: x\nendpoints: { crm: { url: 42 } }\n');
    await until(() => said('error').length > 0);
    let problems: ConfigError['problems'] = [];
    try {
      load();
    } catch (error) {
      if (error instanceof ConfigError) problems = error.problems;
    }
    expect(problems).to.have.length(2);
    expect(said('error')).to.deep.equal([
      [
        'error',
        'the changed config is refused, the running one stays',
        { code: 'SETWIRE_CONFIG_INVALID', why: formatProblems(problems) },
      ],
    ]);
    const { callCount } = load;
    // Written again, with the same mistake.
    writeFileSync(place.path('setwire.yaml'), 'isuer: x\nendpoints: { crm: { url: 42 } }\n# \n');
    await until(() => load.callCount > callCount);
    expect(said('error')).to.have.length(1);
    writeFileSync(place.path('setwire.yaml'), 'isuer: x\nendpoints: {}\n');
    await until(() => said('error').length === 2);
    expect(apply.args).to.deep.equal([]);
    writeFileSync(place.path('setwire.yaml'), yaml('mended'));
    await until(() => applied().includes('https://mended.example.com'));
    expect(said('error')).to.have.length(2);
  });

  it('stays in use while its file is gone, and is taken over when it is back', async () => {
    writeFileSync(place.path('setwire.yaml'), yaml('one'));
    watch();
    rmSync(place.path('setwire.yaml'));
    await until(() => said('error').length > 0);
    expect(said('error').map(([, , fields]) => fields.code)).to.deep.equal(['SETWIRE_CONFIG_UNREADABLE']);
    expect(apply.args).to.deep.equal([]);
    writeFileSync(place.path('setwire.yaml'), yaml('back'));
    await until(() => applied().includes('https://back.example.com'));
    expect(said('error')).to.have.length(1);
  });

  it('is looked at no more once that was ended', async () => {
    writeFileSync(place.path('setwire.yaml'), yaml('one'));
    watch();
    unwatch();
    writeFileSync(place.path('setwire.yaml'), yaml('other'));
    await looked();
    expect(load.callCount).to.equal(0);
  });
});

describe('the plugin, when its config changes', () => {
  let place: Workplace;
  let attached: Attachment | undefined;
  let receivers: Receiver[];

  beforeEach(() => {
    place = workplace();
    receivers = [];
    sinon.stub(process.stderr, 'write').returns(true);
  });

  afterEach(async () => {
    await attached?.detach();
    sinon.restore();
    await Promise.all(receivers.map((receiver) => receiver.stop()));
    place.remove();
  });

  async function receiver(options?: ReceiverOptions): Promise<Receiver> {
    const started = await startReceiver(options);
    receivers.push(started);
    return started;
  }

  function write(endpoints: Record<string, object>): void {
    writeFileSync(
      place.path('setwire.yaml'),
      JSON.stringify({ log: { level: 'silent' }, stopTimeout: '2s', endpoints }),
    );
  }

  async function attach(endpoints: Record<string, object>): Promise<Attachment> {
    write(endpoints);
    attached = plugin.attach(new EventEmitter(), { config: place.path('setwire.yaml') });
    await attached.ready;
    return attached;
  }

  const stateOf = (name: string): string | undefined => attached?.status().endpoints?.[name]?.state;

  it('delivers to an endpoint that was added what comes from then on', async () => {
    const [crm, siem] = [await receiver(), await receiver()];
    const setwire = await attach({ crm: { url: crm.url } });
    await setwire.emit(eventOf('1'));
    await crm.next();
    write({ crm: { url: crm.url }, siem: { url: siem.url } });
    await until(() => stateOf('siem') === 'active');
    await setwire.emit(eventOf('2'));
    await Promise.all([crm.next(2), siem.next()]);
    expect(rcisOf(siem)).to.deep.equal(['2']);
  });

  it('goes on at the new address of an endpoint where it stopped at the old one, and counts on', async () => {
    const [old, fresh] = [await receiver(), await receiver()];
    const setwire = await attach({ crm: { url: old.url } });
    await setwire.emit(eventOf('1'));
    await until(() => setwire.status().endpoints?.crm?.delivered === 1);
    write({ crm: { url: fresh.url } });
    let number = 1;
    // What comes before it is taken over goes to the old address.
    await until(async () => {
      number += 1;
      await setwire.emit(eventOf(String(number)));
      return fresh.requests.length > 0;
    });
    await until(() => setwire.status().endpoints?.crm?.delivered === number);
    expect([...rcisOf(old), ...rcisOf(fresh)]).to.deep.equal(Array.from({ length: number }, (_, n) => String(n + 1)));
  });

  it('keeps the place of an endpoint that was removed: added again it goes on where it stopped', async () => {
    const [crm, siem] = [await receiver(), await receiver()];
    const setwire = await attach({ crm: { url: crm.url }, siem: { url: siem.url } });
    await setwire.emit(eventOf('1'));
    await until(() => setwire.status().endpoints?.crm?.delivered === 1);
    write({ siem: { url: siem.url } });
    await until(() => stateOf('crm') === undefined);
    let number = 1;
    // What comes before it is taken over still goes to it.
    await until(async () => {
      number += 1;
      await setwire.emit(eventOf(String(number)));
      return siem.requests.length > crm.requests.length + 2;
    });
    write({ crm: { url: crm.url }, siem: { url: siem.url } });
    await crm.next(number);
    expect(rcisOf(crm)).to.deep.equal(Array.from({ length: number }, (_, n) => String(n + 1)));
  });

  it('cuts no request of an endpoint that has not changed, and its counts go on', async () => {
    const [slow, other] = [await receiver({ answers: [{}, { dripMs: 20 }] }), await receiver()];
    const setwire = await attach({ slow: { url: slow.url, timeout: '1m' } });
    await setwire.emit(eventOf('1'));
    await until(() => setwire.status().endpoints?.slow?.delivered === 1);
    const { since } = setwire.status().endpoints?.slow ?? {};
    await setwire.emit(eventOf('2'));
    await slow.next(2);
    write({ slow: { url: slow.url, timeout: '1m' }, other: { url: other.url } });
    await until(() => stateOf('other') === 'active');
    expect(setwire.status().endpoints?.slow).to.include({ delivered: 1, unsettled: 1, state: 'active', since });
    expect(slow.requests).to.have.length(2);
  });

  it('goes on with the running config where the new one cannot be used', async () => {
    const crm = await receiver();
    const config = (text: string): void => writeFileSync(place.path('setwire.yaml'), `log: { level: error }\n${text}`);
    config(`endpoints: { crm: { url: "${crm.url}" } }\n`);
    attached = plugin.attach(new EventEmitter(), { config: place.path('setwire.yaml') });
    await attached.ready;
    config('endpoints: { crm: { url: 42 } }\n');
    const written = process.stderr.write as unknown as sinon.SinonStub;
    await until(() => written.args.some(([text]) => String(text).includes('the running one stays')));
    await attached.emit(eventOf('1'));
    await crm.next();
    expect(attached.status()).to.include({ state: 'running' });
  });
});

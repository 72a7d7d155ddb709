import { writeFileSync } from 'node:fs';
import type { BetterAuthPlugin } from 'better-auth';
import { expect } from 'chai';
import sinon from 'sinon';
import { type SetwireOptions, type SetwirePlugin, setwire } from '../src/better-auth.js';
import { version } from '../src/version.js';
import { type BetterAuthServer, startBetterAuth } from './support/better-auth/server.js';
import { password } from './support/better-auth/sign-up.js';
import { startReceiver } from './support/receiver.js';
import { type Workplace, workplace } from './support/settings.js';
import { until } from './support/until.js';

const ann = { email: 'ann@example.com', password, name: 'Ann' };

describe('the plugin for better-auth', () => {
  let place: Workplace;
  let plugin: SetwirePlugin;
  let server: BetterAuthServer | undefined;

  beforeEach(() => {
    place = workplace();
    server = undefined;
    // What it says of itself goes to standard error, which is the test run's own screen.
    sinon.stub(process.stderr, 'write').returns(true);
  });

  afterEach(async () => {
    await server?.stop();
    await plugin.detach();
    sinon.restore();
    place.remove();
  });

  async function start(config: string, options: SetwireOptions = {}): Promise<BetterAuthServer> {
    writeFileSync(place.path('setwire.yaml'), config);
    plugin = setwire({ config: place.path('setwire.yaml'), ...options });
    server = await startBetterAuth({ last: [plugin] }, { plugins: [] });
    return server;
  }

  it('is one by the types of better-auth', () => {
    plugin = setwire({ config: place.path('nowhere.yaml') });
    const accepted: BetterAuthPlugin = plugin;
    expect(accepted).to.include({ id: 'setwire', version });
  });

  it('delivers, tells how it is, takes reports and stops', async () => {
    const receiver = await startReceiver();
    const { url, person } = await start(`endpoints: { crm: { url: "${receiver.url}" } }\n`);
    await plugin.ready;
    expect((await person().post('/sign-up/email', ann)).status).to.equal(200);
    await plugin.emit({ type: 'account.disabled', user: { id: '42' }, initiator: { type: 'admin' } });
    await until(() => receiver.requests.length >= 5);
    const told = receiver.requests.map(
      ({ body }) => JSON.parse(body.toString('utf8')) as { iss?: string; events: object },
    );
    expect(told.flatMap(({ events }) => Object.keys(events)).map((uri) => uri.split('/').at(-1))).to.have.members([
      'userCreated',
      'registrationSuccess',
      'loginSuccess',
      'sessionEstablished',
      'userDisabled',
    ]);
    expect(told[0]?.iss).to.equal(url);
    expect(plugin.status()).to.deep.include({ state: 'running', unmapped: {} });
    await plugin.detach();
    expect(plugin.status()).to.include({ state: 'stopped' });
    expect((await person().post('/sign-in/email', ann)).status).to.equal(200);
    expect(plugin.status().events?.accepted).to.equal(5);
    await receiver.stop();
  });

  it('has the journal hold what a request came to before it is answered, if that is asked for', async () => {
    const { person } = await start('endpoints: {}\n', { await: { timeout: '10s' } });
    await plugin.ready;
    await person().post('/sign-up/email', ann);
    const { events, journal } = plugin.status();
    expect(events).to.include({ recorded: 4 });
    expect(journal).to.include({ waiting: 0 });
  });

  const unusable: [name: string, config: string, options: object, code: string][] = [
    ['a config with a mistake', 'endpoints: { crm: { url: 42 } }', {}, 'SETWIRE_CONFIG_INVALID'],
    ['a config that is not there', '', { config: '/nowhere/setwire.yaml' }, 'SETWIRE_CONFIG_UNREADABLE'],
    ['an option that does not exist', 'endpoints: {}', { confg: 'x' }, 'SETWIRE_CONFIG_INVALID'],
    ['a time limit that is none', 'endpoints: {}', { await: { timeout: 'soon' } }, 'SETWIRE_CONFIG_INVALID'],
    ['a time limit of minutes', 'endpoints: {}', { await: { timeout: '5m' } }, 'SETWIRE_CONFIG_INVALID'],
    ['something else for a time limit', 'endpoints: {}', { await: true }, 'SETWIRE_CONFIG_INVALID'],
  ];
  for (const [name, config, options, code] of unusable) {
    it(`stands aside with ${name}, and better-auth goes on`, async () => {
      const { person } = await start(config, options as SetwireOptions);
      const error = await plugin.ready.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).to.be.an('error').with.property('code', code);
      expect((await person().post('/sign-up/email', ann)).status).to.equal(200);
      expect(plugin.status()).to.deep.include({ state: 'failed' });
    });
  }

  it('leaves the options that it was given as they are', () => {
    const options = Object.freeze({ config: place.path('nowhere.yaml'), await: Object.freeze({}) });
    plugin = setwire(options);
    expect(options).to.deep.equal({ config: place.path('nowhere.yaml'), await: {} });
  });
});

import { EventEmitter } from 'node:events';
import { writeFileSync } from 'node:fs';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect } from 'chai';
import sinon from 'sinon';
import plugin, { type Attachment, type OidcAttachment } from '../src/plugin.js';
import { version } from '../src/version.js';
import { startReceiver } from './support/receiver.js';
import { type Workplace, workplace } from './support/settings.js';

describe('the plugin', () => {
  let place: Workplace;
  let attached: Attachment | undefined;

  beforeEach(() => {
    place = workplace();
    attached = undefined;
    // What it says of itself goes to standard error, which is the test run's own screen.
    sinon.stub(process.stderr, 'write').returns(true);
  });

  afterEach(async () => {
    await attached?.detach();
    sinon.restore();
    place.remove();
  });

  function attach(host: unknown, config: string, options: Record<string, unknown> = {}): Attachment {
    writeFileSync(place.path('setwire.yaml'), config);
    attached = plugin.attach(host, { config: place.path('setwire.yaml'), ...options });
    return attached;
  }

  it('has a name and the version of the package', () => {
    expect(plugin).to.include({ name: 'setwire', version });
    expect(version).to.match(/^\d+\.\d+\.\d+/);
  });

  it('attaches to a bus and delivers', async () => {
    const receiver = await startReceiver();
    const bus = new EventEmitter();
    const setwire = attach(bus, `log: { level: silent }\nendpoints: { crm: { url: "${receiver.url}" } }\n`);
    await setwire.ready;
    bus.emit('account.deleted', { user: { id: '42' } });
    await receiver.next();
    expect(receiver.requests[0]?.body.toString()).to.include('userDeleted');
    await setwire.detach();
    await receiver.stop();
  });

  it('knows no login form of a bus, and says so', async () => {
    const setwire = attach(new EventEmitter(), 'log: { level: silent }\nendpoints: {}\n') as OidcAttachment;
    const request = new IncomingMessage(new Socket());
    const error = await setwire.loginFailed(request, new ServerResponse(request)).catch((reason: unknown) => reason);
    expect(error).to.be.an('error').with.property('code', 'SETWIRE_HOST_UNSUPPORTED');
  });

  const unusable: [name: string, host: unknown, config: string, options: Record<string, unknown>, code: string][] = [
    ['a config with a mistake', new EventEmitter(), 'endpoints: { crm: { url: 42 } }', {}, 'SETWIRE_CONFIG_INVALID'],
    [
      'a config that is not there',
      new EventEmitter(),
      '',
      { config: '/nowhere/setwire.yaml' },
      'SETWIRE_CONFIG_UNREADABLE',
    ],
    [
      'a secret that is not there',
      new EventEmitter(),
      'endpoints: { crm: { url: "https://example.com", auth: { type: bearer, token: "${env:SETWIRE_TEST_NOWHERE}" } } }',
      {},
      'SETWIRE_SECRET_MISSING',
    ],
    ['options that it does not know', new EventEmitter(), 'endpoints: {}', { confg: 'x' }, 'SETWIRE_CONFIG_INVALID'],
    ['a host that it does not know', { some: 'object' }, 'endpoints: {}', {}, 'SETWIRE_HOST_UNSUPPORTED'],
    ['no host at all', undefined, 'endpoints: {}', {}, 'SETWIRE_HOST_UNSUPPORTED'],
  ];
  for (const [name, host, config, options, code] of unusable) {
    it(`stands aside with ${name}, and the host goes on`, async () => {
      const setwire = attach(host, config, options);
      const error = await setwire.ready.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).to.be.an('error').with.property('code', code);
      expect(setwire.status()).to.deep.include({ state: 'failed' });
      const refused = await setwire.emit({ type: 'login.failure' }).catch((reason: unknown) => reason);
      expect(refused).to.be.an('error').with.property('code', 'SETWIRE_NOT_RUNNING');
      const form = new IncomingMessage(new Socket());
      const unreported = await (setwire as OidcAttachment)
        .loginFailed(form, new ServerResponse(form))
        .catch((reason: unknown) => reason);
      expect(unreported).to.be.an('error').with.property('code', 'SETWIRE_NOT_RUNNING');
      await setwire.detach();
      const said = sinon.match((text: unknown) => String(text).includes(code));
      sinon.assert.calledWith(process.stderr.write as sinon.SinonStub, said);
      if (host instanceof EventEmitter) expect(host.eventNames()).to.deep.equal([]);
    });
  }
});

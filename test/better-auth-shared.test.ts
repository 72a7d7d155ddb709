import { EventEmitter } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { BetterAuthPlugin } from 'better-auth';
import { expect } from 'chai';
import sinon from 'sinon';
import { type SharedSetwireOptions, setwire } from '../src/better-auth.js';
import setwirePlugin, { type Attachment } from '../src/plugin.js';
import { type BetterAuthServer, startBetterAuth } from './support/better-auth/server.js';
import { password } from './support/better-auth/sign-up.js';
import { type Workplace, workplace } from './support/settings.js';

const ann = { email: 'ann@example.com', password, name: 'Ann' };

describe('better-auth beside another host', () => {
  let place: Workplace;
  let bus: EventEmitter;
  let events: Attachment;
  let server: BetterAuthServer | undefined;

  beforeEach(async () => {
    place = workplace();
    bus = new EventEmitter();
    writeFileSync(place.path('setwire.yaml'), 'issuer: https://id.example.com\nendpoints: {}\n');
    events = setwirePlugin.attach(bus, { config: place.path('setwire.yaml') });
    await events.ready;
    server = undefined;
    sinon.stub(process.stderr, 'write').returns(true);
  });

  afterEach(async () => {
    await server?.stop();
    await events.detach();
    sinon.restore();
    place.remove();
  });

  async function start(options: SharedSetwireOptions): Promise<BetterAuthServer> {
    const shared: BetterAuthPlugin = setwire(options);
    server = await startBetterAuth({ last: [shared] }, { plugins: [] });
    return server;
  }

  it('puts what both do into one journal, and is stopped by one detach', async () => {
    const { person } = await start({ attachment: events });
    bus.emit('account.locked', { user: { id: '42' } });
    await person().post('/sign-up/email', ann);
    await events.detach();
    expect(events.status()).to.deep.include({
      state: 'stopped',
      events: { accepted: 5, refused: 0, recorded: 5 },
      losses: {},
    });
    expect((await person().post('/sign-in/email', ann)).status).to.equal(200);
    bus.emit('account.unlocked', { user: { id: '42' } });
    expect(events.status().events?.accepted).to.equal(5);
  });

  it('has an answer wait for the journal, too', async () => {
    const { person } = await start({ attachment: events, await: { timeout: '10s' } });
    await person().post('/sign-up/email', ann);
    expect(events.status().events).to.include({ recorded: 4 });
    expect(events.status().journal).to.include({ waiting: 0 });
  });

  it('goes on alone beside an attachment that cannot be shared, and with options that cannot be used', async () => {
    const { emit } = events;
    const { person } = await start({ attachment: { emit } });
    expect((await person().post('/sign-up/email', ann)).status).to.equal(200);
    await server?.stop();
    await start({ attachment: events, await: { timeout: 'soon' } });
    expect((await server?.person().post('/sign-up/email', ann))?.status).to.equal(200);
    expect(events.status().events).to.include({ accepted: 0 });
  });

  it('goes on alone after a detach', async () => {
    await events.detach();
    const { person } = await start({ attachment: events });
    expect((await person().post('/sign-up/email', ann)).status).to.equal(200);
  });

  it('is no longer listened to once that is ended', () => {
    const other = new EventEmitter();
    const end = events.listen(other);
    other.emit('account.locked', { user: { id: '42' } });
    end();
    end();
    other.emit('account.locked', { user: { id: '42' } });
    expect(events.status().events?.accepted).to.equal(1);
    expect(other.eventNames()).to.deep.equal([]);
    expect(() => events.listen({}))
      .to.throw()
      .with.property('code', 'SETWIRE_HOST_UNSUPPORTED');
  });
});

import type { BetterAuthPlugin } from 'better-auth';
import { createAuthMiddleware } from 'better-auth/api';
import { expect } from 'chai';
import sinon from 'sinon';
import type { ReportedEvent } from '../../../src/events/identity-event.js';
import { betterAuthHost, type Waiting } from '../../../src/hosts/better-auth/host.js';
import { hostOf } from '../../../src/hosts/detect.js';
import { type BetterAuthServer, startBetterAuth } from '../../support/better-auth/server.js';
import { password } from '../../support/better-auth/sign-up.js';
import { until } from '../../support/until.js';

const ann = { email: 'ann@example.com', password, name: 'Ann' };
const signedUp = ['account.created', 'registration.success', 'login.success', 'session.established'];

describe('better-auth as a host', () => {
  let server: BetterAuthServer;
  let events: ReportedEvent[];
  let settled: () => Promise<void>;
  let detach: () => void;
  const unmapped = sinon.stub();
  const listener = sinon.stub();

  /** What has been told since the last call. */
  async function told(): Promise<ReportedEvent[]> {
    await settled();
    return events.splice(0);
  }
  const types = async (): Promise<string[]> => (await told()).map(({ type }) => type);

  async function start(
    more: Parameters<typeof startBetterAuth>[1] = {},
    others: readonly BetterAuthPlugin[] = [],
    waiting?: Waiting,
  ): Promise<void> {
    const host = betterAuthHost(waiting);
    events = [];
    unmapped.resetHistory();
    listener.callsFake((event: ReportedEvent) => void events.push(event));
    detach = host.host.on(listener, unmapped);
    settled = host.settled;
    server = await startBetterAuth({ first: [{ id: 'probe', ...host.parts }], last: others }, more);
  }

  afterEach(async () => {
    detach();
    listener.reset();
    await server.stop();
  });

  it('is a host, which is named', async () => {
    await start();
    const { host } = betterAuthHost();
    expect(hostOf(host)).to.equal(host).and.to.have.property('name', 'better-auth');
  });

  it('tells what the application calls by itself', async () => {
    await start();
    const headers = new Headers({ 'x-forwarded-for': '2001:db8::7', 'user-agent': 'Server/1.0' });
    await server.auth.api.signUpEmail({ body: ann, headers });
    const [created] = events;
    expect(await types()).to.deep.equal(signedUp);
    expect(created?.initiator).to.deep.equal({ type: 'user', ip: '2001:db8::7', userAgent: 'Server/1.0' });

    await server.auth.api.signInEmail({ body: ann });
    const [login] = events;
    expect(await types()).to.deep.equal(['login.success', 'session.established']);
    expect(login?.initiator).to.deep.equal({ type: 'user' });
    expect(login?.correlationId).to.be.a('string').and.to.not.equal(created?.correlationId);
  });

  it('tells the application from an administrator', async () => {
    await start();
    const api = server.auth.api as unknown as { createUser(call: { body: object }): Promise<{ user: { id: string } }> };
    await api.createUser({ body: ann });
    const [created] = await told();
    expect(created).to.deep.include({ type: 'account.created', initiator: { type: 'system' } });
  });

  it('tells what is done to the rows outside of any call', async () => {
    await start();
    await server.person().post('/sign-up/email', ann);
    const [user] = await told();
    const { internalAdapter } = await server.auth.$context;
    const id = user?.user?.id ?? '';
    await internalAdapter.updateUser(id, { name: 'Anna' });
    await until(() => events.length > 0);
    await internalAdapter.deleteUser(id);
    await until(() => events.length > 2);
    const all = await told();
    expect(all.map(({ type }) => type)).to.deep.equal([
      'account.profile-updated',
      'session.revoked',
      'account.deleted',
    ]);
    for (const { initiator, user: about } of all) {
      expect(initiator).to.deep.equal({ type: 'system' });
      expect(about?.id).to.equal(id);
    }
  });

  it('knows nothing, and costs nothing, once nobody listens', async () => {
    await start();
    detach();
    expect((await server.person().post('/sign-up/email', ann)).status).to.equal(200);
    expect(await types()).to.deep.equal([]);
  });

  for (const [name, options] of Object.entries({
    'a base URL for each host': {
      plugins: [],
      baseURL: { allowedHosts: ['localhost:*'], protocol: 'http' as const },
    },
    'no base URL': { plugins: [], baseURL: undefined },
  })) {
    it(`keeps requests apart with ${name}`, async () => {
      await start(options);
      const people = ['ann', 'bob', 'cle', 'dan'].map((who) => ({ ...ann, email: `${who}@example.com` }));
      const answers = await Promise.all(people.map((body) => server.person().post('/sign-up/email', body)));
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200]);
      const all = await told();
      for (const { email } of people) {
        const [first, ...rest] = all.filter(({ user }) => user?.username === email);
        expect([first, ...rest].map((event) => event?.type)).to.deep.equal(signedUp);
        expect(first?.issuer).to.equal(server.url);
        for (const { correlationId } of rest) expect(correlationId).to.equal(first?.correlationId);
      }
    });
  }

  it('tells a sign-in before the address is verified as failed, and no session at the sign-up', async () => {
    await start({ emailAndPassword: { enabled: true, requireEmailVerification: true } });
    const person = server.person();
    await person.post('/sign-up/email', ann);
    expect(await types()).to.deep.equal(['account.created', 'registration.success']);
    expect((await person.post('/sign-in/email', ann)).status).to.equal(403);
    const [failure] = await told();
    expect(failure?.reason?.code).to.equal('EMAIL_NOT_VERIFIED');
    expect(failure?.user).to.have.property('id');
    // better-auth hides that the address is taken, and so do we.
    expect((await person.post('/sign-up/email', ann)).status).to.equal(200);
    expect(await types()).to.deep.equal([]);
  });

  it('tells what was there before a change', async () => {
    await start({
      user: { changeEmail: { enabled: true, updateEmailWithoutVerification: true } },
      emailVerification: {},
    });
    const person = server.person();
    await person.post('/sign-up/email', ann);
    await told();
    expect((await person.post('/change-email', { newEmail: 'anna@example.com' })).status).to.equal(200);
    const [, changed] = await told();
    expect(changed?.changes).to.deep.equal({
      updated: { email: 'anna@example.com' },
      previous: { email: 'ann@example.com' },
    });
    expect(changed?.user).to.include({ username: 'anna@example.com' });
  });

  it('sees no attempt that is beyond the rate limit, which no hook is told of', async () => {
    await start({
      rateLimit: { enabled: true, window: 60, max: 100, customRules: { '/sign-in/email': { window: 60, max: 1 } } },
    });
    const person = server.person();
    const statuses = [];
    for (const _ of [1, 2]) statuses.push((await person.post('/sign-in/email', ann)).status);
    expect(statuses).to.deep.equal([401, 429]);
    expect(await types()).to.deep.equal(['login.failure']);
  });

  it('tells a request whose answer another plugin has replaced, after a while', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const replacing: BetterAuthPlugin = {
      id: 'replacing',
      onResponse: (response) => Promise.resolve({ response: new Response('{}', { status: response.status }) }),
    };
    const host = betterAuthHost();
    events = [];
    detach = host.host.on((event) => events.push(event), unmapped);
    settled = host.settled;
    server = await startBetterAuth({ first: [replacing], last: [{ id: 'probe', ...host.parts }] }, { plugins: [] });
    expect((await server.person().post('/sign-up/email', ann)).status).to.equal(200);
    expect(await types()).to.deep.equal([]);
    clock.tick(10_000);
    expect(await types()).to.deep.equal(signedUp);
  });

  it('tells what a request goes on to do after its answer, as of the same request', async () => {
    let goOn = (): void => undefined;
    const slow: BetterAuthPlugin = {
      id: 'slow',
      hooks: {
        after: [
          {
            matcher: () => true,
            handler: createAuthMiddleware((ctx) => {
              const { internalAdapter, newSession } = ctx.context;
              void new Promise<void>((resolve) => {
                goOn = resolve;
              }).then(() => internalAdapter.updateUser(newSession?.user.id ?? '', { name: 'Ann A' }));
              return Promise.resolve();
            }),
          },
        ],
      },
    };
    await start({ plugins: [] }, [slow]);
    await server.person().post('/sign-up/email', ann);
    const [created] = await told();
    goOn();
    await until(() => events.length > 0);
    const [changed] = await told();
    expect(changed?.type).to.equal('account.profile-updated');
    expect(changed?.correlationId).to.equal(created?.correlationId);
  });

  describe('never fails a request', () => {
    it('where the listener throws', async () => {
      await start();
      listener.throws(new Error('a fault'));
      expect((await server.person().post('/sign-up/email', ann)).status).to.equal(200);
      await settled();
      sinon.assert.calledWith(unmapped, 'request');
    });

    it('where what it looks at throws', async () => {
      const hostile: BetterAuthPlugin = {
        id: 'hostile',
        init: () => ({
          options: {
            databaseHooks: {
              session: {
                create: {
                  after: (_, ctx) => {
                    const context: object = ctx?.context ?? {};
                    const get = (): never => {
                      throw new Error('a secret of the host');
                    };
                    Object.defineProperty(context, 'newSession', { configurable: true, get, set: () => undefined });
                    return Promise.resolve();
                  },
                },
              },
            },
          },
        }),
      };
      await start({}, [hostile]);
      const answer = await server.person().post('/sign-in/email', ann);
      expect(answer.status).to.equal(401);
      await server.person().post('/sign-up/email', ann);
      await settled();
      for (const [kind, why] of unmapped.args) expect(`${kind} ${why}`).to.not.include('secret');
    });

    it('where nothing can be looked up', async () => {
      await start();
      const person = server.person();
      await person.post('/sign-up/email', ann);
      await told();
      const { internalAdapter } = await server.auth.$context;
      sinon.stub(internalAdapter, 'findUserById').rejects(new Error('the database is gone'));
      expect((await person.post('/update-user', { name: 'Anna' })).status).to.equal(200);
      const [, update] = await told();
      expect(update?.changes).to.deep.equal({ updated: { name: 'Anna' } });
      expect((await person.post('/sign-out')).status).to.equal(200);
      const [revoked] = await told();
      expect(revoked?.type).to.equal('session.revoked');
      expect(revoked?.user).to.deep.equal({ id: update?.user?.id });
    });

    it('where the row that is replaced is never read', async () => {
      await start();
      const person = server.person();
      await person.post('/sign-up/email', ann);
      await told();
      const { internalAdapter } = await server.auth.$context;
      sinon.stub(internalAdapter, 'findUserById').returns(new Promise(() => undefined));
      expect((await person.post('/update-user', { name: 'Anna' })).status).to.equal(200);
    });
  });

  describe('with answers that wait', () => {
    const answers = (request: Promise<{ status: number }>) => {
      const answer = { status: 0 };
      void request.then(({ status }) => {
        answer.status = status;
      });
      return answer;
    };

    it('answers when the journal has every event of the request', async () => {
      const emitted: (() => void)[] = [];
      const emit = sinon.stub().callsFake(() => new Promise<void>((resolve) => emitted.push(resolve)));
      await start({}, [], { emit, limitMs: 60_000 });
      const answer = answers(server.person().post('/sign-up/email', ann));
      await until(() => emitted.length === signedUp.length);
      for (const resolve of emitted.slice(1)) resolve();
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
      expect(answer.status).to.equal(0);
      emitted[0]?.();
      await until(() => answer.status === 200);
      sinon.assert.notCalled(listener);
    });

    it('answers all the same when the journal takes too long, or takes nothing', async () => {
      const emit = sinon.stub();
      emit.onFirstCall().returns(new Promise(() => undefined));
      emit.rejects(new Error('SETWIRE_OVERLOADED'));
      await start({}, [], { emit, limitMs: 20 });
      expect((await server.person().post('/sign-up/email', ann)).status).to.equal(200);
      expect((await server.person().post('/sign-in/email', ann)).status).to.equal(200);
    });
  });
});

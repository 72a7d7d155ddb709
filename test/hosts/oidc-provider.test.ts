import { createHash } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { Configuration } from 'oidc-provider';
import sinon from 'sinon';
import type { ReportedEvent } from '../../src/events/identity-event.js';
import { acceptWith } from '../../src/events/intake.js';
import { plainCopy } from '../../src/events/plain-copy.js';
import { hostOf } from '../../src/hosts/detect.js';
import { Browser, type IdentityServer, startIdentityServer } from '../support/identity-server.js';

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url');

describe('oidc-provider as a host', () => {
  let server: IdentityServer;
  let browser: Browser;
  let events: ReportedEvent[];
  let detach: () => void;
  const unmapped = sinon.stub();

  /** As the intake takes it: without members that are undefined. */
  const take = (event: ReportedEvent): void => void events.push(plainCopy(event) as unknown as ReportedEvent);

  async function start(configuration: Configuration = {}): Promise<void> {
    server = await startIdentityServer(configuration);
    browser = new Browser(server);
    events = [];
    unmapped.resetHistory();
    detach = hostOf(server.provider).on(take, unmapped);
  }

  afterEach(() => server.stop());

  /** The types since the last call. */
  const types = (): string[] => events.splice(0).map(({ type }) => type);

  it('is recognised, and knows its issuer', async () => {
    await start();
    expect(hostOf(server.provider)).to.include({ name: 'oidc-provider', issuer: server.issuer });
  });

  it('tells a login once, with its session, and the tokens at the exchange', async () => {
    await start();
    const { code } = await browser.authorize();
    const [login, session] = events;
    expect(types()).to.deep.equal(['login.success', 'session.established']);
    expect(login).to.deep.include({
      user: { id: 'alice' },
      authenticationMethods: ['pwd'],
      application: { id: 'web', name: 'The shop', clientId: 'web' },
    });
    expect(login?.initiator).to.deep.equal({ type: 'user', ip: '127.0.0.1', userAgent: 'Person/1.0' });
    expect(session?.session?.id).to.be.a('string').and.to.equal(login?.session?.id);
    expect(session?.session?.applications).to.deep.equal([{ id: 'web', name: 'The shop', clientId: 'web' }]);
    expect(session?.session?.startedAt).to.be.within(Date.now() - 60_000, Date.now());
    expect(login?.correlationId).to.be.a('string').and.to.equal(session?.correlationId);

    const tokens = await browser.exchange(code);
    const [access, refresh] = events;
    expect(types()).to.deep.equal(['token.issued', 'token.issued']);
    expect(access?.token).to.include({
      kind: 'access_token',
      format: 'opaque',
      grantType: 'authorization_code',
      hash: hashOf(tokens.access_token),
    });
    expect(access?.token)
      .to.deep.include({ scopes: ['openid'] })
      .and.to.not.have.property('id');
    expect(refresh?.token).to.include({ kind: 'refresh_token', hash: hashOf(tokens.refresh_token ?? '') });
    expect(access).to.deep.include({ user: { id: 'alice' } });
    expect(access?.correlationId).to.equal(refresh?.correlationId).and.to.not.equal(login?.correlationId);
  });

  it('tells a session presented at single sign-on', async () => {
    await start();
    await browser.authorize();
    const established = events[1]?.session?.id;
    types();
    await browser.authorize();
    const [presented] = events;
    expect(types()).to.deep.equal(['session.presented']);
    expect(presented).to.deep.include({ user: { id: 'alice' } });
    expect(presented?.session?.id).to.equal(established);
    expect(presented?.session?.lastAccessAt).to.be.within(Date.now() - 60_000, Date.now());
  });

  it('tells a login in a session that goes on as such', async () => {
    await start();
    await browser.authorize();
    const established = events[1]?.session?.id;
    types();
    await browser.authorize({ prompt: 'login' });
    expect(events[1]?.session?.id).to.equal(established);
    expect(types()).to.deep.equal(['login.success', 'session.presented']);
  });

  it('tells a logout as the end of the session and of its grant', async () => {
    await start();
    await browser.exchange((await browser.authorize()).code);
    const established = events[1]?.session?.id;
    types();
    await browser.logout();
    const [token, session] = events;
    expect(types()).to.deep.equal(['token.revoked', 'session.revoked']);
    expect(session).to.deep.include({ user: { id: 'alice' } });
    expect(session?.sessions?.map(({ id }) => id)).to.deep.equal([established]);
    expect(session?.sessions?.[0]?.applications).to.deep.equal([{ id: 'web', clientId: 'web' }]);
    expect(token).to.deep.include({ user: { id: 'alice' } });
    expect(token?.application?.clientId).to.equal('web');
    expect(token?.correlationId).to.equal(session?.correlationId);
  });

  it('tells a new session after a logout', async () => {
    await start();
    await browser.authorize();
    const first = events[1]?.session?.id;
    await browser.logout();
    types();
    server.person = { accountId: 'bob' };
    await browser.authorize();
    const [, session] = events;
    expect(types()).to.deep.equal(['login.success', 'session.established']);
    expect(session?.user).to.deep.equal({ id: 'bob' });
    expect(session?.session?.id).to.not.equal(first);
  });

  it('tells a refresh, with rotation or without', async () => {
    for (const rotateRefreshToken of [false, true]) {
      await start({ rotateRefreshToken });
      const { refresh_token = '' } = await browser.exchange((await browser.authorize()).code);
      types();
      await browser.token({ grant_type: 'refresh_token', refresh_token });
      expect(events.map(({ token }) => token?.grantType)).to.deep.equal(
        rotateRefreshToken ? ['refresh_token', 'refresh_token'] : ['refresh_token'],
      );
      expect(new Set(types())).to.deep.equal(new Set(['token.issued']));
      if (!rotateRefreshToken) await server.stop();
    }
  });

  it('tells a revoked access token by its hash, once', async () => {
    await start();
    const { access_token } = await browser.exchange((await browser.authorize()).code);
    types();
    expect(await browser.revoke(access_token)).to.equal(200);
    expect(events[0]).to.deep.include({
      user: { id: 'alice' },
      token: { kind: 'access_token', format: 'opaque', hash: hashOf(access_token) },
    });
    expect(types()).to.deep.equal(['token.revoked']);
    expect(await browser.revoke(access_token)).to.equal(200);
    expect(types()).to.deep.equal([]);
  });

  it('tells a revoked refresh token once, though its grant goes with it', async () => {
    await start();
    const { refresh_token = '' } = await browser.exchange((await browser.authorize()).code);
    types();
    await browser.revoke(refresh_token);
    expect(events[0]?.token).to.include({ kind: 'refresh_token', hash: hashOf(refresh_token) });
    expect(types()).to.deep.equal(['token.revoked']);
  });

  it('tells a refresh token that was used twice as one revocation', async () => {
    await start({ rotateRefreshToken: true });
    const { refresh_token = '' } = await browser.exchange((await browser.authorize()).code);
    await browser.token({ grant_type: 'refresh_token', refresh_token });
    types();
    expect((await browser.token({ grant_type: 'refresh_token', refresh_token })).error).to.equal('invalid_grant');
    expect(events[0]).to.deep.include({ user: { id: 'alice' } });
    expect(types()).to.deep.equal(['token.revoked']);
  });

  it('tells a code that was used twice as one revocation, of its user and client', async () => {
    await start();
    const { code } = await browser.authorize();
    await browser.exchange(code);
    types();
    expect((await browser.exchange(code)).error).to.equal('invalid_grant');
    expect(events[0]).to.deep.include({ user: { id: 'alice' } });
    expect(events[0]?.application?.clientId).to.equal('web');
    expect(types()).to.deep.equal(['token.revoked']);
    expect(unmapped.args.map(([kind]) => kind)).to.include('grant.error:invalid_grant');
  });

  it("tells a program's token without a user", async () => {
    await start();
    const { access_token } = await browser.token({ grant_type: 'client_credentials' }, 'machine');
    const [issued] = events;
    expect(types()).to.deep.equal(['token.issued']);
    expect(issued).to.not.have.property('user');
    expect(issued).to.deep.include({ application: { id: 'machine', clientId: 'machine' } });
    expect(issued?.token).to.include({ grantType: 'client_credentials', format: 'opaque' });
    expect(issued?.initiator?.type).to.equal('application');
    await browser.revoke(access_token, 'machine');
    expect(types()).to.deep.equal(['token.revoked']);
  });

  it('tells a JWT by its id', async () => {
    await start({
      features: {
        resourceIndicators: {
          enabled: true,
          defaultResource: () => 'https://api.example.com',
          getResourceServerInfo: () => ({
            scope: 'read',
            audience: 'https://api.example.com',
            accessTokenFormat: 'jwt',
            accessTokenTTL: 600,
          }),
          useGrantedResource: () => true,
        },
      },
    });
    const { access_token } = await browser.token({ grant_type: 'client_credentials', scope: 'read' }, 'machine');
    const claims = JSON.parse(Buffer.from(access_token.split('.')[1] ?? '', 'base64url').toString());
    expect(events[0]?.token).to.include({ format: 'jwt', id: claims.jti, kind: 'access_token' });
    expect(events[0]?.token).to.deep.include({ scopes: ['read'] });
    expect(types()).to.deep.equal(['token.issued']);
  });

  it('tells a login that was given up as failed, and no other failure', async () => {
    await start();
    server.person = 'gives up';
    expect((await browser.authorize()).error).to.equal('access_denied');
    expect(events[0]).to.deep.include({ application: { id: 'web', name: 'The shop', clientId: 'web' } });
    expect(events[0]?.reason?.code).to.equal('access_denied');
    expect(types()).to.deep.equal(['login.failure']);
    expect((await new Browser(server).authorize({ prompt: 'none' })).error).to.equal('login_required');
    await new Browser(server).authorize({ client_id: 'nobody' });
    await browser.token({ grant_type: 'client_credentials' }, 'machine', 'wrong');
    expect(types()).to.deep.equal([]);
    expect(unmapped.args.map(([kind]) => kind)).to.deep.equal([
      'authorization.error:login_required',
      'authorization.error:invalid_client',
      'grant.error:invalid_client',
    ]);
  });

  it('tells no login of an account that does not exist', async () => {
    await start();
    server.person = { accountId: 'ghost' };
    await browser.authorize();
    expect(types()).to.deep.equal([]);
    expect(unmapped.args.map(([kind]) => kind)).to.include('server_error');
  });

  it('tells what a provider does that had begun to serve before', async () => {
    await start();
    detach();
    const { code } = await browser.authorize();
    const first = await browser.exchange(code);
    expect(types()).to.deep.equal([]);
    hostOf(server.provider).on(take, unmapped);
    await browser.token({ grant_type: 'refresh_token', refresh_token: first.refresh_token ?? '' });
    await browser.authorize();
    await browser.logout();
    const [, , revoked, ended] = events;
    expect(types()).to.deep.equal(['token.issued', 'session.presented', 'token.revoked', 'session.revoked']);
    // The grant was never seen to be given: the session knows whose it is.
    expect(revoked).to.deep.include({ user: { id: 'alice' } });
    expect(ended?.sessions?.[0]?.id).to.be.a('string');
  });

  it('does not say who ended a session outside of a request', async () => {
    await start();
    await browser.authorize();
    const uid = events[1]?.session?.id ?? '';
    types();
    await (await server.provider.Session.findByUid(uid))?.destroy();
    expect(events[0]?.type).to.equal('session.revoked');
    expect(events[0]?.sessions?.[0]?.id).to.equal(uid);
    expect(events[0]).to.not.have.any.keys('initiator', 'correlationId');
  });

  it('tells a login whose consent is refused, and its session', async () => {
    await start();
    server.consents = false;
    expect((await browser.authorize()).error).to.equal('access_denied');
    expect(types()).to.deep.equal(['login.success', 'session.established']);
    expect(unmapped.args.map(([kind]) => kind)).to.deep.equal(['authorization.error:access_denied']);
    server.consents = true;
    await browser.authorize();
    expect(types()).to.deep.equal(['session.presented']);
  });

  it('knows the context of a request to the login form', async () => {
    await start();
    const contexts: unknown[] = [];
    const host = hostOf(server.provider);
    const known = new Promise<void>((resolve, reject) => {
      server.mistyped = (request, response) => {
        host.loginContext?.(request, response).then((context) => {
          contexts.push(context);
          resolve();
        }, reject);
      };
    });
    server.person = 'mistypes';
    const { url } = await browser
      .authorize()
      .then(() => browser.open('/auth?client_id=web&response_type=code&scope=openid'));
    await known;
    expect(contexts[0]).to.deep.include({
      application: { id: 'web', name: 'The shop', clientId: 'web' },
      initiator: { type: 'user', ip: '127.0.0.1', userAgent: 'Person/1.0' },
    });
    // The interaction's uid is its cookie.
    expect(JSON.stringify(contexts)).to.not.include(url.pathname.split('/').at(-1));
  });

  it('knows where a request to the login form came from, if nothing else', async () => {
    await start();
    let context: unknown;
    const http = createServer((request, response) => {
      void hostOf(server.provider)
        .loginContext?.(request, response)
        .then((known) => {
          context = known;
          response.end();
        });
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const { port } = http.address() as AddressInfo;
    await fetch(`http://127.0.0.1:${port}/`, {
      headers: { 'x-request-id': 'request-0001', 'user-agent': 'Person/1.0' },
    });
    http.closeAllConnections();
    http.close();
    expect(context).to.deep.equal({
      correlationId: 'request-0001',
      initiator: { type: 'user', ip: '127.0.0.1', userAgent: 'Person/1.0' },
    });
  });

  it('takes over the id that a proxy gave the request, if it is harmless', async () => {
    await start();
    const ask = (id: string) =>
      fetch(`${server.issuer}/token`, {
        method: 'POST',
        headers: {
          'x-request-id': id,
          authorization: `Basic ${Buffer.from(`machine:${server.secrets.machine}`).toString('base64')}`,
        },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      });
    await ask('request-0001');
    await ask('not harmless <script>');
    expect(events[0]?.correlationId).to.equal('request-0001');
    expect(events[1]?.correlationId).to.match(/^[0-9a-f-]{36}$/);
  });

  it('is not hurt by a listener that throws: the answers are the same', async () => {
    await start();
    detach();
    hostOf(server.provider).on(() => {
      throw new Error('a bug');
    }, unmapped);
    const tokens = await browser.exchange((await browser.authorize()).code);
    expect(tokens.access_token).to.be.a('string');
    await browser.logout();
    expect(unmapped.called).to.equal(true);
  });

  it('leaves nothing behind when it is detached', async () => {
    await start();
    const provider = server.provider as unknown as EventEmitter;
    const names = (): number => provider.eventNames().reduce((sum, name) => sum + provider.listenerCount(name), 0);
    const attached = names();
    detach();
    expect(names()).to.be.lessThan(attached);
    await browser.authorize();
    expect(types()).to.deep.equal([]);
  });

  it('gives no token, code or cookie away, and only what the intake accepts', async () => {
    await start({ rotateRefreshToken: true });
    const { code } = await browser.authorize();
    const { access_token, refresh_token = '' } = await browser.exchange(code);
    await browser.token({ grant_type: 'refresh_token', refresh_token });
    await browser.authorize();
    await browser.revoke(access_token);
    await browser.token({ grant_type: 'client_credentials' }, 'machine');
    await browser.logout();
    const accept = acceptWith({ now: Date.now, newId: () => crypto.randomUUID() });
    for (const event of events) accept(event);
    const said = JSON.stringify(events);
    expect(browser.seen.size).to.be.greaterThan(8);
    for (const secret of [...browser.seen, ...Object.values(server.secrets)])
      expect(said.includes(secret), 'a secret is told').to.equal(false);
  });
});

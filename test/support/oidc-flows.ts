import { expect } from 'chai';
import { type ClientMetadata, type Configuration, errors } from 'oidc-provider';
import { Browser, type IdentityServer, startIdentityServer, type Tokens, ttl } from './identity-server.js';

/** An identity event by its type; of issued tokens, which WSO2 has an event for in part, also the kind. */
export type Told = string;

/** Something that a person or a client does, and all that is told of it, in this order. */
export interface Step {
  readonly name: string;
  readonly told: readonly Told[];
  readonly act: () => Promise<void>;
}

const resource = 'https://api.example.com';
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const cibaGrant = 'urn:openid:params:grant-type:ciba';

const [access, refresh, revoked] = ['token.issued', 'token.issued refresh_token', 'token.revoked'];
const [signedIn, established, presented] = ['login.success', 'session.established', 'session.presented'];
const [failed, ended] = ['login.failure', 'session.revoked'];

export interface FlowServer {
  readonly server: IdentityServer;
  readonly switches: {
    /** Whether a refresh token is used once only. */
    rotates: boolean;
    /** What the person at the other end of a CIBA request says. */
    allows: boolean;
  };
}

/** An oidc-provider with every way to tokens, and a client `app` that may go them all. */
export async function startFlowServer(backchannelLogoutUri: string): Promise<FlowServer> {
  const switches = { rotates: false, allows: true };
  const page = (ctx: { body?: unknown }, form: string): void => {
    ctx.body = form;
  };
  const configuration: Configuration = {
    rotateRefreshToken: () => switches.rotates,
    // Without the guard that keeps the provider from calling this machine.
    fetch: (url, options) => globalThis.fetch(url, { ...options, dispatcher: undefined } as RequestInit),
    ttl: { ...ttl, BackchannelAuthenticationRequest: 600, DeviceCode: 600 },
    features: {
      backchannelLogout: { enabled: true },
      ciba: {
        enabled: true,
        deliveryModes: ['poll'],
        processLoginHint: async (_ctx, hint) => hint,
        verifyUserCode: async () => undefined,
        validateRequestContext: async () => undefined,
        validateBindingMessage: async () => undefined,
        async triggerAuthenticationDevice(ctx, request, account, client) {
          const { provider } = ctx.oidc;
          const grant = new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
          grant.addOIDCScope('openid');
          await grant.save();
          await provider.backchannelResult(request, switches.allows ? grant : new errors.AccessDenied());
        },
      },
      deviceFlow: {
        enabled: true,
        userCodeInputSource: page,
        userCodeConfirmSource: page,
        successSource: (ctx) => page(ctx, 'the device may go on'),
      },
      introspection: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ scope: 'read', audience: resource, accessTokenFormat: 'jwt' as const }),
        useGrantedResource: () => true,
      },
    },
  };
  const app: ClientMetadata = {
    client_id: 'app',
    client_name: 'The app',
    grant_types: ['authorization_code', 'refresh_token', deviceGrant, cibaGrant],
    response_types: ['code'],
    backchannel_logout_uri: backchannelLogoutUri,
    backchannel_token_delivery_mode: 'poll',
  };
  return { server: await startIdentityServer(configuration, [app]), switches };
}

/** A play with a real provider, in which every way to tokens is gone, and every way out of them. */
export function stepsOf({ server, switches }: FlowServer, seen: Set<string>): readonly Step[] {
  const newBrowser = (): Browser => new Browser(server, seen);
  const step = (name: string, told: readonly Told[], act: () => Promise<unknown>): Step => ({
    name,
    told,
    async act() {
      await act();
    },
  });
  const asApp = { client_id: 'app' };
  const ask = (path: string, parameters: Record<string, string>, secret?: string) =>
    alice.call<Record<string, string>>(path, parameters, 'app', secret ?? server.secrets.app);
  const refreshBy = (token: string | undefined): Promise<Tokens> =>
    alice.token({ grant_type: 'refresh_token', refresh_token: token ?? '' }, 'app');
  const signIn = async (browser: Browser, more: Record<string, string> = {}): Promise<Tokens> =>
    browser.exchange((await browser.authorize({ ...asApp, ...more })).code, 'app');

  let alice = newBrowser();
  let tried = '';
  let code = '';
  let tokens: Tokens;
  let used: Tokens;
  let device: Record<string, string>;
  let request: Record<string, string>;

  async function startDevice(): Promise<void> {
    device = (await ask('/device/auth', { scope: 'openid' })).body;
    for (const name of ['device_code', 'user_code']) seen.add(device[name] ?? '');
  }
  async function enterUserCode(browser: Browser, fields: Record<string, string> = {}): Promise<string> {
    const form = await browser.confirm(await browser.open('/device'), { user_code: device.user_code ?? '' });
    return (await browser.confirm(form, fields)).text;
  }
  const pollDevice = (): Promise<Tokens> =>
    alice.token({ grant_type: deviceGrant, device_code: device.device_code ?? '' }, 'app');
  async function startCiba(): Promise<void> {
    request = (await ask('/backchannel', { scope: 'openid', login_hint: 'alice' })).body;
    seen.add(request.auth_req_id ?? '');
  }
  const pollCiba = (): Promise<Tokens> =>
    alice.token({ grant_type: cibaGrant, auth_req_id: request.auth_req_id ?? '' }, 'app');

  return [
    step('a wrong password', [failed], async () => {
      server.person = 'mistypes';
      tried = (await alice.open(authorizationOf({}))).url.pathname;
    }),
    step('the right one, and consent', [signedIn, established], async () => {
      server.person = { accountId: 'alice' };
      const { url } = await alice.open(tried);
      code = url.searchParams.get('code') ?? '';
      seen.add(code);
    }),
    step('the exchange of a code', [access, refresh], async () => {
      tokens = await alice.exchange(code, 'app');
    }),
    step('single sign-on', [presented], () => alice.authorize(asApp)),
    step('single sign-on at another client, with consent', [presented], async () => {
      code = (await alice.authorize()).code;
    }),
    step('its exchange', [access, refresh], () => alice.exchange(code)),
    step('a refresh', [access], () => refreshBy(tokens.refresh_token)),
    step('a refresh with rotation', [refresh, access], async () => {
      switches.rotates = true;
      used = tokens;
      tokens = await refreshBy(used.refresh_token);
      switches.rotates = false;
    }),
    step('a refresh token used again', [revoked], async () =>
      expect((await refreshBy(used.refresh_token)).error).to.equal('invalid_grant'),
    ),
    step('a token of a grant that was revoked', [], async () =>
      expect((await refreshBy(tokens.refresh_token)).error).to.equal('invalid_grant'),
    ),
    step('a login in the same session', [signedIn, presented], () => alice.authorize({ ...asApp, prompt: 'login' })),
    step('a login that is given up', [failed], async () => {
      server.person = 'gives up';
      expect((await alice.authorize({ ...asApp, prompt: 'login' })).error).to.equal('access_denied');
      server.person = { accountId: 'alice' };
    }),
    step('a consent that is refused', [], async () => {
      server.consents = false;
      expect((await alice.authorize({ ...asApp, prompt: 'consent' })).error).to.equal('access_denied');
    }),
    step('a login whose consent is refused', [signedIn, established], async () => {
      expect((await newBrowser().authorize(asApp)).error).to.equal('access_denied');
      server.consents = true;
    }),
    step('prompt=none without a session', [], async () =>
      expect((await newBrowser().authorize({ ...asApp, prompt: 'none' })).error).to.equal('login_required'),
    ),
    step('a client with a wrong secret, wherever it asks', [], async () => {
      for (const path of [
        '/token',
        '/token/revocation',
        '/token/introspection',
        '/request',
        '/device/auth',
        '/backchannel',
      ])
        expect((await ask(path, { grant_type: 'refresh_token', token: 'x' }, 'wrong')).status).to.equal(401);
    }),
    step('a pushed authorization request', [], async () => {
      const pushed = { ...asApp, response_type: 'code', scope: 'openid', redirect_uri: 'http://127.0.0.1/callback' };
      request = (await ask('/request', pushed)).body;
      seen.add(request.request_uri ?? '');
    }),
    step('its authorization and exchange', [presented, access, refresh], () =>
      signIn(alice, { request_uri: request.request_uri ?? '' }),
    ),
    step('a JWT access token', [presented, access, refresh], async () => {
      used = await signIn(alice, { scope: 'openid read', resource });
      expect(used.access_token.split('.')).to.have.length(3);
    }),
    step('the revocation of a JWT, which the provider refuses', [], async () =>
      expect(await alice.revoke(used.access_token, 'app')).to.equal(400),
    ),
    step("a program's tokens, opaque and JWT", [access, access], async () => {
      used = await alice.token({ grant_type: 'client_credentials' }, 'machine');
      await alice.token({ grant_type: 'client_credentials', scope: 'read', resource }, 'machine');
    }),
    step('the revocation of one', [revoked], () => alice.revoke(used.access_token, 'machine')),
    step('a device asks, and nobody has answered', [], async () => {
      await startDevice();
      expect((await pollDevice()).error).to.equal('authorization_pending');
    }),
    step('its user code, by single sign-on', [presented], () => enterUserCode(alice)),
    step("the device's tokens", [access, refresh], pollDevice),
    step('a device, with a login', [signedIn, established, access, refresh], async () => {
      await startDevice();
      expect(await enterUserCode(newBrowser())).to.equal('the device may go on');
      await pollDevice();
    }),
    step('a device whose user gives up at the login', [failed], async () => {
      await startDevice();
      server.person = 'gives up';
      await enterUserCode(newBrowser());
      server.person = { accountId: 'alice' };
      expect((await pollDevice()).error).to.equal('access_denied');
    }),
    step('a device that its user refuses', [], async () => {
      await startDevice();
      await enterUserCode(alice, { abort: 'yes' });
      expect((await pollDevice()).error).to.equal('access_denied');
    }),
    step('a CIBA request', [], startCiba),
    step('its tokens', [access, refresh], async () => expect((await pollCiba()).access_token).to.be.a('string')),
    step('a CIBA request that is refused', [], async () => {
      switches.allows = false;
      await startCiba();
      expect((await pollCiba()).error).to.equal('access_denied');
    }),
    step('the revocation of an access token', [presented, access, refresh, revoked], async () => {
      tokens = await signIn(alice);
      expect(await alice.revoke(tokens.access_token, 'app')).to.equal(200);
    }),
    step('its refresh token, which went with it in silence', [], async () =>
      expect((await refreshBy(tokens.refresh_token)).error).to.equal('invalid_grant'),
    ),
    step('the revocation of a refresh token and its grant', [presented, access, refresh, revoked], async () => {
      tokens = await signIn(alice);
      expect(await alice.revoke(tokens.refresh_token ?? '', 'app')).to.equal(200);
    }),
    step('a revocation of what is not there', [], () => alice.revoke(tokens.access_token, 'app')),
    step('a code used twice', [presented, access, refresh, revoked], async () => {
      code = (await alice.authorize(asApp)).code;
      await alice.exchange(code, 'app');
      expect((await alice.exchange(code, 'app')).error).to.equal('invalid_grant');
    }),
    step('a logout that is not confirmed: one client leaves', [presented, access, refresh, revoked], async () => {
      await signIn(alice);
      await alice.confirm(await alice.open('/session/end?client_id=app'));
    }),
    step('the session goes on', [presented, access, refresh], () => signIn(alice)),
    step('a login as another user', [revoked, revoked, ended, signedIn, established], async () => {
      server.person = { accountId: 'bob' };
      await alice.confirm(await alice.open(authorizationOf({ prompt: 'login' })), {});
    }),
    step('her logout', [revoked, ended], () => alice.logout()),
    step('a logout with offline access', [signedIn, established, access, refresh, ended], async () => {
      alice = newBrowser();
      server.person = { accountId: 'alice' };
      await signIn(alice, { scope: 'openid offline_access', prompt: 'consent' });
      await alice.logout();
    }),
    step('a logout where nobody is logged in', [], async () => {
      await alice.open('/session/end');
    }),
  ];
}

const authorizationOf = (more: Record<string, string>): string =>
  `/auth?${new URLSearchParams({ client_id: 'app', response_type: 'code', scope: 'openid', redirect_uri: 'http://127.0.0.1/callback', ...more })}`;

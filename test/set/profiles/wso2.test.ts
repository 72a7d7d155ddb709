import { expect } from 'chai';
import { canonicalTypes } from '../../../src/events/identity-event.js';
import type { IdentityEvent } from '../../../src/schema-types.js';
import { validatorOf } from '../../../src/schemas.js';
import { makePing, wso2 } from '../../../src/set/profiles/wso2.js';
import type { ProfileSettings, SetResult } from '../../../src/set/set.js';
import { identityEvent } from '../../support/events.js';
import { settings } from '../../support/wso2-samples.js';
import { deepFreeze } from './deep-freeze.js';

/** What JSON.parse gives. */
type Parsed = ReturnType<typeof JSON.parse>;

const baseEvent: IdentityEvent = {
  id: '051f0c37-b689-44d4-b7d2-29b980ece273',
  type: 'account.locked',
  time: 1751705149000,
  acceptedAt: 1751705149662,
  user: { id: '42', username: 'alice' },
};
const onlyOf = ([first, ...more]: readonly SetResult[]): SetResult => {
  if (first === undefined || more.length > 0) throw new Error('the wso2 profile makes one SET of an event');
  return first;
};
const make = (event: Partial<IdentityEvent>, options: Partial<ProfileSettings> = {}): SetResult =>
  onlyOf(
    wso2.makeSetsWith({ ...settings, claims: ['username'], issuer: 'https://id.example.com', ...options })(
      deepFreeze({ ...baseEvent, ...event }),
    ),
  );
async function setOf(event: Partial<IdentityEvent>, options: Partial<ProfileSettings> = {}): Promise<Parsed> {
  const result = await make(event, options);
  if (result.kind === 'dead') throw new Error(`${result.reason}: ${result.detail}`);
  return JSON.parse(result.set.text);
}
const bodyOf = async (...args: Parameters<typeof setOf>) => Object.values((await setOf(...args)).events)[0] as Parsed;

describe('the wso2 profile', () => {
  describe('the envelope', () => {
    const sub = { id: 'sub/1', depth: 1 };
    const issuers: [string, Partial<IdentityEvent>, Partial<ProfileSettings>, string | undefined][] = [
      ['a tenant', { tenant: { id: '1', name: 'acme' } }, {}, 'https://id.example.com/t/acme'],
      [
        'the super tenant',
        { tenant: { id: '-1234', name: 'carbon.super' } },
        {},
        'https://id.example.com/t/carbon.super',
      ],
      [
        'an organization below the root',
        { tenant: { id: '1', name: 'acme' }, organization: sub },
        {},
        'https://id.example.com/t/acme/o/sub%2F1',
      ],
      [
        'the root organization',
        { tenant: { id: '1', name: 'acme' }, organization: { id: 'o', depth: 0 } },
        {},
        'https://id.example.com/t/acme',
      ],
      ['no tenant', {}, {}, 'https://id.example.com'],
      ["the config's tenant", {}, { defaults: { tenant: { id: '1', name: 'acme' } } }, 'https://id.example.com/t/acme'],
      ["the host's issuer", { issuer: 'https://host.example.com/' }, { issuer: undefined }, 'https://host.example.com'],
      [
        'an issuer with a path and a slash at its end',
        { tenant: { id: '1', name: 'acme' } },
        { issuer: 'https://example.com/oidc/' },
        'https://example.com/oidc/t/acme',
      ],
      ["the config's issuer before the host's", { issuer: 'https://host.example.com' }, {}, 'https://id.example.com'],
      [
        "the config's organization below the root",
        { tenant: { id: '1', name: 'acme' } },
        { defaults: { organization: { id: 'sub', depth: 2 } } },
        'https://id.example.com/t/acme/o/sub',
      ],
      [
        'an organization of unknown depth',
        { tenant: { id: '1', name: 'acme' }, organization: { id: 'o' } },
        {},
        'https://id.example.com/t/acme',
      ],
      [
        'a tenant with a name that a URL cannot hold',
        { tenant: { id: '1', name: 'a b/ü' } },
        {},
        'https://id.example.com/t/a%20b%2F%C3%BC',
      ],
      ['an empty issuer', {}, { issuer: '/' }, undefined],
      ['nobody known', {}, { issuer: undefined }, undefined],
    ];
    for (const [name, event, options, iss] of issuers) {
      it(`says iss for ${name}`, async () => {
        expect((await setOf(event, options)).iss).to.equal(iss);
      });
    }

    it('has the members in order, iat in milliseconds, and no rci where there is none', async () => {
      const set = await setOf({ correlationId: 'request-1' });
      expect(Object.keys(set)).to.deep.equal(['iss', 'jti', 'iat', 'rci', 'events']);
      expect(set).to.include({ jti: baseEvent.id, iat: baseEvent.acceptedAt, rci: 'request-1' });
      expect(await setOf({})).to.not.have.property('rci');
    });
  });

  describe('a user', () => {
    const user = {
      id: 'a/b',
      username: 'alice',
      claims: {
        email: 'a@example.com',
        phone_number: '+1',
        'https://claims.example/x': 'y',
        shoe_size: 42,
        verified: false,
        empty: '',
        none: [],
      },
      groups: ['staff'],
      roles: ['admin'],
    };

    it('shows the name alone unless the config names more', async () => {
      expect((await bodyOf({ user })).user).to.deep.equal({
        id: 'a/b',
        claims: [{ uri: 'http://wso2.org/claims/username', value: 'alice' }],
        ref: 'https://id.example.com/scim2/Users/a%2Fb',
      });
    });

    it('shows what the config names, by name or URI, and all for *', async () => {
      const named = await bodyOf({ user }, { claims: ['email', 'http://wso2.org/claims/mobile', 'groups'] });
      expect(named.user.claims.map(({ uri }: { uri: string }) => uri)).to.deep.equal([
        'http://wso2.org/claims/emailaddress',
        'http://wso2.org/claims/mobile',
      ]);
      expect(named.user).to.deep.include({ groups: ['staff'] });
      expect(named.user).to.not.have.property('roles');
      const all = await bodyOf({ user }, { claims: ['*'] });
      expect(all.user.claims).to.deep.include({ uri: 'https://claims.example/x', value: 'y' });
      expect(all.user).to.deep.include({ groups: ['staff'], roles: ['admin'] });
    });

    it('keeps empty claim values, and gives numbers and booleans as texts', async () => {
      const { claims } = (await bodyOf({ user }, { claims: ['*'] })).user;
      const valueFor = (name: string) =>
        claims.find(({ uri }: { uri: string }) => uri === `http://wso2.org/claims/${name}`)?.value;
      expect([valueFor('shoe_size'), valueFor('verified'), valueFor('empty'), valueFor('none')]).to.deep.equal([
        '42',
        'false',
        '',
        [],
      ]);
    });

    const ownDialect: Partial<IdentityEvent>[] = [
      { type: 'login.success' },
      { type: 'session.established', session: { id: 's' } },
      { type: 'session.presented', session: { id: 's' } },
      { type: 'session.revoked', sessions: [{ id: 's' }] },
    ];
    for (const event of ownDialect) {
      it(`shows only claims of WSO2's dialect in ${event.type}`, async () => {
        const { claims } = (await bodyOf({ ...event, user }, { claims: ['*'] })).user;
        expect(claims).to.have.lengthOf(7);
        expect(claims.every(({ uri }: { uri: string }) => uri.startsWith('http://wso2.org/claims/'))).to.equal(true);
      });
    }

    it('shows a claim that has two names once', async () => {
      const claims = { username: 'bob', email: 'one', 'http://wso2.org/claims/emailaddress': 'two' };
      expect(
        (await bodyOf({ user: { id: '1', username: 'alice', claims } }, { claims: ['*'] })).user.claims,
      ).to.deep.equal([
        { uri: 'http://wso2.org/claims/username', value: 'bob' },
        { uri: 'http://wso2.org/claims/emailaddress', value: 'one' },
      ]);
    });

    it('has groups that were reported as a claim among its groups', async () => {
      const withGroups = (groups: string | string[]) => ({ user: { id: '1', claims: { groups } } });
      expect((await bodyOf(withGroups(['a', 'b']), { claims: ['*'] })).user).to.deep.include({ groups: ['a', 'b'] });
      expect((await bodyOf(withGroups('a'), { claims: ['groups'] })).user).to.deep.include({ groups: ['a'] });
      expect((await bodyOf(withGroups('a'), { claims: ['*'] })).user).to.not.have.property('claims');
      expect((await bodyOf(withGroups('a'))).user).to.not.have.any.keys('groups', 'claims');
    });

    it('of a failed login shows no more than the name, whatever else is known and allowed', async () => {
      expect((await bodyOf({ type: 'login.failure', user }, { claims: ['*'] })).user).to.deep.equal({
        id: 'a/b',
        claims: [{ uri: 'http://wso2.org/claims/username', value: 'alice' }],
        ref: 'https://id.example.com/scim2/Users/a%2Fb',
      });
    });

    it('shows changes in no event but a profile update', async () => {
      const changes = { updated: { email: 'new@example.com' } };
      const body = await bodyOf({ type: 'account.locked', changes }, { claims: ['*'] });
      expect(Object.keys(body.user)).to.deep.equal(['id', 'claims', 'ref']);
    });

    it('has its members in order', async () => {
      const body = await bodyOf({ user, organization: { id: 'o' } }, { claims: ['*'] });
      expect(Object.keys(body.user)).to.deep.equal(['id', 'claims', 'organization', 'ref', 'groups', 'roles']);
      const changes = { removed: { a: '1' }, updated: { b: '2' }, added: { c: '3' } };
      const updated = await bodyOf(
        { type: 'account.profile-updated', user, organization: { id: 'o' }, changes },
        { claims: ['*'] },
      );
      expect(Object.keys(updated.user)).to.deep.equal([
        'id',
        'organization',
        'ref',
        'addedClaims',
        'updatedClaims',
        'removedClaims',
      ]);
    });

    it('is an empty object rather than gone where nothing may be said', async () => {
      expect(
        JSON.stringify(await bodyOf({ type: 'login.failure', user: { username: 'alice' } }, { claims: [] })),
      ).to.include('"user":{}');
    });

    it('has a ref in its tenant, and none without an id or an issuer', async () => {
      expect((await bodyOf({ tenant: { id: '1', name: 'acme' } })).user.ref).to.equal(
        'https://id.example.com/t/acme/scim2/Users/42',
      );
      expect((await bodyOf({ tenant: { id: '1', name: 'carbon.super' } })).user.ref).to.equal(
        'https://id.example.com/scim2/Users/42',
      );
      expect((await bodyOf({}, { issuer: undefined })).user).to.not.have.property('ref');
      expect((await bodyOf({ issuer: 'my identity server' }, { issuer: undefined })).user).to.not.have.property('ref');
      expect((await bodyOf({ issuer: 'https://例え.example/' }, { issuer: undefined })).user.ref).to.equal(
        'https://例え.example/scim2/Users/42',
      );
      expect((await bodyOf({ type: 'login.failure', user: { username: 'a' } })).user).to.not.have.property('ref');
    });

    it("has its own organization, else the event's, else the config's", async () => {
      const [own, its, config] = [{ id: 'own' }, { id: 'its' }, { id: 'config' }];
      const defaults = { organization: config };
      expect(
        (await bodyOf({ user: { id: '1', organization: own }, organization: its }, { defaults })).user.organization,
      ).to.deep.equal(own);
      expect((await bodyOf({ organization: its }, { defaults })).user.organization).to.deep.equal(its);
      expect((await bodyOf({}, { defaults })).user.organization).to.deep.equal(config);
    });

    it('whose claims changed shows only the changes that the config names', async () => {
      const changes = {
        added: { email: 'new@example.com' },
        updated: { given_name: 'Al' },
        removed: { email: '', nickname: 'x' },
      };
      const none = await bodyOf({ type: 'account.profile-updated', changes });
      expect(none.user).to.have.all.keys('id', 'ref');
      const body = await bodyOf({ type: 'account.profile-updated', changes }, { claims: ['email'] });
      expect(body.user).to.not.have.any.keys('claims', 'updatedClaims');
      expect(body.user).to.deep.include({
        addedClaims: [{ uri: 'http://wso2.org/claims/emailaddress', value: 'new@example.com' }],
        removedClaims: [{ uri: 'http://wso2.org/claims/emailaddress', value: '' }],
      });
    });
  });

  const session = { session: { id: 's' } };
  const sessions = { sessions: [{ id: 's' }] };
  const credential = (change: 'created' | 'updated' | 'reset' | 'revoked' | 'deleted') => ({
    type: 'credential.updated' as const,
    credential: { type: 'password' as const, change },
  });
  const actions: [Partial<IdentityEvent>, string][] = [
    [{ type: 'login.success' }, 'LOGIN'],
    [{ type: 'login.failure' }, 'LOGIN'],
    [{ type: 'registration.success' }, 'REGISTER'],
    [{ type: 'registration.success', action: 'INVITE' }, 'INVITE'],
    [{ type: 'registration.failure' }, 'REGISTER'],
    [{ type: 'token.issued', token: {} }, 'TOKEN_ISSUE'],
    [{ type: 'token.revoked' }, 'TOKEN_REVOKE'],
    [{ type: 'session.established', ...session }, 'LOGIN'],
    [{ type: 'session.presented', ...session }, 'LOGIN'],
    [{ type: 'session.revoked', ...sessions, initiator: { type: 'user' } }, 'LOGOUT'],
    [{ type: 'session.revoked', ...sessions, initiator: { type: 'admin' } }, 'SESSION_REVOKE'],
    [{ type: 'session.revoked', ...sessions }, 'SESSION_REVOKE'],
    [credential('created'), 'CREDENTIAL_ENROLL'],
    [credential('updated'), 'CREDENTIAL_UPDATE'],
    [credential('reset'), 'CREDENTIAL_RESET'],
    [credential('revoked'), 'CREDENTIAL_REVOKE'],
    [credential('deleted'), 'CREDENTIAL_REVOKE'],
    [{ type: 'account.created' }, 'REGISTER'],
    [{ type: 'account.profile-updated', changes: {} }, 'PROFILE_UPDATE'],
    [{ type: 'account.locked' }, 'USER_ACCOUNT_LOCK'],
    [{ type: 'account.unlocked' }, 'USER_ACCOUNT_UNLOCK'],
    [{ type: 'account.enabled' }, 'USER_ACCOUNT_ENABLE'],
    [{ type: 'account.disabled' }, 'USER_ACCOUNT_DISABLE'],
    [{ type: 'account.deleted' }, 'USER_ACCOUNT_DELETE'],
  ];
  for (const [event, action] of actions) {
    it(`says ${action} for ${event.type} ${event.credential?.change ?? event.initiator?.type ?? event.action ?? ''}`, async () => {
      expect((await bodyOf(event)).action).to.equal(action);
    });
  }

  it('keeps a depth of 0, leaves out empty members, and encodes the user store', async () => {
    const body = await bodyOf(
      {
        organization: { id: 'o', depth: 0 },
        userStore: { name: 'DEFAULT' },
        initiator: { type: 'system' },
        user: { id: '1', groups: [] },
      },
      { claims: ['*'] },
    );
    expect(body.organization).to.deep.equal({ id: 'o', depth: 0 });
    expect(body.userStore).to.deep.equal({ id: 'REVGQVVMVA==', name: 'DEFAULT' });
    expect(body.user).to.not.have.any.keys('groups', 'claims');
    expect(body).to.include({ initiatorType: 'SYSTEM' }).and.to.not.have.property('initiatorIpAddress');
  });

  const credentialTypes = [
    ['password', 'PASSWORD'],
    ['passkey', 'PASSKEY'],
    ['otp', 'OTP'],
    ['recovery-code', 'RECOVERY_CODE'],
    ['x509', 'X509'],
    ['api-key', 'API_KEY'],
    ['other', 'OTHER'],
  ] as const;
  for (const [type, credentialType] of credentialTypes) {
    it(`says ${credentialType} for a ${type}`, async () => {
      const body = await bodyOf({ type: 'credential.updated', credential: { type, change: 'updated' } });
      expect(body).to.include({ credentialType });
    });
  }

  it('has the members of an event in order', async () => {
    const members: Partial<IdentityEvent> = {
      reason: { description: 'r' },
      application: { id: 'a' },
      userStore: { name: 'PRIMARY' },
      organization: { id: 'o' },
      tenant: { id: '1', name: 'acme' },
      initiator: { ip: '::1', type: 'application' },
    };
    expect(Object.keys(await bodyOf({ ...members, type: 'login.failure' }))).to.deep.equal([
      'initiatorType',
      'initiatorIpAddress',
      'user',
      'tenant',
      'organization',
      'userStore',
      'application',
      'action',
      'reason',
    ]);
  });

  it('says why and where a login failed in order, whatever the order in the event', async () => {
    const reasonIn = async (reason: IdentityEvent['reason']) =>
      (await bodyOf({ type: 'login.failure', reason })).reason;
    const failedStep = { authenticator: 'Basic', idp: 'LOCAL', step: 0 };
    expect(JSON.stringify(await reasonIn({ failedStep, description: 'wrong' }))).to.equal(
      '{"description":"wrong","context":{"failedStep":{"step":0,"idp":"LOCAL","authenticator":"Basic"}}}',
    );
    expect(await reasonIn({ code: '17002' })).to.deep.equal({ description: '17002' });
    expect(await reasonIn(undefined)).to.equal(undefined);
  });

  it('knows the user store of a failed attempt only from the event, or where the user is known', async () => {
    const defaults = { userStore: { name: 'PRIMARY' } };
    for (const type of ['login.failure', 'registration.failure'] as const) {
      const user = { username: 'alice' };
      expect(await bodyOf({ type, user }, { defaults }), type).to.not.have.property('userStore');
      expect((await bodyOf({ type, user, userStore: { name: 'DEFAULT' } }, { defaults })).userStore.name).to.equal(
        'DEFAULT',
      );
      expect((await bodyOf({ type, user: { id: '1' } }, { defaults })).userStore.name).to.equal('PRIMARY');
    }
    expect((await bodyOf({}, { defaults })).userStore.name).to.equal('PRIMARY');
  });

  it("says when a session was last used, else when it began, else the event's time", async () => {
    const loginTime = async (times: object) =>
      (await bodyOf({ type: 'session.established', session: { id: 's', ...times } })).session.loginTime;
    expect(await loginTime({ lastAccessAt: 1751705149002, startedAt: 1751705149001 })).to.equal(1751705149002);
    expect(await loginTime({ startedAt: 1751705149001 })).to.equal(1751705149001);
    expect(await loginTime({})).to.equal(baseEvent.time);
  });

  it('lists the applications of revoked tokens, whatever the kind of the token, and no token', async () => {
    const application = { clientId: 'c', name: 'One' };
    const [one, two] = [
      { id: 'c', name: 'One', consumerKey: 'c' },
      { id: 'i', consumerKey: 'd' },
    ];
    const revoked = { type: 'token.revoked' as const, application, token: { kind: 'refresh_token' as const, id: 't' } };
    expect((await bodyOf(revoked)).applications).to.deep.equal([one]);
    expect((await bodyOf({ ...revoked, applications: [] })).applications).to.deep.equal([one]);
    const applications = [application, { id: 'i', clientId: 'd' }];
    expect((await bodyOf({ ...revoked, applications })).applications).to.deep.equal([one, two]);
    expect(await bodyOf({ ...revoked, application: undefined })).to.not.have.property('applications');
    expect(await bodyOf(revoked)).to.not.have.any.keys('accessToken', 'application');
  });

  it("says the event's time where a token's is not known", async () => {
    expect((await bodyOf({ type: 'token.issued', token: {} })).accessToken).to.deep.equal({ iat: '1751705149000' });
  });

  it('says the jti of a JWT and never that of an opaque token', async () => {
    const token = { kind: 'access_token', id: 'the-id', issuedAt: 1755541962069 } as const;
    expect((await bodyOf({ type: 'token.issued', token: { ...token, format: 'jwt' } })).accessToken).to.deep.equal({
      tokenType: 'jwt',
      iat: '1755541962069',
      jti: 'the-id',
    });
    expect((await bodyOf({ type: 'token.issued', token: { ...token, format: 'opaque' } })).accessToken).to.deep.equal({
      tokenType: 'Opaque',
      iat: '1755541962069',
    });
  });

  it('has no user but the user store for client credentials', async () => {
    const body = await bodyOf({
      type: 'token.issued',
      userStore: { name: 'PRIMARY' },
      application: { clientId: 'm', id: 'm' },
      token: { grantType: 'client_credentials' },
    });
    expect(Object.keys(body)).to.deep.equal(['userStore', 'application', 'action', 'accessToken']);
    expect(body.application).to.deep.equal({ consumerKey: 'm' });
  });

  it('makes a SET of the example of every identity event that it covers', async () => {
    for (const type of canonicalTypes.filter((each) => wso2.eventTypeUris(each, settings).length > 0)) {
      const event = identityEvent(type);
      expect(wso2.covers(event), type).to.equal(true);
      for (const claims of [[], ['username'], ['*']]) {
        const result = onlyOf(wso2.makeSetsWith({ ...settings, issuer: undefined, claims })(deepFreeze(event)));
        expect(result.kind === 'set' || result, type).to.equal(true);
      }
    }
  });

  it('counts bytes, not characters', async () => {
    const result = await make({ user: { id: '1', username: 'José 日本' } });
    expect(result.kind === 'set' && result.set.bytes).to.equal(
      Buffer.byteLength((result as { set: { text: string } }).set.text, 'utf8'),
    );
    expect(result.kind === 'set' && result.set.text).to.include('José 日本');
  });

  const without: [string, Partial<IdentityEvent>][] = [
    ['login.suspicious', { type: 'login.suspicious', burst: { by: 'user', count: 5, windowMs: 1 } }],
    ["a host's own type", { type: 'x-acme.consent.granted' }],
    ['a refresh token that was issued', { type: 'token.issued', token: { kind: 'refresh_token' } }],
    ['an ID token that was issued', { type: 'token.issued', token: { kind: 'id_token' } }],
  ];
  for (const [name, event] of without) {
    it(`has no event for ${name}`, async () => {
      expect(wso2.covers({ ...baseEvent, ...event })).to.equal(false);
      expect(await make(event)).to.deep.include({ kind: 'dead', reason: 'no_event_type' });
    });
  }

  it('refuses what breaks the schema, without repeating the value', async () => {
    const result = await make({ initiator: { type: 'user', ip: 'not-an-address-hunter2' } });
    expect(result).to.include({ kind: 'dead', reason: 'schema_violation' });
    expect(JSON.stringify(result)).to.include('initiatorIpAddress').and.to.not.include('hunter2');
  });

  it('tells only the first of many violations', async () => {
    const groups = Array.from({ length: 1000 }, () => '');
    const result = await make({ user: { id: '1', groups } }, { claims: ['*'] });
    expect(result).to.include({ kind: 'dead', reason: 'schema_violation' });
    expect(JSON.stringify(result)).to.include('/user/groups/4').and.to.include('and 995 more');
    expect(JSON.stringify(result).length).to.be.lessThan(2000);
  });

  it('is not led astray by the names of claims', async () => {
    const claims = JSON.parse('{"__proto__":"x","constructor":"y","toString":"z"}');
    const shown = ['__proto__', 'constructor', 'toString'].map((name) => `http://wso2.org/claims/${name}`);
    const urisOf = (list: { uri: string }[]): string[] => list.map(({ uri }) => uri);
    const { user } = await bodyOf({ user: { id: '1', claims } }, { claims: ['*'] });
    expect(urisOf(user.claims)).to.deep.equal(shown);
    const updated = await bodyOf({ type: 'account.profile-updated', changes: { added: claims } }, { claims: ['*'] });
    expect(urisOf(updated.user.addedClaims)).to.deep.equal(shown);
    expect((await bodyOf({ user: { id: '1', claims } })).user).to.not.have.property('claims');
    expect(({} as Record<string, unknown>).x).to.equal(undefined);
  });

  it('makes a ping that is no event of a user, and passes its schema', () => {
    const ping = makePing({
      issuer: 'https://id.example.com/',
      id: baseEvent.id,
      now: baseEvent.acceptedAt,
      state: 'setwire check --ping',
    });
    const uri = 'https://schemas.openid.net/secevent/ssf/event-type/verification';
    expect(ping.text).to.equal(
      `{"iss":"https://id.example.com","jti":"${baseEvent.id}","iat":${baseEvent.acceptedAt},` +
        `"events":{"${uri}":{"state":"setwire check --ping"}}}`,
    );
    expect(ping).to.include({ jti: baseEvent.id, eventType: 'verification', eventTypeUri: uri });
    expect(ping.bytes).to.equal(Buffer.byteLength(ping.text));
    const bare = makePing({ id: baseEvent.id, now: baseEvent.acceptedAt, state: 'setwire check --ping' });
    expect(JSON.parse(bare.text)).to.not.have.property('iss');
    for (const { text } of [ping, bare])
      expect(validatorOf('wso2/verification.schema.json')(JSON.parse(text))).to.deep.equal([]);
  });
});

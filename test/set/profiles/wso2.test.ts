import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { IdentityEvent } from '../../../src/schema-types.js';
import { makePing, wso2 } from '../../../src/set/profiles/wso2.js';
import type { ProfileSettings, SetResult } from '../../../src/set/set.js';

const schemas = fileURLToPath(new URL('../../../schemas/wso2/', import.meta.url));

/** The example of a schema: WSO2's own sample, with what its code adds; the bytes that must come out. */
function sampleOf(schema: string): string {
  const { examples } = JSON.parse(readFileSync(`${schemas}${schema}.schema.json`, 'utf8')) as { examples: object[] };
  return JSON.stringify(examples[0]);
}

const myorg = (id: string) => ({ id, name: 'myorg', handle: 'myorg.com', depth: 0 });
const O1 = myorg('6f8d17ae-1ad5-441b-b9e0-c7731e739e94');
const O2 = myorg('10084a8d-113f-4211-a0d5-efe36b082211');
const where = (organization: typeof O1) => ({ tenant: { id: '12402', name: 'myorg.com' }, organization });
const primary = { userStore: { name: 'PRIMARY' } };
const by = (type: 'user' | 'admin') => ({ initiator: { type, ip: '203.0.113.10' } });
const settings: ProfileSettings = { claims: ['*'], issuer: 'https://localhost:9443', defaults: {} };

const peter = { id: '1801d35e-1339-4c16-9c53-61321cf37fb9', username: 'peter' };
const other = '85071750-3d1f-4ba4-b58f-991532e2742b';
const testApp = { id: 'eb395ddd-1280-46e9-98fb-810948c1dab4', name: 'Test App' };
const sessionId = '68d1f2861461c69d8e821d91839bbf8e23ef04fb96c1ac655f452d94d1fd6e4d';
const session = (lastAccessAt: number) => ({ id: sessionId, lastAccessAt, applications: [testApp] });
const account = (claims: Record<string, string>) => ({
  user: { id: other, claims },
  ...where(O1),
  ...primary,
  ...by('admin'),
});

/** What has to be reported for each sample; `acceptedAt` and `id` are in the sample. */
const events: Record<string, { schema: string; event: Omit<IdentityEvent, 'id' | 'time' | 'acceptedAt'> }> = {
  loginSuccess: {
    schema: 'login-success',
    event: {
      type: 'login.success',
      correlationId: '05268edb-9a87-4656-87c0-0fb674dd03b1',
      user: { id: 'd4002616-f00c-49d5-b9b7-63b063819049', username: 'peter@aol.com' },
      ...where(O1),
      ...primary,
      ...by('user'),
      application: { id: '40d982e5-23be-4ee1-8540-9cb696d8c321', name: 'MyApp', clientId: 'myapp' },
      authenticationMethods: ['BasicAuthenticator'],
    },
  },
  loginFailed: {
    schema: 'login-failed',
    event: {
      type: 'login.failure',
      correlationId: '05268edb-9a87-4656-87c0-0fb674dd03b1',
      user: { username: 'johndoe@aol.com', claims: { family_name: 'Doe', given_name: 'John' } },
      ...where(O1),
      ...by('user'),
      application: { id: '63d8a96f-ff87-4f38-a1d7-4d10ee470d9a', name: 'Test App' },
      reason: {
        description: 'User authentication failed due to invalid credentials',
        failedStep: { step: 1, idp: 'LOCAL', authenticator: 'BasicAuthenticator' },
      },
    },
  },
  registrationSuccess: {
    schema: 'registration-success',
    event: {
      type: 'registration.success',
      user: {
        id: '3fae4858-4b26-4608-9df4-78ae75e3adda',
        username: 'johndoe@aol.com',
        claims: { email: 'johndoe@aol.com', family_name: 'Doe', given_name: 'John' },
      },
      ...where(O1),
      userStore: { name: 'DEFAULT' },
      ...by('admin'),
    },
  },
  registrationFailed: {
    schema: 'registration-failed',
    event: {
      type: 'registration.failure',
      user: { username: 'peter', claims: { email: 'peter@aol.com', given_name: 'Peter' } },
      ...where(O1),
      ...by('user'),
      reason: { description: 'The provided username already exists in the tenant: myorg.com' },
    },
  },
  accessTokenIssued: {
    schema: 'access-token-issued',
    event: {
      type: 'token.issued',
      user: { ...peter, claims: { email: 'peter@aol.com' } },
      ...where(O2),
      ...primary,
      ...by('user'),
      application: { ...testApp, clientId: 'eaSbhGeDL7ek2ypVrb0h4ZYMSN0a' },
      token: { kind: 'access_token', format: 'opaque', grantType: 'authorization_code', issuedAt: 1755541962069 },
    },
  },
  accessTokenRevoked: {
    schema: 'access-token-revoked',
    event: {
      type: 'token.revoked',
      correlationId: '48eaeb32-76c0-4af8-b04e-9ce0c00cb61f',
      user: { id: peter.id, claims: { email: 'peter@aol.com', username: 'peter' } },
      ...where(O2),
      ...primary,
      ...by('user'),
      application: { ...testApp, clientId: 'eaSbhGeDL7ek2ypVrb0h4ZYMSN0a' },
    },
  },
  sessionEstablished: {
    schema: 'session-established',
    event: {
      type: 'session.established',
      correlationId: 'b8b6ccbd-69b0-47d3-b0ae-b2b0df085f7c',
      user: peter,
      ...where(O2),
      ...primary,
      ...by('user'),
      application: testApp,
      session: session(1755541960025),
    },
  },
  sessionPresented: {
    schema: 'session-presented',
    event: {
      type: 'session.presented',
      correlationId: '60f7dd4f-1e3b-4c0e-9a43-0c1f7a0b6f52',
      user: peter,
      ...where(O2),
      ...primary,
      ...by('user'),
      application: testApp,
      session: session(1755541961792),
    },
  },
  sessionRevoked: {
    schema: 'session-revoked',
    event: {
      type: 'session.revoked',
      correlationId: '48eaeb32-76c0-4af8-b04e-9ce0c00cb61f',
      user: peter,
      ...where(O2),
      ...primary,
      ...by('user'),
      sessions: [session(1755541961792)],
    },
  },
  credentialUpdated: {
    schema: 'credential-updated',
    event: {
      type: 'credential.updated',
      ...account({ email: 'peter@aol.com' }),
      credential: { type: 'password', change: 'updated' },
    },
  },
  userCreated: {
    schema: 'user-created',
    event: {
      type: 'account.created',
      user: {
        id: '3987d74e-8432-4f4d-b1a8-cad463af843d',
        username: 'johndoe@aol.com',
        claims: { email: 'johndoe@aol.com', family_name: 'Doe', given_name: 'John' },
      },
      ...where(O2),
      ...primary,
      ...by('admin'),
    },
  },
  userProfileUpdated: {
    schema: 'user-profile-updated',
    event: {
      type: 'account.profile-updated',
      ...account({ email: 'not shown by this event' }),
      changes: { added: { organization: 'myorg' }, updated: { emailAddresses: ['peter@aol.com'] } },
    },
  },
  userDisabled: {
    schema: 'user-disabled',
    event: { type: 'account.disabled', ...account({ email: 'peter@aol.com' }) },
  },
  userEnabled: { schema: 'user-enabled', event: { type: 'account.enabled', ...account({ email: 'peter@aol.com' }) } },
  userAccountLocked: {
    schema: 'user-account-locked',
    event: { type: 'account.locked', ...account({ email: 'peter@aol.com' }) },
  },
  userAccountUnlocked: {
    schema: 'user-account-unlocked',
    event: { type: 'account.unlocked', ...account({ email: 'peter@aol.com' }) },
  },
  userDeleted: {
    schema: 'user-deleted',
    event: { type: 'account.deleted', ...account({ username: 'peter', email: 'peter@aol.com' }) },
  },
};

/** What JSON.parse gives. */
type Parsed = ReturnType<typeof JSON.parse>;

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null)
    for (const member of Object.values(Object.freeze(value))) deepFreeze(member);
  return value;
}

const baseEvent: IdentityEvent = {
  id: '051f0c37-b689-44d4-b7d2-29b980ece273',
  type: 'account.locked',
  time: 1751705149000,
  acceptedAt: 1751705149662,
  user: { id: '42', username: 'alice' },
};
const make = (event: Partial<IdentityEvent>, options: Partial<ProfileSettings> = {}): Promise<SetResult> =>
  wso2.makeSetWith({ claims: ['username'], issuer: 'https://id.example.com', defaults: {}, ...options })(
    deepFreeze({ ...baseEvent, ...event }),
  );
async function setOf(event: Partial<IdentityEvent>, options: Partial<ProfileSettings> = {}): Promise<Parsed> {
  const result = await make(event, options);
  if (result.kind === 'dead') throw new Error(`${result.reason}: ${result.detail}`);
  return JSON.parse(result.set.text);
}
const bodyOf = async (...args: Parameters<typeof setOf>) => Object.values((await setOf(...args)).events)[0] as Parsed;

describe('the wso2 profile', () => {
  describe('gives the exact bytes of', () => {
    for (const [name, { schema, event }] of Object.entries(events)) {
      it(name, async () => {
        const expected = sampleOf(schema);
        const { jti, iat } = JSON.parse(expected);
        const complete = deepFreeze({ ...event, id: jti, time: iat, acceptedAt: iat } as IdentityEvent);
        const result = await wso2.makeSetWith(settings)(complete);
        if (result.kind === 'dead') throw new Error(`${result.reason}: ${result.detail}`);
        expect(result.set.text).to.equal(expected);
        expect(result.set).to.include({ jti, eventType: event.type, bytes: Buffer.byteLength(expected) });
        expect(result.set.eventTypeUri).to.match(
          new RegExp(`^https://schemas\\.identity\\.wso2\\.org/events/[a-z]+/event-type/${name}$`),
        );
        expect((await wso2.makeSetWith(settings)(complete)) as object).to.deep.equal(result);
      });
    }

    it('every event that there is a schema for', () => {
      const files = readdirSync(schemas).filter((file) => file !== 'common.schema.json');
      expect(
        Object.values(events)
          .map(({ schema }) => `${schema}.schema.json`)
          .sort(),
      ).to.deep.equal(files.sort());
      expect(Object.keys(wso2.eventTypeUris).sort()).to.deep.equal(
        Object.values(events)
          .map(({ event }) => event.type)
          .sort(),
      );
    });
  });

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

    it("shows only WSO2's claims with logins and sessions", async () => {
      const { claims } = (await bodyOf({ type: 'login.success', user }, { claims: ['*'] })).user;
      expect(claims.every(({ uri }: { uri: string }) => uri.startsWith('http://wso2.org/claims/'))).to.equal(true);
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
      const body = await bodyOf({ type: 'account.profile-updated', changes }, { claims: ['email'] });
      expect(body.user).to.not.have.any.keys('claims', 'updatedClaims');
      expect(body.user).to.deep.include({
        addedClaims: [{ uri: 'http://wso2.org/claims/emailaddress', value: 'new@example.com' }],
        removedClaims: [{ uri: 'http://wso2.org/claims/emailaddress', value: '' }],
      });
    });
  });

  const actions: [Partial<IdentityEvent>, string][] = [
    [{ type: 'login.success' }, 'LOGIN'],
    [{ type: 'session.presented', session: { id: 's' } }, 'LOGIN'],
    [{ type: 'session.revoked', sessions: [{ id: 's' }], initiator: { type: 'user' } }, 'LOGOUT'],
    [{ type: 'session.revoked', sessions: [{ id: 's' }], initiator: { type: 'admin' } }, 'SESSION_REVOKE'],
    [{ type: 'credential.updated', credential: { type: 'passkey', change: 'created' } }, 'CREDENTIAL_ENROLL'],
    [{ type: 'credential.updated', credential: { type: 'password', change: 'reset' } }, 'CREDENTIAL_RESET'],
    [{ type: 'credential.updated', credential: { type: 'otp', change: 'deleted' } }, 'CREDENTIAL_REVOKE'],
    [{ type: 'registration.success' }, 'REGISTER'],
    [{ type: 'registration.success', action: 'INVITE' }, 'INVITE'],
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

  it('says the jti of a JWT and never that of an opaque token', async () => {
    const token = { kind: 'access_token', id: 'the-id', issuedAt: 1755541962069 } as const;
    expect((await bodyOf({ type: 'token.issued', token: { ...token, format: 'jwt' } })).accessToken).to.deep.equal({
      tokenType: 'JWT',
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
      user: undefined,
      userStore: { name: 'PRIMARY' },
      application: { clientId: 'm', id: 'm' },
      token: { grantType: 'client_credentials' },
    });
    expect(Object.keys(body)).to.deep.equal(['userStore', 'application', 'action', 'accessToken']);
    expect(body.application).to.deep.equal({ consumerKey: 'm' });
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

  it('survives an event that no mapping can read', async () => {
    const hostile = {
      ...baseEvent,
      user: {
        get id(): string {
          throw new Error('hunter2');
        },
      },
    } as IdentityEvent;
    const result = await wso2.makeSetWith(settings)(hostile);
    expect(result).to.include({ kind: 'dead', reason: 'mapping_failed' });
    expect(JSON.stringify(result)).to.not.include('hunter2');
  });

  it('is not led astray by the names of claims', async () => {
    const claims = JSON.parse('{"__proto__":"x","constructor":"y","toString":"z"}');
    const { user } = await bodyOf({ user: { id: '1', claims } }, { claims: ['*'] });
    expect(user.claims.map(({ uri }: { uri: string }) => uri)).to.deep.equal(
      ['__proto__', 'constructor', 'toString'].map((name) => `http://wso2.org/claims/${name}`),
    );
    expect(({} as Record<string, unknown>).x).to.equal(undefined);
  });

  it('refuses a member that WSO2 does not have, in every schema', async () => {
    const { validatorOf } = await import('../../../src/schemas.js');
    for (const { schema } of Object.values(events)) {
      const sample = JSON.parse(sampleOf(schema));
      const [uri] = Object.keys(sample.events) as [string];
      const check = validatorOf(`wso2/${schema}.schema.json`);
      expect(check({ ...sample, extra: 1 }), schema).to.not.deep.equal([]);
      expect(check({ ...sample, events: { ...sample.events, extra: {} } }), schema).to.not.deep.equal([]);
      expect(check({ ...sample, events: { [uri]: { ...sample.events[uri], extra: 1 } } }), schema).to.not.deep.equal(
        [],
      );
      expect(check({ ...sample, iat: Math.floor(sample.iat / 1000) }), `${schema} in seconds`).to.not.deep.equal([]);
    }
  });

  it('makes a ping that looks like a SET and is no event of a user', () => {
    const ping = makePing({ issuer: 'https://id.example.com', id: baseEvent.id, now: baseEvent.acceptedAt });
    expect(JSON.parse(ping.text)).to.deep.equal({
      iss: 'https://id.example.com',
      jti: baseEvent.id,
      iat: baseEvent.acceptedAt,
      events: { 'https://schemas.openid.net/secevent/ssf/event-type/verification': { state: 'setwire check --ping' } },
    });
  });
});

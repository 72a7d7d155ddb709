import { expect } from 'chai';
import { canonicalTypes } from '../../../src/events/identity-event.js';
import type { CanonicalType, IdentityEvent } from '../../../src/schema-types.js';
import { validatorOf } from '../../../src/schemas.js';
import { makeVerification, ssf } from '../../../src/set/profiles/ssf.js';
import { identityEvent } from '../../support/events.js';
import { claimsOf, partner, resultsOf, setOf, setsOf, subjectFor } from '../../support/ssf-settings.js';

const caep = 'https://schemas.openid.net/secevent/caep/event-type/';
const risc = 'https://schemas.openid.net/secevent/risc/event-type/';
const own = 'https://id.example.com/ssf/event-type/';

/** Every type, the event type it becomes, and what is said of the schema's own example by default. */
const table: Record<CanonicalType, readonly [uri: string, claims: object]> = {
  'login.success': [
    `${own}login-success`,
    {
      user: { username: 'peter@aol.com' },
      application: { id: '40d982e5-23be-4ee1-8540-9cb696d8c321', name: 'MyApp', client_id: 'myapp' },
      session: { id: '68d1f2861461c69d8e821d91839bbf8e' },
      amr: ['BasicAuthenticator'],
      tenant: { id: '1', name: 'example.com' },
      ip_address: '203.0.113.10',
      user_agent: 'Mozilla/5.0',
      initiating_entity: 'user',
      event_timestamp: 1751705149,
    },
  ],
  'login.failure': [
    `${own}login-failure`,
    {
      user: { username: 'peter@aol.com' },
      application: { id: '40d982e5-23be-4ee1-8540-9cb696d8c321', name: 'MyApp', client_id: 'myapp' },
      reason: { code: '17002', failed_step: { step: 1, idp: 'LOCAL', authenticator: 'BasicAuthenticator' } },
      user_store: { name: 'PRIMARY' },
      ip_address: '203.0.113.10',
      user_agent: 'Mozilla/5.0',
      initiating_entity: 'user',
      reason_admin: { en: 'Invalid credentials' },
      event_timestamp: 1751705150,
    },
  ],
  'login.suspicious': [
    `${caep}risk-level-change`,
    {
      principal: 'USER',
      current_level: 'MEDIUM',
      risk_reason: 'REPEATED_LOGIN_FAILURES',
      reason_admin: { en: '5 failed logins within 60 seconds' },
      event_timestamp: 1751705151,
    },
  ],
  'registration.success': [
    `${own}registration-success`,
    {
      user: { username: 'peter@aol.com' },
      action: 'REGISTER',
      user_store: { name: 'PRIMARY' },
      ip_address: '203.0.113.10',
      user_agent: 'Mozilla/5.0',
      initiating_entity: 'user',
      event_timestamp: 1751705152,
    },
  ],
  'registration.failure': [
    `${own}registration-failure`,
    {
      user: { username: 'peter@aol.com' },
      action: 'REGISTER',
      reason: { code: '20065' },
      ip_address: '203.0.113.10',
      user_agent: 'Mozilla/5.0',
      initiating_entity: 'user',
      reason_admin: { en: 'The password is too short' },
      event_timestamp: 1751705153,
    },
  ],
  'token.issued': [
    `${own}token-issued`,
    {
      user: { username: 'peter@aol.com' },
      application: { id: '40d982e5-23be-4ee1-8540-9cb696d8c321', name: 'MyApp', client_id: 'myapp' },
      token: {
        kind: 'access_token',
        format: 'opaque',
        hash: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
        grant_type: 'authorization_code',
        scopes: ['openid', 'profile'],
        issued_at: 1751705149,
        expires_at: 1751708749,
      },
      ip_address: '2001:db8::17',
      initiating_entity: 'application',
      event_timestamp: 1751705154,
    },
  ],
  'token.revoked': [
    `${own}token-revoked`,
    {
      user: { username: 'peter@aol.com' },
      applications: [{ id: '40d982e5-23be-4ee1-8540-9cb696d8c321', name: 'MyApp', client_id: 'myapp' }],
      token: { kind: 'access_token', format: 'opaque', hash: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU' },
      ip_address: '2001:db8::17',
      initiating_entity: 'application',
      event_timestamp: 1751705155,
    },
  ],
  'session.established': [
    `${caep}session-established`,
    {
      fp_ua: 'EGa0giS7GIzrlVYF9Pz_mIk74miNfpZa-wTTbRfn8Nc',
      ext_id: '68d1f2861461c69d8e821d91839bbf8e',
      initiating_entity: 'user',
      event_timestamp: 1751705156,
    },
  ],
  'session.presented': [
    `${caep}session-presented`,
    {
      fp_ua: 'EGa0giS7GIzrlVYF9Pz_mIk74miNfpZa-wTTbRfn8Nc',
      ext_id: '68d1f2861461c69d8e821d91839bbf8e',
      initiating_entity: 'user',
      event_timestamp: 1751705157,
    },
  ],
  'session.revoked': [
    `${caep}session-revoked`,
    {
      initiating_entity: 'admin',
      reason_admin: { en: 'Session revoked by: admin' },
      event_timestamp: 1751705158,
    },
  ],
  'credential.updated': [
    `${caep}credential-change`,
    {
      credential_type: 'password',
      change_type: 'update',
      initiating_entity: 'admin',
      reason_admin: { en: 'Credential reset: password' },
      event_timestamp: 1751705159,
    },
  ],
  'account.created': [
    `${own}account-created`,
    {
      user: {
        username: 'peter@aol.com',
        organization: {
          id: '10084a8d-113f-4211-a0d5-efe36b082211',
          name: 'Best Car',
          handle: 'bestcar',
          depth: 0,
        },
      },
      action: 'INVITE',
      ip_address: '203.0.113.10',
      initiating_entity: 'admin',
      event_timestamp: 1751705160,
    },
  ],
  'account.profile-updated': [
    `${own}account-profile-updated`,
    { ip_address: '203.0.113.10', initiating_entity: 'admin', event_timestamp: 1751569642 },
  ],
  'account.locked': [
    `${own}account-locked`,
    {
      user: { username: 'peter@aol.com' },
      reason: { code: 'MAX_ATTEMPTS_EXCEEDED' },
      initiating_entity: 'system',
      reason_admin: { en: 'MAX_ATTEMPTS_EXCEEDED' },
      event_timestamp: 1751705162,
    },
  ],
  'account.unlocked': [
    `${own}account-unlocked`,
    {
      user: { username: 'peter@aol.com' },
      ip_address: '203.0.113.10',
      initiating_entity: 'admin',
      event_timestamp: 1751705163,
    },
  ],
  'account.enabled': [`${risc}account-enabled`, {}],
  'account.disabled': [`${risc}account-disabled`, {}],
  'account.deleted': [`${risc}account-purged`, {}],
};

const locked = identityEvent('account.locked');

describe('the ssf profile', () => {
  for (const type of canonicalTypes) {
    const [uri, claims] = table[type];
    it(`makes ${uri.split('/').at(-1)} of ${type}, with what the event knows and nothing else`, () => {
      const event = identityEvent(type);
      const [set, ...more] = setsOf(event);
      expect(more).to.deep.equal([]);
      expect(set.events).to.deep.equal({ [uri]: claims });
      expect(ssf.eventTypeUris(type, partner)[0]).to.equal(uri);
      expect(ssf.covers(event)).to.equal(true);
    });
  }

  describe('the envelope', () => {
    it('has the claims in order and no sub, exp or nbf', () => {
      const set = setOf({ ...locked, correlationId: 'request-1', time: locked.acceptedAt - 5000 });
      expect(Object.keys(set)).to.deep.equal(['iss', 'jti', 'iat', 'aud', 'txn', 'toe', 'sub_id', 'events']);
      expect(set).to.include({
        iss: 'https://id.example.com',
        aud: 'https://receiver.example.org',
        txn: 'request-1',
      });
    });

    it('says iat in whole seconds, never later than the event was accepted', () => {
      for (const acceptedAt of [1751705162000, 1751705162001, 1751705162999])
        expect(setOf({ ...locked, acceptedAt }).iat).to.equal(1751705162);
    });

    it('says toe only where it differs from iat, and never one after it', () => {
      const at = (time: number, acceptedAt: number) => setOf({ ...locked, time, acceptedAt });
      expect(at(1751705162000, 1751705162999)).to.not.have.property('toe');
      expect(at(1751705100999, 1751705162999).toe).to.equal(1751705100);
      expect(at(1751705199000, 1751705162999)).to.not.have.property('toe');
      const [claims] = Object.values<{ event_timestamp: number }>(at(1751705199000, 1751705162999).events);
      expect(claims?.event_timestamp).to.equal(1751705162);
    });

    it('has the audience as the config has it, one or several', () => {
      expect(setOf(locked, { audience: ['a', 'b'] }).aud).to.deep.equal(['a', 'b']);
      expect(setOf(locked, { audience: 'a' }).aud).to.equal('a');
    });

    it("has the config's issuer as it is written, else the event's, in sub_id too", () => {
      const event = { ...locked, issuer: 'https://host.example.com/' };
      expect(setOf(event, { issuer: 'https://id.example.com/x/' }).iss).to.equal('https://id.example.com/x/');
      const set = setOf(event, { issuer: undefined });
      expect(set.iss).to.equal('https://host.example.com/');
      expect(set.sub_id.iss).to.equal('https://host.example.com/');
      expect(Object.keys(set.events)).to.deep.equal(['https://host.example.com/ssf/event-type/account-locked']);
    });

    it('has no txn where nothing joins the events', () => {
      expect(setOf(locked)).to.not.have.property('txn');
    });

    it('counts bytes, not characters', () => {
      const [result] = resultsOf({ ...locked, user: { id: 'ü' } });
      if (result?.kind !== 'set') throw new Error('no SET');
      expect(result.set.bytes).to.equal(Buffer.byteLength(result.set.text));
      expect(result.set).to.include({ eventType: 'account.locked', eventTypeUri: `${own}account-locked` });
    });
  });

  describe('the jti', () => {
    const jtisOf = (...args: Parameters<typeof setsOf>): string[] => setsOf(...args).map(({ jti }) => jti);
    const changed: IdentityEvent = {
      ...identityEvent('account.profile-updated'),
      changes: {
        updated: { email: 'new@example.com', phone_number: '+15550002' },
        previous: { email: 'old@example.com', phone_number: '+15550001' },
      },
    };

    it('is the same each time, and after the journal', () => {
      const claims = ['email', 'phone_number'];
      expect(jtisOf(changed, { claims })).to.deep.equal(jtisOf(JSON.parse(JSON.stringify(changed)), { claims }));
      expect(resultsOf(changed, { claims })).to.deep.equal(resultsOf(changed, { claims }));
    });

    it('differs from event to event, endpoint to endpoint and SET to SET, and is a UUID', () => {
      const all = [
        ...jtisOf(changed, { claims: ['*'] }),
        ...jtisOf(changed, { claims: ['*'], endpoint: 'other' }),
        ...jtisOf({ ...changed, id: locked.id }, { claims: ['*'] }),
      ];
      expect(new Set(all).size).to.equal(9);
      for (const jti of all)
        expect(jti).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    });

    it('stays the same when other settings of the endpoint change', () => {
      expect(jtisOf(locked, { subject: subjectFor('opaque'), audience: 'x', claims: [] })).to.deep.equal(
        jtisOf(locked),
      );
    });
  });

  describe('a credential', () => {
    const changeTypes = { created: 'create', updated: 'update', reset: 'update', revoked: 'revoke', deleted: 'delete' };
    for (const [change, said] of Object.entries(changeTypes)) {
      it(`that was ${change} is said to ${said}`, () => {
        const credential = { type: 'password', change } as IdentityEvent['credential'];
        expect(claimsOf({ ...identityEvent('credential.updated'), credential }).change_type).to.equal(said);
      });
    }
    const types: [NonNullable<IdentityEvent['credential']>, string][] = [
      [{ type: 'password', change: 'created' }, 'password'],
      [{ type: 'passkey', change: 'created', attachment: 'platform' }, 'fido2-platform'],
      [{ type: 'passkey', change: 'created', attachment: 'cross-platform' }, 'fido2-roaming'],
      [{ type: 'passkey', change: 'created' }, 'passkey'],
      [{ type: 'otp', change: 'created', attachment: 'platform' }, 'app'],
      [{ type: 'x509', change: 'created' }, 'x509'],
      [{ type: 'recovery-code', change: 'created' }, 'recovery-code'],
      [{ type: 'api-key', change: 'created' }, 'api-key'],
      [{ type: 'other', change: 'created' }, 'other'],
    ];
    for (const [credential, said] of types) {
      it(`${JSON.stringify(credential)} is called ${said}`, () => {
        expect(claimsOf({ ...identityEvent('credential.updated'), credential }).credential_type).to.equal(said);
      });
    }

    it('has its friendly name where it has one', () => {
      const credential = { type: 'passkey', change: 'created', name: 'My key' } as const;
      expect(claimsOf({ ...identityEvent('credential.updated'), credential }).friendly_name).to.equal('My key');
    });
  });

  describe('reasons', () => {
    it('are by language, for administrators and for the user', () => {
      const reason = { code: 'c', description: 'Ort', userDescription: 'Anderswo', language: 'de' };
      expect(claimsOf({ ...identityEvent('session.revoked'), reason })).to.deep.include({
        reason_admin: { de: 'Ort' },
        reason_user: { de: 'Anderswo' },
      });
    });

    it('of a disabled account are only those that RISC knows', () => {
      const withCode = (code: string) => claimsOf({ ...identityEvent('account.disabled'), reason: { code } });
      expect(withCode('hijacking')).to.deep.equal({ reason: 'hijacking' });
      expect(withCode('bulk-account')).to.deep.equal({ reason: 'bulk-account' });
      expect(withCode('left the company')).to.deep.equal({});
    });

    it('of a logout say so', () => {
      const event: IdentityEvent = { ...identityEvent('session.revoked'), initiator: { type: 'user' } };
      expect(claimsOf(event).reason_admin).to.deep.equal({ en: 'Logout' });
    });
  });

  it('has no CAEP word for what an application set off, and leaves it out', () => {
    const event: IdentityEvent = { ...identityEvent('session.revoked'), initiator: { type: 'application' } };
    expect(claimsOf(event)).to.not.have.property('initiating_entity');
  });

  it('says acr and amr of a session where they are known', () => {
    const event: IdentityEvent = {
      ...identityEvent('session.established'),
      acr: 'urn:mace:incommon:iap:silver',
      authenticationMethods: ['pwd', 'otp'],
    };
    expect(claimsOf(event)).to.deep.include({ acr: 'urn:mace:incommon:iap:silver', amr: ['pwd', 'otp'] });
  });

  it('calls the risk of an address that of a device', () => {
    const { user: _, ...event } = identityEvent('login.suspicious');
    const burst = { by: 'ip', count: 5, windowMs: 60_000 } as const;
    const set = setOf({ ...event, initiator: { ip: '203.0.113.9' }, burst });
    expect(set.sub_id).to.deep.equal({ format: 'ip-addresses', 'ip-addresses': ['203.0.113.9'] });
    expect(Object.values(set.events)[0]).to.include({ principal: 'DEVICE' });
    expect(Object.values(set.events)[0]).to.not.have.property('previous_level');
  });

  it("never says an opaque token's id", () => {
    const event = { ...identityEvent('token.issued'), token: { format: 'opaque', id: 'the-token-itself' } as const };
    expect(JSON.stringify(setOf(event, { claims: ['*'] }))).to.not.include('the-token-itself');
  });

  describe('claims of the user', () => {
    const user = {
      id: '42',
      username: 'alice',
      claims: { email: 'a@example.com', given_name: 'Al', secret_question: 'rosebud' },
      groups: ['staff-group'],
      roles: ['editor-role'],
    };
    const private_ = ['alice', 'a@example.com', 'Al', 'rosebud', 'staff-group', 'editor-role'];

    for (const type of canonicalTypes) {
      it(`stay where ${type} is sent to an endpoint that names none`, () => {
        const changes = { added: { email: 'a@example.com' }, updated: { given_name: 'Al' }, removed: { x: 'rosebud' } };
        const results = resultsOf({ ...identityEvent(type), user, changes }, { claims: [] });
        for (const text of private_) expect(JSON.stringify(results), text).to.not.include(`"${text}"`);
      });
    }

    it('leave as they are named, by either name, and all for *', () => {
      const event = { ...locked, user };
      expect(claimsOf(event, { claims: ['http://wso2.org/claims/emailaddress', 'groups'] }).user).to.deep.equal({
        claims: { email: 'a@example.com' },
        groups: ['staff-group'],
      });
      expect(claimsOf(event, { claims: ['*'] }).user).to.deep.equal({
        username: 'alice',
        claims: user.claims,
        groups: ['staff-group'],
        roles: ['editor-role'],
      });
    });

    it('that changed leave as they are named, emptied ones too', () => {
      const changes = { added: { nickname: '' }, updated: { email: 'b@example.com' }, removed: { picture: 'x' } };
      const event = { ...identityEvent('account.profile-updated'), changes };
      expect(claimsOf(event, { claims: ['nickname', 'picture'] }).changes).to.deep.equal({
        added: { nickname: '' },
        removed: { picture: 'x' },
      });
    });
  });

  describe('a changed identifier', () => {
    const changed = (updated: object, previous?: object): IdentityEvent => ({
      ...identityEvent('account.profile-updated'),
      changes: { updated, ...(previous && { previous }) } as IdentityEvent['changes'],
    });
    const uri = `${risc}identifier-changed`;

    it('makes a SET of its own, of which the old value is the subject', () => {
      const event = changed(
        { email: 'new@example.com', phone_number: '+15550002', given_name: 'Al' },
        { email: 'old@example.com', phone_number: '+1 (555) 0001', given_name: 'Bo' },
      );
      const [profile, ...others] = setsOf(event, { claims: ['email', 'phone_number'] });
      expect(Object.keys(profile.events)).to.deep.equal([`${own}account-profile-updated`]);
      expect(others.map(({ sub_id, events }) => ({ sub_id, events }))).to.deep.equal([
        {
          sub_id: { format: 'email', email: 'old@example.com' },
          events: { [uri]: { 'new-value': 'new@example.com' } },
        },
        {
          sub_id: { format: 'phone_number', phone_number: '+15550001' },
          events: { [uri]: { 'new-value': '+15550002' } },
        },
      ]);
    });

    const none: [why: string, event: IdentityEvent, claims: string[]][] = [
      ['the old value is not known', changed({ email: 'new@example.com' }), ['*']],
      ['nothing changed', changed({ email: 'a@example.com' }, { email: 'a@example.com' }), ['*']],
      ['`claims` does not name it', changed({ email: 'new@example.com' }, { email: 'old@example.com' }), ['username']],
      ['it is not an identifier', changed({ nickname: 'new' }, { nickname: 'old' }), ['*']],
      ['there was none before', changed({ email: 'new@example.com' }, { email: '' }), ['*']],
    ];
    for (const [why, event, claims] of none) {
      it(`makes none where ${why}`, () => {
        expect(setsOf(event, { claims })).to.have.lengthOf(1);
      });
    }

    it('is told where the receiver knows users by it, whatever `claims` names', () => {
      const event = changed({ email: 'new@example.com' }, { email: 'old@example.com' });
      const user = { id: '42', claims: { email: 'new@example.com' } };
      for (const subject of [subjectFor('email'), subjectFor('complex', { user: 'email' }), subjectFor('aliases')])
        expect(setsOf({ ...event, user }, { claims: [], subject }), subject.format).to.have.lengthOf(2);
    });

    it('is dead where the old value is no identifier, and the profile event is not', () => {
      const results = resultsOf(changed({ phone_number: '+15550002' }, { phone_number: '555' }), { claims: ['*'] });
      expect(results.map(({ kind }) => kind)).to.deep.equal(['set', 'dead']);
      expect(results[1]).to.include({ reason: 'no_subject' });
    });
  });

  describe("a host's own type", () => {
    const eventTypes = { 'x-acme.consent.granted': 'https://acme.example/events/consent-granted' };

    it('travels under the URI that the config gives, with what the event knows', () => {
      const [set] = setsOf(identityEvent('x-acme.consent.granted'), { eventTypes });
      expect(set.events).to.deep.equal({
        'https://acme.example/events/consent-granted': {
          user: { username: 'peter@aol.com' },
          application: { id: '40d982e5-23be-4ee1-8540-9cb696d8c321', name: 'MyApp', client_id: 'myapp' },
          ip_address: '203.0.113.10',
          user_agent: 'Mozilla/5.0',
          initiating_entity: 'user',
          event_timestamp: 1751705167,
        },
      });
    });

    it('is dead where the config gives none', () => {
      expect(resultsOf(identityEvent('x-acme.consent.granted'))[0]).to.include({
        kind: 'dead',
        reason: 'no_event_type',
      });
      expect(resultsOf({ ...locked, type: 'x-to.string' })[0]).to.include({ reason: 'no_event_type' });
    });
  });

  it('has our own event types under the base that the config sets', () => {
    const bases: [string, string][] = [
      ['https://events.example/t/', 'https://events.example/t/account-locked'],
      ['https://events.example/t', 'https://events.example/t/account-locked'],
      ['urn:acme:events:', 'urn:acme:events:account-locked'],
    ];
    for (const [eventTypeBase, uri] of bases)
      expect(Object.keys(setOf(locked, { eventTypeBase }).events)).to.deep.equal([uri]);
  });

  it('makes nothing without an issuer or an audience', () => {
    const bare = { ...locked };
    expect(resultsOf(bare, { issuer: undefined })[0]).to.include({ kind: 'dead', reason: 'no_event_type' });
    const deleted = { ...identityEvent('account.deleted') };
    expect(resultsOf(deleted, { issuer: undefined })[0]).to.include({ reason: 'no_subject' });
    expect(resultsOf(locked, { audience: undefined })[0]).to.include({ reason: 'schema_violation' });
  });

  it('tells the event type URIs of a type, several where there are several', () => {
    expect(ssf.eventTypeUris('account.profile-updated', partner)).to.deep.equal([
      `${own}account-profile-updated`,
      `${risc}identifier-changed`,
    ]);
    expect(ssf.eventTypeUris('x-acme.thing', partner)).to.deep.equal([]);
  });
});

describe('the verification event', () => {
  const options = {
    issuer: 'https://id.example.com',
    audience: ['a'],
    streamId: 'partner',
    id: 'e0c9a1f6-3d5b-4b7c-8a57-0c1f6f3a2b10',
    now: 1751705149999,
  };
  const check = validatorOf('ssf/verification.schema.json');

  it('has the stream as its subject, and the state that it was given', () => {
    const { text, jti, eventTypeUri } = makeVerification({ ...options, state: 'VGhpcw==' });
    const set = JSON.parse(text);
    expect(set).to.deep.equal({
      iss: 'https://id.example.com',
      jti,
      iat: 1751705149,
      aud: ['a'],
      sub_id: { format: 'opaque', id: 'partner' },
      events: { [eventTypeUri]: { state: 'VGhpcw==' } },
    });
    expect(check(set)).to.deep.equal([]);
  });

  it('has no state where none was given', () => {
    const set = JSON.parse(makeVerification(options).text);
    expect(Object.values(set.events)).to.deep.equal([{}]);
    expect(check(set)).to.deep.equal([]);
  });
});

import { expect } from 'chai';
import { canonicalTypes } from '../../src/events/identity-event.js';
import type { IdentityEvent } from '../../src/schema-types.js';
import { ssf } from '../../src/set/profiles/ssf.js';
import type { SubjectSettings } from '../../src/set/set.js';
import { identityEvent } from '../support/events.js';
import { partner, resultsOf, setOf, setsOf, subjectFor } from '../support/ssf-settings.js';

const iss = 'https://id.example.com';
const user = {
  id: '42',
  username: 'alice@example.com',
  claims: { email: 'a@example.com', phone_number: '+1 (604) 555-1234' },
};
const event: IdentityEvent = {
  ...identityEvent('session.established'),
  user,
  tenant: { id: 't1', name: 'example.com' },
  application: { clientId: 'shop' },
  session: { id: 's1' },
};
const subjectOf = (of: IdentityEvent, subject: SubjectSettings) => setOf(of, { subject }).sub_id;

const userId = { format: 'iss_sub', iss, sub: '42' };
const email = { format: 'email', email: 'a@example.com' };

describe('the subject of a SET', () => {
  const formats: [subject: SubjectSettings, expected: object][] = [
    [subjectFor('iss_sub'), userId],
    [subjectFor('email'), email],
    [subjectFor('opaque'), { format: 'opaque', id: '42' }],
    [subjectFor('account'), { format: 'account', uri: 'acct:alice%40example.com@id.example.com' }],
    [subjectFor('phone_number'), { format: 'phone_number', phone_number: '+16045551234' }],
    [
      subjectFor('complex'),
      {
        format: 'complex',
        user: userId,
        session: { format: 'opaque', id: 's1' },
        tenant: { format: 'opaque', id: 't1' },
        application: { format: 'iss_sub', iss, sub: 'shop' },
      },
    ],
    [
      subjectFor('complex', { user: 'email' }),
      {
        format: 'complex',
        user: email,
        session: { format: 'opaque', id: 's1' },
        tenant: { format: 'opaque', id: 't1' },
        application: { format: 'iss_sub', iss, sub: 'shop' },
      },
    ],
    [subjectFor('aliases'), { format: 'aliases', identifiers: [userId, email] }],
  ];
  for (const [subject, expected] of formats) {
    it(`is ${JSON.stringify(expected).slice(0, 90)} for ${subject.format}`, () => {
      expect(subjectOf(event, subject)).to.deep.equal(expected);
    });
  }

  it('is of the email claim also where it has its name in WSO2', () => {
    const named = { ...user, claims: { 'http://wso2.org/claims/emailaddress': 'a@example.com' } };
    expect(subjectOf({ ...event, user: named }, subjectFor('email'))).to.deep.equal(email);
  });

  const lacking: [subject: SubjectSettings, user: IdentityEvent['user'], needs: string][] = [
    [subjectFor('iss_sub'), { username: 'alice' }, '`user.id`'],
    [subjectFor('opaque'), { username: 'alice' }, '`user.id`'],
    [subjectFor('email'), { id: '42' }, '`user.claims.email`'],
    [subjectFor('email'), { id: '42', claims: { email: 'no address' } }, '`user.claims.email`'],
    [subjectFor('email'), { id: '42', claims: { email: ['a@example.com'] } }, '`user.claims.email`'],
    [subjectFor('account'), { id: '42' }, '`user.username`'],
    [subjectFor('phone_number'), { id: '42', claims: { phone_number: '555 1234' } }, '`user.claims.phone_number`'],
    [subjectFor('complex', { user: 'email' }), { id: '42' }, '`user.claims.email`'],
    [subjectFor('aliases', { formats: ['email', 'phone_number'] }), { id: '42' }, '`user.claims.phone_number`'],
    [subjectFor('pairwise'), { username: 'alice' }, '`user.id`'],
  ];
  for (const [subject, lacksIt, needs] of lacking) {
    it(`is none for ${subject.format} of ${JSON.stringify(lacksIt)}: the SET is dead and says what it needs`, () => {
      const [result, ...more] = resultsOf({ ...event, user: lacksIt }, { subject });
      expect(more).to.deep.equal([]);
      if (result?.kind !== 'dead') throw new Error('a SET was made');
      expect(result.reason).to.equal('no_subject');
      expect(result.detail).to.include(needs).and.not.include('alice').and.not.include('555');
    });
  }

  it('is all that is known of the aliases', () => {
    expect(subjectOf({ ...event, user: { id: '42' } }, subjectFor('aliases'))).to.deep.equal({
      format: 'aliases',
      identifiers: [userId],
    });
  });

  it('of an account names neither the session nor the application in which it changed', () => {
    const changed = {
      ...identityEvent('account.disabled'),
      user,
      session: { id: 's1' },
      application: { clientId: 'shop' },
    };
    expect(subjectOf(changed, subjectFor('complex'))).to.deep.equal({ format: 'complex', user: userId });
  });

  it('names each of the sessions that ended, one in a SET, where it is complex', () => {
    const revoked = { ...identityEvent('session.revoked'), user, sessions: [{ id: 's1' }, { id: 's2' }, { id: 's1' }] };
    const sets = setsOf(revoked, { subject: subjectFor('complex') });
    expect(sets.map(({ sub_id }) => sub_id.session.id)).to.deep.equal(['s1', 's2']);
    expect(new Set(sets.map(({ jti }) => jti)).size).to.equal(2);
    expect(setsOf(revoked)).to.have.lengthOf(1);
  });

  describe('of an event without a user', () => {
    const { user: _, ...nobody } = identityEvent('token.issued');
    const client = { format: 'complex', application: { format: 'iss_sub', iss, sub: 'myapp' } };
    const all = [...formats.map(([subject]) => subject), subjectFor('pairwise')];

    it('is the client that acts for itself, in every format', () => {
      const itself = { ...identityEvent('token.issued'), token: { grantType: 'client_credentials' } };
      for (const subject of all) {
        expect(subjectOf(nobody, subject), subject.format).to.deep.equal(client);
        expect(subjectOf(itself, subject), subject.format).to.deep.equal(client);
      }
    });

    it('is the session that nobody is known of', () => {
      const { user: __, ...revoked } = identityEvent('session.revoked');
      expect(subjectOf(revoked, subjectFor('email'))).to.deep.equal({
        format: 'complex',
        session: { format: 'opaque', id: '68d1f2861461c69d8e821d91839bbf8e' },
      });
    });

    it('is none where nothing is known', () => {
      const { application: __, ...nothing } = nobody;
      expect(resultsOf(nothing)[0]).to.include({ kind: 'dead', reason: 'no_subject' });
    });
  });

  describe('of an attempt by somebody unknown', () => {
    const failed = identityEvent('login.failure');

    it('is the name that was typed, at the host of the issuer, in every format', () => {
      for (const [subject] of formats)
        expect(subjectOf(failed, subject)).to.deep.equal({
          format: 'account',
          uri: 'acct:peter%40aol.com@id.example.com',
        });
    });

    it('is the address where the name may not leave, or is not known', () => {
      const address = { format: 'ip-addresses', 'ip-addresses': ['203.0.113.10'] };
      const { user: _, ...nameless } = failed;
      expect(setOf(failed, { claims: [] }).sub_id).to.deep.equal(address);
      expect(setOf(nameless).sub_id).to.deep.equal(address);
    });

    it('is the application where no more is known', () => {
      const { user: _, initiator: __, ...bare } = failed;
      expect(setOf(bare).sub_id).to.deep.equal({
        format: 'complex',
        application: { format: 'iss_sub', iss, sub: 'myapp' },
      });
    });

    it('is the user like any other where the id is known', () => {
      expect(subjectOf({ ...failed, user }, subjectFor('email'))).to.deep.equal(email);
    });
  });
});

describe('pairwise subjects', () => {
  const pairwise = subjectFor('pairwise');
  const at = (of: IdentityEvent, endpoint: string) => setsOf(of, { subject: pairwise, endpoint, claims: ['*'] });

  it('are the same at one endpoint, whatever happens, and others at another', () => {
    const [first] = at(event, 'one');
    const [again] = at({ ...identityEvent('account.deleted'), user }, 'one');
    const [other] = at(event, 'two');
    expect(first.sub_id).to.deep.equal(again.sub_id);
    expect(first.sub_id.id).to.match(/^[A-Za-z0-9_-]{43}$/);
    expect(first.sub_id.id).to.not.equal(other.sub_id.id);
  });

  it('depend on the key, the issuer and the user', () => {
    const idWith = (settings: Partial<typeof partner>, id = '42') =>
      setOf({ ...event, user: { id } }, { subject: pairwise, ...settings }).sub_id.id;
    const ids = [
      idWith({}),
      idWith({ pairwiseSecret: Buffer.alloc(32, 8) }),
      idWith({ issuer: 'https://other.example.com' }),
      idWith({}, '43'),
    ];
    expect(new Set(ids).size).to.equal(4);
  });

  /** Everything by which two receivers could find that they know the same user, in as many places as there are. */
  const telling: Partial<IdentityEvent> = {
    correlationId: 'TELLING-request',
    user: {
      id: 'TELLING-id',
      username: 'TELLING-name',
      claims: { email: 'TELLING@example.com', sub: 'TELLING-sub' },
      groups: ['TELLING-group'],
      roles: ['TELLING-role'],
      organization: { id: 'TELLING-own-organization' },
    },
    organization: { id: 'TELLING-organization' },
    userStore: { name: 'TELLING-store' },
    session: { id: 'TELLING-session' },
    sessions: [{ id: 'TELLING-session' }, { id: 'TELLING-other-session' }],
    token: { kind: 'access_token', format: 'jwt', id: 'TELLING-jti', hash: `TELLING${'x'.repeat(36)}` },
    credential: { type: 'passkey', change: 'created', name: "TELLING's key" },
    changes: {
      added: { nickname: 'TELLING-nickname' },
      updated: { email: 'TELLING-new@example.com' },
      removed: { picture: 'TELLING-picture' },
      previous: { email: 'TELLING-old@example.com' },
    },
    reason: { description: 'TELLING is not known', userDescription: 'Hello TELLING' },
    initiator: { type: 'user', ip: '203.0.113.77', userAgent: 'TELLING-agent' },
  };
  const eventTypes = { 'x-acme.consent.granted': 'https://acme.example/consent' };

  for (const type of [...canonicalTypes, 'x-acme.consent.granted']) {
    it(`leave nothing else in the SETs of ${type} by which a user could be recognised`, () => {
      const told = { ...identityEvent(type), ...telling };
      const make = (endpoint: string) =>
        ssf.makeSetsWith({ ...partner, endpoint, eventTypes, subject: pairwise, claims: ['*'] })(told);
      const [one, two] = [make('one'), make('two')];
      expect(one.map(({ kind }) => kind)).to.deep.equal(['set']);
      const text = JSON.stringify(one);
      expect(text).to.not.include('TELLING').and.not.include('203.0.113.77').and.not.include(told.id);
      // What is in both is about neither user, session nor request.
      const longOnes = (from: unknown): string[] => JSON.stringify(from).match(/[A-Za-z0-9_-]{43}/g) ?? [];
      for (const id of longOnes(one)) expect(longOnes(two)).to.not.include(id);
    });
  }

  it('hide the name that was typed and the address, too', () => {
    const failed = identityEvent('login.failure');
    const [first] = at(failed, 'one');
    const [second] = at(failed, 'two');
    expect(first.sub_id.format).to.equal('opaque');
    expect(first.sub_id).to.not.deep.equal(second.sub_id);
    const { user: _, ...nameless } = failed;
    const [address] = at(nameless, 'one');
    expect(JSON.stringify(address)).to.not.include('203.0.113.10');
  });

  it('have a jti that whoever knows the id of the event cannot make', () => {
    const [set] = at(event, 'one');
    const [open] = setsOf(event, { endpoint: 'one' });
    expect(set.jti).to.not.equal(open.jti);
  });

  it('are refused without a key', () => {
    expect(() => resultsOf(event, { subject: pairwise, pairwiseSecret: undefined })).to.throw('no key');
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { acceptWith } from '../../src/events/intake.js';
import type { IdentityEvent } from '../../src/schema-types.js';
import { wso2 } from '../../src/set/profiles/wso2.js';
import { readWso2 } from '../../src/sources/wso2.js';
import { bodiesOf, hmac, type Served, secret, served } from '../support/served.js';
import { settings as sampleSettings, events as samples, vectors } from '../support/wso2-samples.js';

const texts = Object.fromEntries(
  readdirSync(vectors)
    .filter((name) => name.endsWith('.json'))
    .map((name) => [name.replace('.json', ''), readFileSync(new URL(name, vectors), 'utf8').trimEnd()]),
);
const textOf = (name: string): string => texts[name] ?? '';
const accept = acceptWith({ now: () => 1_800_000_000_000, newId: () => 'never' });

function eventOf(text: string): IdentityEvent {
  const reading = readWso2(text);
  if (reading.kind === 'wrong' || reading.events.length !== 1) throw new Error(JSON.stringify(reading));
  return accept(reading.events[0]);
}

const { issuer: _, ...settings } = sampleSettings;

function leaving(text: string, claims: readonly string[], issuer?: string): string {
  const defaults = { tenant: { id: '9', name: 'elsewhere' }, userStore: { name: 'ELSE' } };
  const [result] = wso2.makeSetsWith({ ...settings, claims, defaults, ...(issuer && { issuer }) })(eventOf(text));
  return result?.kind === 'set' ? result.set.text : JSON.stringify(result);
}

/** A sample with something else under its event's URI. */
function changed(name: string, change: (body: Record<string, unknown>) => Record<string, unknown>): string {
  const set = JSON.parse(textOf(name));
  const [uri = ''] = Object.keys(set.events);
  return JSON.stringify({ ...set, events: { [uri]: change(set.events[uri]) } });
}

describe("WSO2's own webhooks", () => {
  describe('in the wso2 profile', () => {
    for (const [name, text] of Object.entries(texts)) {
      it(`leave byte for byte as they came: ${name}`, () => {
        expect(leaving(text, ['*'])).to.equal(text);
        expect(leaving(text, ['*'], 'https://other.example'), 'with another issuer in the config').to.equal(text);
      });

      it(`leave without the claims that are not asked for, and all else as it was: ${name}`, () => {
        const set = JSON.parse(text);
        const [uri = ''] = Object.keys(set.events);
        const { user } = set.events[uri];
        for (const list of ['claims', 'addedClaims', 'updatedClaims', 'removedClaims']) {
          if (user?.[list] === undefined) continue;
          user[list] = user[list].filter((claim: { uri: string }) => claim.uri.endsWith('/username'));
          if (user[list].length === 0) delete user[list];
        }
        expect(leaving(text, ['username'])).to.equal(JSON.stringify(set));
      });
    }

    it('leave with all claims where an endpoint names each of them', () => {
      expect(
        leaving(textOf('user-created'), ['username', 'email', 'http://wso2.org/claims/lastname', 'given_name']),
      ).to.equal(textOf('user-created'));
    });

    it('leave without groups and roles unless they are asked for', () => {
      const text = changed('login-success', ({ user, ...body }) => ({
        ...body,
        user: { ...(user as object), groups: ['staff'], roles: ['editor'] },
      }));
      expect(leaving(text, ['username'])).to.not.match(/staff|editor/);
      expect(leaving(text, ['username', 'groups']))
        .to.include('"groups":["staff"]')
        .and.not.include('editor');
    });

    it('leave without action, or with one that Setwire does not know, as WSO2 said it', () => {
      for (const action of [{}, { action: 'UPDATE' }, { action: 'something-new-2' }]) {
        const text = changed('user-profile-updated', ({ action: _, ...body }) => ({ ...body, ...action }));
        expect(leaving(text, ['*'])).to.equal(text);
      }
    });

    it('leave without members that Setwire does not know, whatever stands in them', () => {
      const ssn = { uri: 'http://wso2.org/claims/ssn', value: 'hunter2' };
      const text = changed('user-created', (body) => ({
        secrets: [ssn],
        ...body,
        user: { ...(body.user as object), moreClaims: [ssn] },
      }));
      expect(leaving(text, ['*'])).to.equal(textOf('user-created'));
    });

    it('hide no claims behind a name that stands there twice', () => {
      const twice = textOf('user-created').replace(
        '"claims":[',
        '"claims":[{"uri":"http://wso2.org/claims/ssn","value":"hunter2"}],"claims":[',
      );
      expect(leaving(twice, ['*'])).to.equal(textOf('user-created'));
    });
  });

  describe('as identity events', () => {
    for (const { file, event } of Object.values(samples)) {
      it(`are ${event.type}: ${file}`, () => {
        const { jti, iat } = JSON.parse(textOf(file));
        const { id, type, time, acceptedAt, issuer, tenant, user, organization } = eventOf(textOf(file));
        expect({ id, type, time, acceptedAt, issuer, tenant }).to.deep.equal({
          id: jti,
          type: event.type,
          time: iat,
          acceptedAt: 1_800_000_000_000,
          issuer: 'https://localhost:9443',
          tenant: { id: '12402', name: 'myorg.com' },
        });
        expect(user?.id).to.equal(event.user?.id);
        expect(organization).to.deep.equal(event.organization);
        expect(eventOf(textOf(file)).initiator).to.deep.equal(event.initiator);
      });
    }

    it('have what their type is about', () => {
      const from = (file: string) => eventOf(textOf(file));
      const sample = (name: string) => samples[name]?.event;
      expect(from('session-revoked').sessions).to.deep.equal(sample('sessionRevoked')?.sessions);
      expect(from('session-established').session).to.deep.equal(sample('sessionEstablished')?.session);
      expect(from('credential-updated').credential).to.deep.equal(sample('credentialUpdated')?.credential);
      expect(from('access-token-issued').token).to.deep.equal(sample('accessTokenIssued')?.token);
      expect(from('access-token-issued').application).to.deep.equal({
        name: 'Test App',
        clientId: 'eaSbhGeDL7ek2ypVrb0h4ZYMSN0a',
      });
      expect(from('login-failed').reason).to.deep.equal(sample('loginFailed')?.reason);
      expect(from('login-success').user?.username).to.equal('peter@aol.com');
      expect(from('user-profile-updated').changes).to.deep.equal({
        added: { 'http://wso2.org/claims/organization': 'myorg' },
        updated: { 'http://wso2.org/claims/emailAddresses': ['peter@aol.com'] },
      });
    });

    it('are taken with what somebody typed into the login form to keep them from being taken', () => {
      const text = changed('login-failed', ({ user: _, ...body }) => ({
        ...body,
        user: { claims: [{ uri: 'http://wso2.org/claims/username', value: `a\u0000b\u001b[2J${'x'.repeat(20_000)}` }] },
        reason: { description: 'a\u0007b' },
      }));
      const { user, reason } = eventOf(text);
      expect(user?.username)
        .to.match(/^a\ufffdb\ufffd\[2Jx+$/)
        .and.to.have.lengthOf(1024);
      expect(reason?.description).to.equal('a\ufffdb');
    });
  });

  describe('over HTTP', () => {
    let site: Served;
    afterEach(() => site.end());

    const sources = { wso2: { type: 'wso2', secret, previousSecret: 'f'.repeat(32) } };
    const signed = (body: string | Buffer, key = secret) => ({ 'x-wso2-event-signature': `sha256=${hmac(body, key)}` });

    it('all leave byte for byte, signed anew', async () => {
      site = await served({
        intake: { sources },
        endpoint: { order: 'subject', concurrency: 1, signature: { scheme: 'wso2', secret: 'e'.repeat(32) } },
      });
      for (const text of Object.values(texts))
        expect((await site.post('/wso2', text, signed(text))).status).to.equal(202);
      await site.settle();
      expect(bodiesOf(site.receiver)).to.have.members(Object.values(texts));
      const [first] = site.receiver.requests;
      expect(first?.headers['x-wso2-event-signature']).to.equal(`sha256=${hmac(first?.body ?? '', 'e'.repeat(32))}`);
    });

    it('are in the journal once they are answered, and once however often they come', async () => {
      site = await served({ intake: { sources }, endpoint: { enabled: false }, config: { stopTimeout: '100ms' } });
      const text = textOf('user-created');
      for (let n = 0; n < 3; n += 1) expect((await site.post('/wso2', text, signed(text))).status).to.equal(202);
      expect(site.adapter.status().journal?.events).to.equal(1);
      await site.restart();
      expect((await site.post('/wso2', text, signed(text))).status).to.equal(202);
      expect(site.adapter.status().journal?.events).to.equal(1);
    });

    it('are taken in ISO-8859-1 with the signature of their UTF-8 form, as WSO2 sends them, and leave in UTF-8', async () => {
      site = await served({ intake: { sources } });
      const text = textOf('user-created').replaceAll('John', 'José');
      const latin1 = Buffer.from(text, 'latin1');
      expect(latin1.equals(Buffer.from(text, 'utf8'))).to.equal(false);
      expect((await site.post('/wso2', latin1, signed(text))).status).to.equal(202);
      await site.settle();
      expect(bodiesOf(site.receiver)).to.deep.equal([text]);
    });

    it('are taken in UTF-8, signed with either secret', async () => {
      site = await served({ intake: { sources } });
      const text = textOf('user-created').replaceAll('John', '日本');
      expect((await site.post('/wso2', text, signed(text, 'f'.repeat(32)))).status).to.equal(202);
      await site.settle();
      expect(bodiesOf(site.receiver)).to.deep.equal([text]);
    });

    it('are refused without a signature, with that of another body, and where ISO-8859-1 has lost characters', async () => {
      site = await served({ intake: { sources } });
      const text = textOf('user-created');
      const japanese = text.replaceAll('John', '日本');
      const tries: [string | Buffer, Record<string, string>][] = [
        [text, {}],
        [text, { 'x-wso2-event-signature': '' }],
        [text, { 'x-wso2-event-signature': 'sha256=' }],
        [text, { 'x-wso2-event-signature': hmac(text).slice(1) }],
        [`${text} `, signed(text)],
        [text, signed(text, 'another secret, another secret')],
        [Buffer.from(japanese.replaceAll(/日|本/g, '?'), 'latin1'), signed(japanese)],
      ];
      for (const [body, headers] of tries) expect((await site.post('/wso2', body, headers)).status).to.equal(401);
      await site.settle();
      expect(site.receiver.requests).to.have.lengthOf(0);
    });

    it('are taken and counted where Setwire has no event for them', async () => {
      site = await served({ intake: { sources } });
      const body = JSON.stringify({
        jti: '8c695b00-d165-466d-ab20-770aa43ec4da',
        iat: 1782900901608,
        events: {
          'https://schemas.identity.wso2.org/events/consent/event-type/consentAdded': { consent: { id: '1' } },
        },
      });
      expect((await site.post('/wso2', body, signed(body))).status).to.equal(202);
      expect(site.report.args.map(([, words]) => words)).to.include('not mapped: wso2: consentAdded');
    });

    it('are refused with the member and the rule, and no value', async () => {
      site = await served({ intake: { sources } });
      const bad: [string, RegExp][] = [
        ['{', /no JSON object/],
        ['[]', /no JSON object/],
        ['{}', /jti is missing.*iat is missing.*events is missing/],
        [textOf('user-created').replace(/"jti":"[^"]*"/, '"jti":"hunter2"'), /jti must match format "uuid"/],
        [textOf('user-created').replace(/"iat":\d+/, '"iat":1751705149'), /iat must be >= 1000000000000/],
        [changed('user-created', (body) => ({ ...body, user: 'hunter2' })), /user must be object/],
        [changed('session-revoked', ({ sessions: _, ...body }) => body), /sessions is missing/],
        [
          '{"jti":"8c695b00-d165-466d-ab20-770aa43ec4da","iat":1782900901608,"events":{}}',
          /events must NOT have fewer than 1/,
        ],
      ];
      for (const [body, words] of bad) {
        const answer = await site.post('/wso2', body, signed(body));
        expect(answer.status, body).to.equal(400);
        expect(answer.headers['content-type']).to.equal('application/problem+json');
        expect(JSON.parse(answer.body).detail).to.match(words);
        expect(answer.body + JSON.stringify(site.report.args)).to.not.include('hunter2');
      }
    });
  });
});

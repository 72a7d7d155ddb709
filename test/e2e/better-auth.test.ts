import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import sinon from 'sinon';
import { setwire } from '../../src/better-auth.js';
import { jwksHandlerOf } from '../../src/set/jwks-handler.js';
import { keyRingIn } from '../../src/set/key-ring.js';
import { flows } from '../support/better-auth/flows.js';
import { startBetterAuth } from '../support/better-auth/server.js';
import { type Step, World } from '../support/better-auth/world.js';
import { type ReceivedRequest, startReceiver } from '../support/receiver.js';
import { workplace } from '../support/settings.js';
import { type SsfReceiver, startSsfReceiver } from '../support/ssf-receiver.js';
import { until } from '../support/until.js';

/** Where our own event types are, as it stands in the config. */
const own = 'https://id.example.com/ssf/event-type';
const caep = 'https://schemas.openid.net/secevent/caep/event-type';
const risc = 'https://schemas.openid.net/secevent/risc/event-type';
const host = 'https://acme.example/event-type';

/** The event of each profile that an identity event becomes; undefined: the profile has none. */
const events: Readonly<Record<string, { readonly wso2: string | undefined; readonly ssf: string }>> = {
  'login.success': { wso2: 'loginSuccess', ssf: `${own}/login-success` },
  'login.failure': { wso2: 'loginFailed', ssf: `${own}/login-failure` },
  'registration.success': { wso2: 'registrationSuccess', ssf: `${own}/registration-success` },
  'registration.failure': { wso2: 'registrationFailed', ssf: `${own}/registration-failure` },
  'token.issued access_token': { wso2: 'accessTokenIssued', ssf: `${own}/token-issued` },
  'token.issued refresh_token': { wso2: undefined, ssf: `${own}/token-issued` },
  'token.revoked': { wso2: 'accessTokenRevoked', ssf: `${own}/token-revoked` },
  'session.established': { wso2: 'sessionEstablished', ssf: `${caep}/session-established` },
  'session.presented': { wso2: 'sessionPresented', ssf: `${caep}/session-presented` },
  'session.revoked': { wso2: 'sessionRevoked', ssf: `${caep}/session-revoked` },
  'credential.updated': { wso2: 'credentialUpdated', ssf: `${caep}/credential-change` },
  'account.created': { wso2: 'userCreated', ssf: `${own}/account-created` },
  'account.profile-updated': { wso2: 'userProfileUpdated', ssf: `${own}/account-profile-updated` },
  'account.locked': { wso2: 'userAccountLocked', ssf: `${own}/account-locked` },
  'account.unlocked': { wso2: 'userAccountUnlocked', ssf: `${own}/account-unlocked` },
  'account.deleted': { wso2: 'userDeleted', ssf: `${risc}/account-purged` },
  'x-better-auth.organization.member-added': { wso2: undefined, ssf: `${host}/member-added` },
  'x-better-auth.organization.member-removed': { wso2: undefined, ssf: `${host}/member-removed` },
  'x-better-auth.organization.member-role-changed': { wso2: undefined, ssf: `${host}/member-role-changed` },
};

interface Told {
  readonly type: string;
  readonly who: string;
  readonly by: string;
  readonly words: string;
}

function toldIn(words: string): Told {
  const [, type = '', who = '', by = ''] = /^(\S+) (.+?) (user|admin|application|system)\b/.exec(words) ?? [];
  const kind = type === 'token.issued' ? `${type} ${/access_token|refresh_token/.exec(words)?.[0]}` : type;
  expect(events, kind).to.have.property(kind);
  return { type: kind, who, by, words };
}

/** What a step's events become in the wso2 profile, as `event who INITIATOR`. */
function setsOf({ expected }: Step): string[] {
  return expected.map(toldIn).flatMap(({ type, who, by }) => {
    const event = events[type]?.wso2;
    return event === undefined ? [] : [`${event} ${who} ${by.toUpperCase()}`];
  });
}

/** And in the ssf profile, as `event-type-URI who`: a changed email is one more. */
function ssfSetsOf({ expected }: Step): string[] {
  return expected
    .map(toldIn)
    .flatMap(({ type, who, words }) => [
      `${events[type]?.ssf} ${who}`,
      ...(/ updated (\S+,)?email(,|$)/.test(words) ? [`${risc}/identifier-changed ${who}`] : []),
    ]);
}

/** Whom a SET of the ssf profile is about: by id, by what was typed, by the old email; nobody by a dash. */
function whoIn(subject: unknown, world: World): string {
  const { sub, uri, email } = subject as Readonly<Record<string, string | undefined>>;
  if (sub !== undefined) return world.nameOf({ id: sub });
  if (email !== undefined) return email.split('@')[0] ?? email;
  return uri === undefined ? '-' : decodeURIComponent(uri.slice('acct:'.length, uri.lastIndexOf('@')));
}

interface Wso2Set {
  readonly iss: string;
  readonly rci: string;
  readonly events: Readonly<Record<string, Wso2Body>>;
}

interface Wso2Body {
  readonly initiatorType: string;
  readonly initiatorIpAddress: string;
  readonly user?: {
    readonly id?: string;
    readonly claims?: readonly { readonly uri: string; readonly value: string }[];
  };
}

const setIn = ({ body }: ReceivedRequest): Wso2Set => JSON.parse(body.toString('utf8')) as Wso2Set;

function wordsOf(set: Wso2Set, world: World): string {
  const [[uri, { user, initiatorType }]] = Object.entries(set.events) as [[string, Wso2Body]];
  const username = user?.claims?.find((claim) => claim.uri === 'http://wso2.org/claims/username')?.value;
  const who = world.nameOf({ ...(user?.id && { id: user.id }), ...(username && { username }) });
  return `${uri.split('/').at(-1)} ${who} ${initiatorType}`;
}

describe('better-auth with Setwire as its plugin', function () {
  this.timeout(60_000);
  const place = workplace();
  const said: string[] = [];
  let world: World;
  let received: ReceivedRequest[];
  let refused: ReceivedRequest[];
  let partner: SsfReceiver;
  let status: ReturnType<ReturnType<typeof setwire>['status']>;

  before(async () => {
    sinon.stub(process.stderr, 'write').callsFake((text) => said.push(String(text)) > 0);
    const crm = await startReceiver();
    const siem = await startReceiver({ always: { status: 400, body: '{"err":"invalid_request"}' } });
    const keys = keyRingIn(
      place.path('keys'),
      { alg: 'ES256', rotateEveryMs: Number.POSITIVE_INFINITY, overlapMs: 3_600_000 },
      Date.now,
    );
    const jwks = createServer(jwksHandlerOf(keys, (error) => said.push(String(error))));
    await new Promise<void>((resolve) => jwks.listen(0, '127.0.0.1', resolve));
    partner = await startSsfReceiver({
      get issuer() {
        return world.server.url;
      },
      audience: 'https://partner.example.org',
      jwksUrl: `http://127.0.0.1:${(jwks.address() as AddressInfo).port}/`,
    });
    const hostTypes = Object.keys(events).filter((type) => type.startsWith('x-'));
    const config = {
      signing: { keys: 'keys' },
      ssf: {
        eventTypeBase: own,
        eventTypes: Object.fromEntries(hostTypes.map((type) => [type, events[type]?.ssf])),
      },
      endpoints: {
        partner: {
          url: partner.url,
          profile: 'ssf',
          delivery: 'push',
          audience: 'https://partner.example.org',
          events: ['*', 'x-better-auth.*'],
          // Setwire's own, of many requests together.
          where: { type: { $ne: 'login.suspicious' } },
          claims: ['username', 'email'],
        },
        crm: { url: crm.url, claims: ['username', 'email'] },
        siem: { url: siem.url, claims: ['*'] },
      },
      flows: { session: { presentedEvery: '0s' } },
      log: { level: 'info' },
    };
    writeFileSync(place.path('setwire.yaml'), JSON.stringify(config));
    const plugin = setwire({ config: place.path('setwire.yaml') });
    await plugin.ready;
    const server = await startBetterAuth({ last: [plugin] });
    try {
      world = new World(server, () => Promise.resolve(world.collectSecrets()));
      for (const [name, flow] of Object.entries(flows)) {
        world.flow = name;
        await flow(world);
      }
      const total = world.steps.reduce((sum, step) => sum + setsOf(step).length, 0);
      await until(() => Math.min(crm.requests.length, siem.requests.length) >= total, 30_000);
      const ssfTotal = world.steps.reduce((sum, step) => sum + ssfSetsOf(step).length, 0);
      await until(() => partner.accepted.size + partner.refused.length >= ssfTotal, 30_000).catch(() => undefined);
      await until(() => Object.values(plugin.status().endpoints ?? {}).every(({ lag }) => lag.events === 0), 10_000);
      status = plugin.status();
    } finally {
      await plugin.detach();
      await server.stop();
      await crm.stop();
      await siem.stop();
      await partner.stop();
      jwks.close();
      jwks.closeAllConnections();
      sinon.restore();
    }
    received = [...crm.requests];
    refused = [...siem.requests];
  });

  after(() => place.remove());

  it('delivers exactly what each request comes to, in the wso2 profile', () => {
    const known = new Set(world.steps.map(({ requestId }) => requestId));
    expect(received.map((request) => setIn(request).rci).filter((rci) => !known.has(rci))).to.deep.equal([]);
    for (const step of world.steps) {
      const sets = received.map(setIn).filter(({ rci }) => rci === step.requestId);
      // Events about several users, or about nobody, overtake each other on the way.
      expect(sets.map((set) => wordsOf(set, world)).sort(), `${step.flow}: ${step.request}`).to.deep.equal(
        setsOf(step).sort(),
      );
    }
  });

  it('delivers exactly what each request comes to, in the ssf profile: signed SETs that a receiver takes', () => {
    expect(partner.refused).to.deep.equal([]);
    expect(partner.repeated).to.deep.equal([]);
    const sets = [...partner.accepted.values()];
    const known = new Set(world.steps.map(({ requestId }) => requestId));
    expect(sets.map(({ txn }) => String(txn)).filter((txn) => !known.has(txn))).to.deep.equal([]);
    for (const step of world.steps) {
      const found = sets
        .filter(({ txn }) => txn === step.requestId)
        .map(({ events: said, sub_id }) => `${Object.keys(said as object)[0]} ${whoIn(sub_id, world)}`);
      expect(found.sort(), `${step.flow}: ${step.request}`).to.deep.equal(ssfSetsOf(step).sort());
    }
  });

  it('covers every type that the README says better-auth can tell', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const [, section = ''] = /### What each server can tell\n([\s\S]*?)\n#/.exec(readme) ?? [];
    const [header = '', , ...rows] = section.split('\n').filter((line) => line.startsWith('|'));
    const column = header.split('|').findIndex((cell) => cell.trim() === 'better-auth');
    const can = rows.flatMap((row) => {
      const cells = row.split('|').map((cell) => cell.trim());
      return cells[column]?.startsWith('yes') ? [(cells[1] ?? '').replaceAll('`', '')] : [];
    });
    const seen = world.steps.flatMap(({ expected }) => expected).map((words) => words.split(' ')[0] ?? '');
    const canonical = [...new Set(seen)].filter((type) => !type.startsWith('x-'));
    expect(canonical).to.have.members(can);
    for (const type of seen) expect(readme, type).to.include(`\`${type}\``);
  });

  it("keeps each user's events in order", () => {
    for (const step of world.steps) {
      const sets = received.map(setIn).filter(({ rci }) => rci === step.requestId);
      for (const who of new Set(sets.map((set) => wordsOf(set, world).split(' ')[1]))) {
        const ofUser = (words: string): boolean => words.split(' ')[1] === who;
        expect(sets.map((set) => wordsOf(set, world)).filter(ofUser), `${step.flow}: ${step.request}`).to.deep.equal(
          setsOf(step).filter(ofUser),
        );
      }
    }
  });

  it('says who it was, with the claims that the endpoint names and from where', () => {
    const { requestId } = world.steps.find(({ request }) => request === 'sign-up') as Step;
    const sets = received.map(setIn).filter(({ rci }) => rci === requestId);
    expect(sets).to.have.lengthOf(4);
    for (const { iss, events: said } of sets) {
      expect(iss).to.equal(world.server.url);
      const [body] = Object.values(said) as [Wso2Body];
      expect(body).to.deep.include({ initiatorType: 'USER', initiatorIpAddress: '203.0.113.7' });
      expect(body.user?.claims).to.deep.equal([
        { uri: 'http://wso2.org/claims/username', value: 'ann@example.com' },
        { uri: 'http://wso2.org/claims/emailaddress', value: 'ann@example.com' },
      ]);
    }
    const claims = received
      .flatMap((request) => Object.values(setIn(request).events))
      .flatMap(({ user }) => user?.claims ?? []);
    expect(new Set(claims.map(({ uri }) => uri))).to.deep.equal(
      new Set(['http://wso2.org/claims/username', 'http://wso2.org/claims/emailaddress']),
    );
  });

  it('refuses, misses and loses nothing', () => {
    expect(status.events?.refused).to.equal(0);
    expect(status.unmapped).to.deep.equal({});
    expect(status.losses).to.deep.equal({});
    expect(status.endpoints?.crm?.lag.events).to.equal(0);
  });

  it('lets no password, hash, cookie, token or code out: not to a receiver, a log, the journal or the dead letters', () => {
    const texts = new Map<string, string>([
      ['standard error', said.join('')],
      ...[...received, ...refused].map(
        (request, index) =>
          [`request ${index}`, `${JSON.stringify(request.headers)} ${request.body.toString('latin1')}`] as const,
      ),
    ]);
    for (const entry of readdirSync(place.folder, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) texts.set(entry.name, readFileSync(join(entry.parentPath, entry.name)).toString('latin1'));
    // What a SET says is not to be read until it is decoded.
    for (const [index, { sets }] of partner.requests.entries())
      texts.set(`SET ${index}`, sets.map((set) => Buffer.from(set.split('.')[1] ?? '', 'base64url').toString()).join());
    const all = [...texts].map(([name, text]) => `${name}\n${text}`).join('\n');
    // That they are looked through at all.
    for (const there of [
      'ann@example.com',
      'INVALID_EMAIL_OR_PASSWORD',
      'rejected_by_receiver',
      '203.0.113.7',
      'state.json',
    ])
      expect(all, there).to.include(there);
    expect(texts.size).to.be.greaterThan(received.length + refused.length + 2);
    expect(world.secrets.size).to.be.greaterThan(150);
    const found = [...world.secrets].filter((secret) => all.includes(secret));
    expect(found).to.deep.equal([]);
  });
});

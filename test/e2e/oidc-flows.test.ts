import type { EventEmitter } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { merge } from 'rxjs';
import sinon from 'sinon';
import { type Adapter, createAdapter } from '../../src/adapter.js';
import { canonicalTypes, type IdentityEvent } from '../../src/events/identity-event.js';
import { jtiOf } from '../../src/set/jti.js';
import { ssf } from '../../src/set/profiles/ssf.js';
import { wso2 } from '../../src/set/profiles/wso2.js';
import { type FlowServer, type Step, startFlowServer, stepsOf, type Told } from '../support/oidc-flows.js';
import { refused } from '../support/operated.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Workplace, workplace } from '../support/settings.js';
import { until } from '../support/until.js';

type ProfileName = 'wso2' | 'ssf';

interface Claims {
  readonly jti: string;
  readonly events: Record<string, unknown>;
}

interface Column {
  /** The event type URI of what is told; undefined: the profile has none for it. */
  uriOf(told: Told, issuer: string): string | undefined;
  /** The `jti` that the SET of an event has. */
  jtiOf(id: string): string;
  claimsIn(body: Buffer): Claims;
}

/** What is told, by profile. */
const columns: Readonly<Record<ProfileName, Column>> = {
  wso2: {
    uriOf: (told, issuer) => wso2.eventTypeUris(told, { issuer, eventTypes: {} })[0],
    jtiOf: (id) => id,
    claimsIn: (body) => JSON.parse(body.toString('utf8')) as Claims,
  },
  ssf: {
    uriOf: (told, issuer) => ssf.eventTypeUris(told.split(' ')[0] ?? '', { issuer, eventTypes: {} })[0],
    jtiOf: (id) => jtiOf(id, 'ssf'),
    claimsIn(body) {
      const text = body.toString('utf8');
      return text.startsWith('{') ? (JSON.parse(text) as Claims) : (decodeJwt(text) as unknown as Claims);
    },
  },
};
const profiles = Object.keys(columns) as ProfileName[];

interface Happened {
  readonly events: readonly IdentityEvent[];
  readonly sets: Readonly<Record<ProfileName, readonly Claims[]>>;
}

const toldBy = ({ type, token }: IdentityEvent): Told =>
  type === 'token.issued' && token?.kind === 'refresh_token' ? `${type} ${token.kind}` : type;

describe('every flow of a real oidc-provider', function () {
  this.timeout(30_000);

  const seen = new Set<string>();
  const happened = new Map<string, Happened>();
  let place: Workplace;
  let flow: FlowServer;
  let receivers: Record<ProfileName | 'dead', Receiver>;
  let backchannel: Receiver;
  let steps: readonly Step[];
  let adapter: Adapter;
  let deadLetters: number | undefined;
  let unmapped: Readonly<Record<string, number>> | undefined;
  let said = '';

  before(async () => {
    place = workplace();
    const dead = await startReceiver({ always: refused });
    receivers = { wso2: await startReceiver(), ssf: await startReceiver(), dead };
    backchannel = await startReceiver({ always: { status: 200 } });
    flow = await startFlowServer(backchannel.url);
    const { server } = flow;
    collectSecrets(server.provider as unknown as EventEmitter);
    steps = stepsOf(flow, seen);
    sinon.stub(process.stderr, 'write').callsFake((chunk) => {
      said += String(chunk);
      return true;
    });
    const settings = place.settings({
      log: { level: 'info' },
      stopTimeout: '5s',
      flows: { session: { presentedEvery: '0s' } },
      endpoints: {
        wso2: { url: receivers.wso2.url, claims: ['*'], signature: { scheme: 'wso2', secret: 'a-secret-of-the-crm' } },
        ssf: { url: receivers.ssf.url, claims: ['*'], profile: 'ssf', audience: 'https://partner.example.org' },
        dead: { url: dead.url, claims: ['*'], batch: { format: 'ndjson', maxEvents: 10, maxWait: '5ms' } },
      },
    });
    adapter = createAdapter(settings, { host: server.provider });
    await adapter.ready;
    const events: IdentityEvent[] = [];
    merge(...Object.values(adapter.flows)).subscribe((event) => events.push(event));
    let reported: Promise<void> | undefined;
    server.mistyped = (request, response) => {
      reported = adapter.loginFailed(request, response, {
        user: { username: 'alice' },
        reason: { description: 'wrong password', failedStep: { step: 1, authenticator: 'password' } },
      });
    };
    for (const { name, act } of steps) {
      const before = events.length;
      const had = { wso2: receivers.wso2.requests.length, ssf: receivers.ssf.requests.length };
      await act();
      await reported;
      await until(() => {
        const { journal, endpoints = {} } = adapter.status();
        return journal?.waiting === 0 && Object.values(endpoints).every(({ lag }) => lag.events === 0);
      });
      const got = (profile: ProfileName): Claims[] =>
        receivers[profile].requests.slice(had[profile]).map(({ body }) => columns[profile].claimsIn(body));
      happened.set(name, { events: events.slice(before), sets: { wso2: got('wso2'), ssf: got('ssf') } });
    }
    const { endpoints, unmapped: counts } = adapter.status();
    deadLetters = endpoints?.dead?.deadLetters;
    unmapped = counts;
    await adapter.detach();
    sinon.restore();
  });

  after(async () => {
    sinon.restore();
    await adapter.detach();
    await Promise.all([
      flow.server.stop(),
      backchannel.stop(),
      ...Object.values(receivers).map((receiver) => receiver.stop()),
    ]);
    place.remove();
  });

  /** Ids of all that the provider keeps: bearer tokens, codes, cookies and grants. A JWT's is no secret. */
  function collectSecrets(bus: EventEmitter): void {
    for (const name of [
      'access_token',
      'authorization_code',
      'backchannel_authentication_request',
      'client_credentials',
      'device_code',
      'grant',
      'interaction',
      'pushed_authorization_request',
      'refresh_token',
      'session',
    ])
      bus.on(`${name}.saved`, ({ jti }: { jti: string }) => seen.add(jti));
  }

  const happenedIn = (name: string): Happened => happened.get(name) ?? { events: [], sets: { wso2: [], ssf: [] } };
  const all = (): IdentityEvent[] => [...happened.values()].flatMap(({ events }) => events);

  it('tells of each step what it should, in order: nothing missing, nothing more', () => {
    const told = steps.map(({ name }) => [name, happenedIn(name).events.map(toldBy)]);
    expect(told).to.deep.equal(steps.map(({ name, told }) => [name, told]));
  });

  for (const profile of profiles) {
    it(`delivers a SET of each, in the ${profile} profile: none missing, none more, none twice`, () => {
      const { uriOf, jtiOf } = columns[profile];
      const uri = (told: Told): string | undefined => uriOf(told, flow.server.issuer);
      const delivered = steps.map(({ name }) => [
        name,
        happenedIn(name)
          .sets[profile].map(({ events }) => Object.keys(events).join())
          .sort(),
      ]);
      expect(delivered).to.deep.equal(
        steps.map(({ name, told }) => [name, told.flatMap((one) => uri(one) ?? []).sort()]),
      );
      const sets = [...happened.values()].flatMap((one) => one.sets[profile]);
      const covered = all().filter((event) => uri(toldBy(event)) !== undefined);
      expect(sets.map(({ jti }) => jti).sort()).to.deep.equal(covered.map(({ id }) => jtiOf(id)).sort());
    });
  }

  it('gives up at the endpoint that refuses them as many', () => {
    expect(receivers.dead.requests).to.not.have.length(0);
    expect(deadLetters).to.equal([...happened.values()].flatMap(({ sets }) => sets.wso2).length);
  });

  it('joins the attempts at one login, and the events of one request, by their correlation id', () => {
    const [attempt] = happenedIn('a wrong password').events;
    const [login, session] = happenedIn('the right one, and consent').events;
    expect(attempt?.correlationId).to.be.a('string').and.to.equal(login?.correlationId);
    expect(session?.correlationId).to.equal(login?.correlationId);
    const ofLogout = happenedIn('her logout').events.map(({ correlationId }) => correlationId);
    expect(new Set(ofLogout)).to.have.property('size', 1);
    for (const { correlationId } of all()) expect(correlationId).to.be.a('string');
  });

  it('knows of a wrong password the client, the address, the name and the step', () => {
    const [attempt] = happenedIn('a wrong password').events;
    expect(attempt).to.deep.include({
      user: { username: 'alice' },
      application: { id: 'app', name: 'The app', clientId: 'app' },
      reason: { description: 'wrong password', failedStep: { step: 1, authenticator: 'password' } },
      initiator: { type: 'user', ip: '127.0.0.1', userAgent: 'Person/1.0' },
    });
  });

  it('knows the client of a login that was given up, on a device too', () => {
    for (const name of ['a login that is given up', 'a device whose user gives up at the login']) {
      const [failure] = happenedIn(name).events;
      expect(failure?.application?.clientId, name).to.equal('app');
      expect(failure?.reason?.code, name).to.equal('access_denied');
    }
  });

  it('says of tokens their format, and by which grant they came', () => {
    const grants = (name: string) => happenedIn(name).events.map(({ token }) => [token?.format, token?.grantType]);
    const device = ['opaque', 'urn:ietf:params:oauth:grant-type:device_code'];
    expect(grants("the device's tokens")).to.deep.equal([device, device]);
    const ciba = ['opaque', 'urn:openid:params:grant-type:ciba'];
    expect(grants('its tokens')).to.deep.equal([ciba, ciba]);
    expect(grants("a program's tokens, opaque and JWT").map(([format]) => format)).to.deep.equal(['opaque', 'jwt']);
    expect(grants('a JWT access token').map(([format]) => format)).to.deep.equal([undefined, 'jwt', 'opaque']);
  });

  it('says whose a revoked grant was, each client once', () => {
    const revoked = happenedIn('a login as another user').events.filter(({ type }) => type === 'token.revoked');
    expect(revoked.map(({ application }) => application?.clientId).sort()).to.deep.equal(['app', 'web']);
    for (const { user, token } of revoked) expect([user, token]).to.deep.equal([{ id: 'alice' }, undefined]);
  });

  it('counts what is no failed login: clients that were refused, and logouts of clients', () => {
    expect(unmapped).to.include({
      'grant.error:invalid_client': 1,
      'revocation.error:invalid_client': 1,
      'revocation.error:unsupported_token_type': 1,
      'introspection.error:invalid_client': 1,
      'pushed_authorization_request.error:invalid_client': 1,
      'device_authorization.error:invalid_client': 1,
      'backchannel_authentication.error:invalid_client': 1,
      'authorization.error:login_required': 1,
    });
    expect(unmapped?.['backchannel.success']).to.equal(backchannel.requests.length).and.to.be.greaterThan(1);
  });

  it('lets no token, code, cookie, grant or secret out: not to a receiver, the log, the journal, or a terminal', () => {
    const files = readdirSync(place.folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    const texts = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'));
    const requests = Object.values(receivers).flatMap((receiver) => receiver.requests);
    const sent = requests.map(({ path, headers, body }) => path + JSON.stringify(headers) + body.toString('latin1'));
    // What is signed is base64url, where nothing would be found.
    const signed = [...happened.values()].map(({ sets }) => JSON.stringify(sets.ssf));
    const left = [said, ...texts, ...sent, ...signed, JSON.stringify(all()), JSON.stringify(unmapped)].join('\n');
    expect(files.map(({ name }) => name)).to.include.members(['state.json', 'setwire-delivery.log']);
    expect(said).to.include('not mapped');
    expect(left).to.include(all()[0]?.id ?? 'an event');
    expect(seen.size).to.be.greaterThan(100);
    const secrets = [...seen, ...Object.values(flow.server.secrets)].filter((secret) => secret !== '');
    expect(secrets.filter((secret) => left.includes(secret))).to.deep.equal([]);
  });

  it('is what the README says that oidc-provider can tell', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const section = readme.split('What each server can tell\n')[1]?.split(/\n#/)[0] ?? '';
    const rows = section.split('\n').filter((line) => line.startsWith('|'));
    const cells = rows.map((row) => row.split('|').map((cell) => cell.trim()));
    const column = cells[0]?.indexOf('oidc-provider') ?? -1;
    const said = new Map(cells.slice(2).map((row) => [row[1]?.replaceAll('`', ''), row[column] ?? '']));
    expect([...said.keys()]).to.have.members([...canonicalTypes]);
    for (const [type, words] of said) expect(words, type).to.match(/^(yes|by `emit`|derived)/);
    const yes = [...said].filter(([, words]) => words.startsWith('yes')).map(([type]) => type);
    expect(yes).to.have.members([...new Set(all().map(({ type }) => type))]);
  });
});

import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { chmodSync, readdirSync, utimesSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import { type Adapter, createAdapter } from '../../src/adapter.js';
import { canonicalTypes, type ReportedEvent } from '../../src/events/identity-event.js';
import { reportedEvent } from '../support/events.js';
import { type Workplace, workplace } from '../support/settings.js';
import type { Claims } from '../support/ssf-check.js';
import { type SsfReceiver, startSsfReceiver, type Wire } from '../support/ssf-receiver.js';
import { until } from '../support/until.js';

const issuer = 'https://id.example.com';
const own = `${issuer}/ssf/event-type`;
const caep = 'https://schemas.openid.net/secevent/caep/event-type';
const risc = 'https://schemas.openid.net/secevent/risc/event-type';
const hostType = 'x-acme.consent.granted';
const hostUri = 'https://acme.example/event-type/consent-granted';

/** What leaves of each type: the README's table, and CAEP 1.0 and RISC 1.0 for their URIs. */
const uris: Readonly<Record<string, readonly string[]>> = {
  'login.success': [`${own}/login-success`],
  'login.failure': [`${own}/login-failure`],
  'login.suspicious': [`${caep}/risk-level-change`],
  'registration.success': [`${own}/registration-success`],
  'registration.failure': [`${own}/registration-failure`],
  'token.issued': [`${own}/token-issued`],
  'token.revoked': [`${own}/token-revoked`],
  'session.established': [`${caep}/session-established`],
  'session.presented': [`${caep}/session-presented`],
  'session.revoked': [`${caep}/session-revoked`],
  'credential.updated': [`${caep}/credential-change`],
  'account.created': [`${own}/account-created`],
  'account.profile-updated': [`${own}/account-profile-updated`, `${risc}/identifier-changed`],
  'account.locked': [`${own}/account-locked`],
  'account.unlocked': [`${own}/account-unlocked`],
  'account.enabled': [`${risc}/account-enabled`],
  'account.disabled': [`${risc}/account-disabled`],
  'account.deleted': [`${risc}/account-purged`],
  [hostType]: [hostUri],
};

const user = { id: 'ann-1', username: 'ann@example.com', claims: { email: 'ann@example.com' } };

/** The schema's example of a type; whoever is known in it can be named in every format. */
function eventOf(type: string): ReportedEvent {
  const event = reportedEvent(type, { correlationId: type });
  if (event.user?.id !== undefined)
    event.user = { ...user, ...event.user, claims: { ...user.claims, ...event.user.claims } };
  if (type === 'account.profile-updated')
    event.changes = { previous: { email: 'old@example.com' }, updated: { email: 'new@example.com' } };
  return event;
}

interface Receiving {
  readonly wire: Wire;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** By the name of the endpoint. */
const endpoints: Readonly<Record<string, Receiving>> = {
  push: { wire: 'push', settings: { delivery: 'push' } },
  'draft-02': { wire: 'draft-02', settings: { delivery: 'multi-push', batch: { maxWait: '20ms' } } },
  secevents: {
    wire: 'secevents',
    settings: { delivery: 'multi-push', wire: 'secevents', batch: { maxEvents: 3, maxWait: '20ms' } },
  },
  complex: { wire: 'push', settings: { delivery: 'push', subject: { format: 'complex' } } },
  email: { wire: 'push', settings: { delivery: 'push', subject: { format: 'email' } } },
  pairwise: { wire: 'push', settings: { delivery: 'push', subject: { format: 'pairwise' }, claims: undefined } },
};

const audienceOf = (endpoint: string): string => `https://${endpoint}.example.org`;
const uriIn = ({ events }: Claims): string => Object.keys(events as object)[0] ?? '';

describe('signed SETs, from the identity event to the receiver', function () {
  this.timeout(20_000);
  let place: Workplace;
  let jwks: Server;
  let adapter: Adapter | undefined;
  let receivers: ReadonlyMap<string, SsfReceiver> = new Map();

  beforeEach(async () => {
    place = workplace();
    jwks = createServer((request, response) => void adapter?.jwksHandler(request, response));
    await new Promise<void>((resolve) => jwks.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    await adapter?.detach();
    adapter = undefined;
    await Promise.all(Array.from(receivers.values(), (receiver) => receiver.stop()));
    jwks.close();
    jwks.closeAllConnections();
    place.remove();
  });

  const jwksUrl = (): string => `http://127.0.0.1:${(jwks.address() as AddressInfo).port}/jwks`;

  /** An adapter by default settings, each of its endpoints a receiver of its own. */
  async function start(names: readonly string[], signing: Readonly<Record<string, unknown>> = {}): Promise<Adapter> {
    receivers = new Map(
      await Promise.all(
        names.map(async (name) => {
          const wire = endpoints[name]?.wire ?? 'push';
          return [
            name,
            await startSsfReceiver({ issuer, audience: audienceOf(name), jwksUrl: jwksUrl(), wire }),
          ] as const;
        }),
      ),
    );
    const settings = place.settings({
      transmitter: undefined,
      issuer,
      signing: { keys: 'keys', ...signing },
      ssf: { eventTypes: { [hostType]: hostUri } },
      flows: { session: { presentedEvery: '0s' } },
      endpoints: Object.fromEntries(
        Array.from(receivers, ([name, { url }]) => [
          name,
          {
            url,
            profile: 'ssf',
            audience: audienceOf(name),
            events: ['*', 'x-acme.*'],
            claims: ['username', 'email'],
            retry: { initial: '10ms', max: '50ms' },
            circuit: { minAttempts: 0 },
            ...endpoints[name]?.settings,
          },
        ]),
      ),
    });
    expect(settings.transmitter).to.equal('worker');
    adapter = createAdapter(settings, { report: () => undefined });
    await adapter.ready;
    return adapter;
  }

  const receiverOf = (name: string): SsfReceiver => {
    const receiver = receivers.get(name);
    if (receiver === undefined) throw new Error(`there is no receiver ${name}`);
    return receiver;
  };

  const isDone = (): boolean =>
    Object.values(adapter?.status().endpoints ?? {}).every(({ lag, state }) => state === 'active' && lag.events === 0);

  /** As any receiver has them that is neither ours nor built on jose. */
  async function publishedKeys(): Promise<ReadonlyMap<string, KeyObject>> {
    const { keys } = (await (await fetch(jwksUrl())).json()) as { keys: (JsonWebKey & { kid: string })[] };
    return new Map(keys.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]));
  }

  it('are of every type that there is', () => {
    expect(Object.keys(uris)).to.have.members([...canonicalTypes, hostType]);
  });

  for (const alg of ['ES256', 'RS256'] as const) {
    it(`are accepted, each once and under its own event type: ${alg}`, async () => {
      const names = Object.keys(endpoints);
      const { emit, status } = await start(names, { alg });
      for (const type of Object.keys(uris)) await emit(eventOf(type));
      await until(isDone, 15_000);
      const keys = await publishedKeys();
      for (const name of names) {
        const { accepted, refused, repeated, requests } = receiverOf(name);
        expect(refused, name).to.deep.equal([]);
        expect(repeated, name).to.deep.equal([]);
        expect(status().endpoints?.[name], name).to.include({ dead: 0, deadLetters: 0, retries: 0 });
        // A pairwise subject tells nobody what an identifier was before.
        const expected = Object.entries(uris).flatMap(([type, all]) =>
          (name === 'pairwise' ? all.slice(0, 1) : all).map((uri) => `${name === 'pairwise' ? '' : type} ${uri}`),
        );
        const found = Array.from(
          accepted.values(),
          (claims) => `${name === 'pairwise' ? '' : String(claims.txn)} ${uriIn(claims)}`,
        );
        expect(found, name).to.have.members(expected);

        const sets = requests.flatMap((request) => request.sets);
        const jtis = sets.map((set) => {
          const kid = jwt.decode(set, { complete: true })?.header.kid ?? '';
          const key = keys.get(kid);
          if (key === undefined) throw new Error(`${name}: the key ${kid} is not published`);
          const options = { algorithms: [alg], issuer, audience: audienceOf(name) };
          return (jwt.verify(set, key, options) as jwt.JwtPayload).jti;
        });
        expect(new Set(jtis), name).to.have.lengthOf(expected.length);
        expect(jtis, name).to.have.members([...accepted.keys()]);
      }
      expect(receiverOf('push').requests).to.have.lengthOf(receiverOf('push').accepted.size);
      expect(Math.max(...receiverOf('draft-02').requests.map(({ sets }) => sets.length))).to.be.greaterThan(1);
    });
  }

  it('are about whom the endpoint asks for, in its own words', async () => {
    const { emit } = await start(['complex', 'email', 'pairwise', 'push']);
    for (const type of ['session.revoked', 'account.deleted', 'login.failure']) await emit(eventOf(type));
    await until(isDone);
    const subjectsAt = (name: string) =>
      Object.fromEntries(Array.from(receiverOf(name).accepted.values(), (claims) => [uriIn(claims), claims.sub_id]));
    const { id: sub } = eventOf('account.deleted').user ?? {};
    const [session] = eventOf('session.revoked').sessions ?? [];
    expect(subjectsAt('push')[`${risc}/account-purged`]).to.deep.equal({ format: 'iss_sub', iss: issuer, sub });
    expect(subjectsAt('complex')[`${caep}/session-revoked`]).to.deep.include({
      format: 'complex',
      user: { format: 'iss_sub', iss: issuer, sub },
      session: { format: 'opaque', id: session?.id },
    });
    expect(subjectsAt('email')[`${risc}/account-purged`]).to.deep.equal({ format: 'email', email: user.claims.email });
    const pairwise = subjectsAt('pairwise');
    expect(pairwise[`${risc}/account-purged`]).to.deep.equal(pairwise[`${caep}/session-revoked`]);
    const told = receiverOf('pairwise').requests.flatMap(({ sets }) =>
      sets.map((set) => Buffer.from(set.split('.')[1] ?? '', 'base64url').toString('utf8')),
    );
    expect(told).to.have.lengthOf(3);
    expect(told.join())
      .to.not.include(sub)
      .and.to.not.match(/ann@|aol\.com|session\.revoked/);
  });

  it('may be about an address, where nobody is known', async () => {
    const { emit } = await start(['push', 'pairwise']);
    await emit({ type: 'login.failure', initiator: { ip: '203.0.113.9' } });
    await until(isDone);
    expect(receiverOf('push').refused).to.deep.equal([]);
    const [claims] = receiverOf('push').accepted.values();
    expect(claims?.sub_id).to.deep.equal({ format: 'ip-addresses', 'ip-addresses': ['203.0.113.9'] });
    expect([...receiverOf('pairwise').accepted.values()].map(({ sub_id }) => JSON.stringify(sub_id))).to.have.lengthOf(
      1,
    );
  });

  it('do not leave while they cannot be signed, and leave once they can be', async () => {
    const { emit, status } = await start(['push', 'draft-02']);
    await emit(eventOf('account.locked'));
    await until(() => isDone() && receiverOf('push').accepted.size === 1);
    const folder = place.path('keys');
    const files = readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => join(folder, file));
    const setMode = (mode: number): void => {
      for (const file of files) chmodSync(file, mode);
      // As any writing in it does: what is kept in memory is looked at anew.
      utimesSync(folder, new Date(), new Date());
    };
    setMode(0o644);
    const failed = () =>
      Object.values(status().endpoints ?? {}).every(
        ({ state, reason }) =>
          state !== 'active' && reason !== undefined && /SIGNING_FAILED|could not be signed/.test(reason),
      );
    await until(async () => {
      await emit(eventOf('account.unlocked'));
      return failed();
    }, 15_000);
    const before = receiverOf('push').requests.length;
    await emit(eventOf('account.deleted'));
    expect(receiverOf('push').requests).to.have.lengthOf(before);
    setMode(0o600);
    await until(isDone, 15_000);
    for (const name of receivers.keys()) {
      const { accepted, refused } = receiverOf(name);
      expect(refused).to.deep.equal([]);
      expect(Array.from(accepted.values(), uriIn), name).to.include(`${risc}/account-purged`);
    }
    expect(Object.values(status().endpoints ?? {}).map(({ dead }) => dead)).to.deep.equal([0, 0]);
  });
});

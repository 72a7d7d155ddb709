import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { Adapter } from '../../src/adapter.js';
import type { DeadLetter } from '../../src/schema-types.js';
import { reportedEvent } from '../support/events.js';
import { type Operated, operated } from '../support/operated.js';
import type { Claims } from '../support/ssf-check.js';
import { type SsfReceiver, startSsfReceiver, type Wire } from '../support/ssf-receiver.js';
import { until } from '../support/until.js';

const issuer = 'https://id.example.com';
const audience = 'https://crm.example.org';
const identifierChanged = 'https://schemas.openid.net/secevent/risc/event-type/identifier-changed';

const isIdentifierChange = ({ events }: Claims): boolean => Object.hasOwn(events as object, identifierChanged);
const setsOf = ({ requests }: SsfReceiver): string[] => requests.flatMap(({ sets }) => sets);
const jtiIn = (set: string): string =>
  (JSON.parse(Buffer.from(set.split('.')[1] ?? '', 'base64url').toString('utf8')) as { jti: string }).jti;

describe('setwire dead retry, of one SET of an event with several', () => {
  let site: Operated;
  let jwks: Server;
  let adapter: Adapter | undefined;
  let receiver: SsfReceiver;

  beforeEach(async () => {
    site = operated();
    jwks = createServer((request, response) => void adapter?.jwksHandler(request, response));
    await new Promise<void>((resolve) => jwks.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    await site.end();
    adapter = undefined;
    await receiver.stop();
    jwks.close();
    jwks.closeAllConnections();
  });

  async function letters(): Promise<DeadLetter[]> {
    const { out } = await site.setwire(['dead', 'list', '--json']);
    return out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as DeadLetter);
  }

  /** An email that was changed, of which the receiver has refused that it was an identifier. */
  async function begin(wire: Wire, settings: Readonly<Record<string, unknown>>): Promise<DeadLetter> {
    const jwksUrl = `http://127.0.0.1:${(jwks.address() as AddressInfo).port}/`;
    receiver = await startSsfReceiver({ issuer, audience, jwksUrl, wire });
    receiver.behaviour.refuses = (claims) => (isIdentifierChange(claims) ? { err: 'invalid_request' } : undefined);
    const crm = { url: receiver.url, profile: 'ssf', audience, claims: ['email'], ...settings };
    adapter = await site.start({ issuer, signing: { keys: 'keys' }, endpoints: { crm } });
    const changes = { previous: { email: 'old@example.com' }, updated: { email: 'new@example.com' } };
    await adapter.emit(reportedEvent('account.profile-updated', { changes }));
    await until(() => adapter?.status().endpoints?.crm?.lag.events === 0);
    const [letter, ...more] = await letters();
    if (letter === undefined) throw new Error('there is no dead letter');
    expect(more).to.deep.equal([]);
    expect(Array.from(receiver.accepted.values(), isIdentifierChange)).to.deep.equal([false]);
    receiver.behaviour.refuses = undefined;
    return letter;
  }

  const ways: [name: string, wire: Wire, settings: Readonly<Record<string, unknown>>][] = [
    ['push', 'push', { delivery: 'push' }],
    ['multi-push', 'draft-02', { delivery: 'multi-push', batch: { maxWait: '10ms' } }],
  ];
  for (const [name, wire, settings] of ways) {
    for (const isRunning of [true, false]) {
      it(`sends that one alone, with its jti: ${name}, ${isRunning ? 'while an adapter runs' : 'while none runs'}`, async () => {
        const { id, jti } = await begin(wire, settings);
        if (!isRunning) await adapter?.detach();
        const before = setsOf(receiver);
        const ended = await site.setwire(['dead', 'retry', id]);
        expect(ended).to.deep.equal({ code: 0, out: '1 delivered\n', err: '' });
        expect(setsOf(receiver).slice(before.length).map(jtiIn)).to.deep.equal([jti]);
        expect(isIdentifierChange(receiver.accepted.get(jti) ?? { events: {} })).to.equal(true);
        expect([...receiver.accepted.keys()]).to.have.members([...new Set(before.map(jtiIn))]);
        expect(await letters()).to.deep.equal([]);
      });
    }
  }

  it('keeps the dead letter where it is refused again, and touches nothing else', async () => {
    const { id, jti } = await begin('push', { delivery: 'push' });
    receiver.behaviour.refuses = () => ({ err: 'invalid_request' });
    const before = setsOf(receiver).length;
    const ended = await site.setwire(['dead', 'retry', id]);
    expect(ended).to.deep.equal({ code: 1, out: '0 delivered, 1 dead\n', err: '' });
    expect(setsOf(receiver).slice(before).map(jtiIn)).to.deep.equal([jti]);
    expect((await letters()).map((letter) => letter.id)).to.deep.equal([id]);
  });
});

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { Adapter } from '../../src/adapter.js';
import type { Handler } from '../../src/set/jwks-handler.js';
import { openJwe } from '../support/open-jwe.js';
import { eventOf, type Operated, operated } from '../support/operated.js';
import type { Receiver } from '../support/receiver.js';
import { jwkOf, jwksOf, pairOf, pemOf } from '../support/receiver-keys.js';
import { type SsfReceiver, type SsfReceiverOptions, startSsfReceiver } from '../support/ssf-receiver.js';
import { until } from '../support/until.js';

const issuer = 'https://id.example.com';
const audience = 'https://receiver.example.com';
const pair = pairOf('rsa');
const isSet = { profile: 'ssf', audience, events: ['account.*'] };

describe('an endpoint with encryption', () => {
  let place: Operated;
  let keys: Server;
  let jwksHandler: Handler;
  let partner: SsfReceiver;
  let headers: Record<string, unknown>[];

  async function startPartner(wire: NonNullable<SsfReceiverOptions['wire']>): Promise<void> {
    const jwksUrl = `http://127.0.0.1:${(keys.address() as AddressInfo).port}/jwks`;
    const open = (compact: string): string => {
      const { header, text } = openJwe(compact, pair.privateKey);
      headers.push(header);
      return text;
    };
    partner = await startSsfReceiver({ issuer, audience, jwksUrl, wire, open });
  }

  beforeEach(async () => {
    place = operated();
    headers = [];
    keys = createServer((request, response) => void jwksHandler(request, response));
    await new Promise<void>((resolve) => keys.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    await place.end();
    await partner?.stop();
    keys.closeAllConnections();
    await new Promise((resolve) => keys.close(resolve));
  });

  async function start(endpoint: Record<string, unknown>, transmitter = 'inline'): Promise<Adapter> {
    const adapter = await place.start({ issuer, transmitter, endpoints: { partner: { ...isSet, ...endpoint } } });
    ({ jwksHandler } = adapter);
    return adapter;
  }

  const published = (kid: string): Promise<Receiver> =>
    place.receiver({ always: { status: 200, body: jwksOf(jwkOf(pair, { kid, use: 'enc' })) } });

  for (const [delivery, wire] of [
    ['push', 'push'],
    ['multi-push', 'draft-02'],
  ] as const) {
    it(`is sent SETs that only the receiver can open, and verifies then: ${delivery}`, async () => {
      const jwks = await published('receiver-1');
      await startPartner(wire);
      const adapter = await start({ url: partner.url, delivery, encryption: { jwks: jwks.url } });
      await Promise.all(['a', 'b', 'c'].map((rci) => adapter.emit(eventOf(rci))));
      await until(() => partner.accepted.size === 3);
      expect(partner.refused).to.deep.equal([]);
      expect([...partner.accepted.values()].map(({ txn }) => txn)).to.have.members(['a', 'b', 'c']);
      const header = { alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: 'receiver-1', typ: 'secevent+jwt', cty: 'JWT' };
      expect(new Set(headers.map((each) => JSON.stringify(each)))).to.deep.equal(new Set([JSON.stringify(header)]));
      expect(jwks.requests.map(({ method }) => method)).to.deep.equal(['GET']);
      expect(jwks.requests[0]?.headers).to.not.have.any.keys('authorization', 'cookie');
    });
  }

  for (const transmitter of ['inline', 'worker']) {
    it(`takes the key of a file: ${transmitter}`, async () => {
      await startPartner('push');
      const endpoint = { url: partner.url, delivery: 'push', encryption: { key: pemOf(pair) } };
      const adapter = await start(endpoint, transmitter);
      await adapter.emit(eventOf('a'));
      await until(() => partner.accepted.size === 1);
      expect(headers).to.deep.equal([{ alg: 'RSA-OAEP-256', enc: 'A256GCM', typ: 'secevent+jwt', cty: 'JWT' }]);
    });
  }

  it('is sent nothing while there is no key, and the delivery log says why', async () => {
    const jwks = await place.receiver({ always: { status: 503 } });
    const receiver = await place.receiver();
    const adapter = await start({ url: receiver.url, delivery: 'push', encryption: { jwks: jwks.url } });
    await adapter.emit(eventOf('a'));
    await jwks.next();
    await until(() => adapter.status().endpoints?.partner?.retries !== 0);
    await adapter.detach();
    expect(receiver.requests).to.deep.equal([]);
    const [record] = place.logRecords();
    expect(record).to.include({ outcome: 'retry', error: 'ENCRYPTION_FAILED' });
    expect(record?.detail).to.equal(
      "the SET could not be encrypted: the receiver's key: its JWKS URL answered 503: nothing is sent unsealed",
    );
  });

  it('gets an encrypted verification event, too', async () => {
    const jwks = await published('receiver-1');
    const receiver = await place.receiver();
    place.write({
      issuer,
      endpoints: { partner: { ...isSet, url: receiver.url, delivery: 'push', encryption: { jwks: jwks.url } } },
    });
    const { code } = await place.setwire(['verify', 'partner', '--state', 'a-state']);
    const { text } = openJwe(receiver.requests[0]?.body.toString() ?? '', pair.privateKey);
    const claims = JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()) as { events: object };
    expect(code).to.equal(0);
    expect(Object.values(claims.events)).to.deep.equal([{ state: 'a-state' }]);
  });
});

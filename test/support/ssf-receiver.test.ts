import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import { type SsfReceiver, type SsfReceiverOptions, startSsfReceiver, type Wire } from './ssf-receiver.js';

const issuer = 'https://id.example.com';
const audience = 'https://receiver.example.com';
const uri = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';
const now = 1_800_000_000_000;

const pairs = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  EdDSA: generateKeyPairSync('ed25519'),
} as const;
type Alg = keyof typeof pairs;

const jwkOf = (kid: string, key: KeyObject): Record<string, unknown> => ({
  ...key.export({ format: 'jwk' }),
  kid,
  use: 'sig',
});

const validClaims = (): Record<string, unknown> => ({
  iss: issuer,
  aud: audience,
  iat: now / 1000,
  jti: randomUUID(),
  txn: 'correlation-1',
  sub_id: { format: 'iss_sub', iss: issuer, sub: 'ann' },
  events: { [uri]: { event_timestamp: now / 1000 } },
});

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signed by jsonwebtoken; it has no EdDSA. */
function signed(claims: object, header: Partial<jwt.JwtHeader> = {}, alg: Exclude<Alg, 'EdDSA'> = 'ES256'): string {
  return jwt.sign(claims, pairs[alg].privateKey, {
    algorithm: alg,
    header: { alg, kid: alg, typ: 'secevent+jwt', ...header },
    noTimestamp: !('iat' in claims),
  });
}

const without = (name: string): Record<string, unknown> => {
  const { [name]: _left, ...others } = validClaims();
  return others;
};

describe('the receiver of the tests', () => {
  let jwks: Server;
  let published: unknown;
  let receiver: SsfReceiver;

  before(async () => {
    jwks = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/jwk-set+json' }).end(JSON.stringify(published));
    });
    await new Promise<void>((resolve) => jwks.listen(0, '127.0.0.1', resolve));
  });
  after(() => {
    jwks.close();
    jwks.closeAllConnections();
  });
  beforeEach(() => {
    published = { keys: Object.entries(pairs).map(([alg, { publicKey }]) => jwkOf(alg, publicKey)) };
  });
  afterEach(() => receiver.stop());

  async function start(wire: Wire = 'push', more: Partial<SsfReceiverOptions> = {}): Promise<void> {
    const jwksUrl = `http://127.0.0.1:${(jwks.address() as AddressInfo).port}/jwks`;
    receiver = await startSsfReceiver({ issuer, audience, jwksUrl, wire, now: () => now, ...more });
  }

  const send = (body: string, contentType = 'application/secevent+jwt', headers = {}): Promise<Response> =>
    fetch(receiver.url, {
      method: 'POST',
      headers: { 'content-type': contentType, accept: 'application/json', ...headers },
      body,
    });
  const sendAll = (...sets: readonly string[]): Promise<Response> => {
    const named = sets.map((set) => [String((jwt.decode(set) as jwt.JwtPayload).jti), set]);
    return send(JSON.stringify({ sets: Object.fromEntries(named) }), 'application/json');
  };

  describe('by RFC 8935', () => {
    beforeEach(() => start());

    for (const alg of ['ES256', 'RS256', 'PS256'] as const) {
      it(`accepts a SET signed with ${alg}, with 202 and nothing more`, async () => {
        const claims = validClaims();
        const response = await send(signed(claims, {}, alg));
        expect(response.status).to.equal(202);
        expect(await response.text()).to.equal('');
        expect(receiver.accepted.get(String(claims.jti))).to.deep.equal(claims);
        expect([...receiver.kids]).to.deep.equal([alg]);
      });
    }

    it('accepts a SET signed with EdDSA', async () => {
      const input = `${encoded({ alg: 'EdDSA', kid: 'EdDSA', typ: 'secevent+jwt' })}.${encoded(validClaims())}`;
      const signature = sign(null, Buffer.from(input), pairs.EdDSA.privateKey).toString('base64url');
      expect((await send(`${input}.${signature}`)).status).to.equal(202);
    });

    const good: Readonly<Record<string, object>> = {
      'several audiences': { aud: ['https://other.example.com', audience] },
      'a complex subject': {
        sub_id: {
          format: 'complex',
          user: { format: 'email', email: 'ann@example.com' },
          session: { format: 'opaque', id: 's' },
        },
      },
      aliases: {
        sub_id: {
          format: 'aliases',
          identifiers: [
            { format: 'opaque', id: '1' },
            { format: 'phone_number', phone_number: '+358401' },
          ],
        },
      },
      'an account': { sub_id: { format: 'account', uri: 'acct:ann@example.com' } },
      toe: { toe: now / 1000 - 5 },
    };
    for (const [what, claims] of Object.entries(good)) {
      it(`accepts ${what}`, async () => {
        expect((await send(signed({ ...validClaims(), ...claims }))).status).to.equal(202);
      });
    }

    const publicPem = pairs.ES256.publicKey.export({ type: 'spki', format: 'pem' });
    const hmacHead = encoded({ alg: 'HS256', kid: 'ES256', typ: 'secevent+jwt' });
    const [head = '', body = '', tail = ''] = signed(validClaims()).split('.');
    const edited = encoded({ ...JSON.parse(Buffer.from(body, 'base64url').toString()), aud: audience, jti: 'edited' });
    const tampered: Readonly<Record<string, readonly [() => string, string]>> = {
      'alg none': [() => `${encoded({ alg: 'none', kid: 'ES256', typ: 'secevent+jwt' })}.${body}.`, 'invalid_request'],
      'alg none with a signature': [
        () => `${encoded({ alg: 'none', kid: 'ES256', typ: 'secevent+jwt' })}.${body}.${tail}`,
        'invalid_key',
      ],
      'HS256 with the public key': [
        () =>
          `${hmacHead}.${body}.${createHmac('sha256', publicPem).update(`${hmacHead}.${body}`).digest('base64url')}`,
        'invalid_key',
      ],
      'a kid that is not published': [() => signed(validClaims(), { kid: 'other' }), 'invalid_key'],
      'the kid of another key': [() => signed(validClaims(), { kid: 'RS256' }), 'invalid_key'],
      'the kid of another key of its kind': [() => signed(validClaims(), { kid: 'PS256' }, 'RS256'), 'invalid_key'],
      'no kid': [() => signed(validClaims(), { kid: undefined }), 'invalid_key'],
      'the typ of another JWT': [() => signed(validClaims(), { typ: 'JWT' }), 'invalid_request'],
      'no typ': [() => signed(validClaims(), { typ: undefined }), 'invalid_request'],
      crit: [() => signed(validClaims(), { crit: ['b64'] }), 'invalid_request'],
      'an edited payload': [() => `${head}.${edited}.${tail}`, 'invalid_key'],
      'a signature cut short': [() => `${head}.${body}.${tail.slice(0, -6)}`, 'invalid_key'],
      'a fourth part': [() => `${head}.${body}.${tail}.${tail}`, 'invalid_request'],
      'padded base64url': [() => `${head}=.${body}.${tail}`, 'invalid_request'],
      'another audience': [() => signed({ ...validClaims(), aud: 'https://other.example.com' }), 'invalid_audience'],
      'no audience': [() => signed(without('aud')), 'invalid_audience'],
      'another issuer': [() => signed({ ...validClaims(), iss: 'https://evil.example.com' }), 'invalid_issuer'],
      'no jti': [() => signed(without('jti')), 'invalid_request'],
      'no iat': [() => signed(without('iat')), 'invalid_request'],
      'iat in the future': [() => signed({ ...validClaims(), iat: now / 1000 + 1 }), 'invalid_request'],
      'iat in milliseconds': [() => signed({ ...validClaims(), iat: now }), 'invalid_request'],
      'toe in milliseconds': [() => signed({ ...validClaims(), toe: now }), 'invalid_request'],
      'exp present': [() => signed({ ...validClaims(), exp: now / 1000 + 60 }), 'invalid_request'],
      'nbf present': [() => signed({ ...validClaims(), nbf: now / 1000 }), 'invalid_request'],
      'sub present': [() => signed({ ...validClaims(), sub: 'ann' }), 'invalid_request'],
      'two events': [
        () => signed({ ...validClaims(), events: { [uri]: {}, 'urn:example:other': {} } }),
        'invalid_request',
      ],
      'no event': [() => signed({ ...validClaims(), events: {} }), 'invalid_request'],
      'an event type that is no URI': [() => signed({ ...validClaims(), events: { revoked: {} } }), 'invalid_request'],
      'an event that is no object': [() => signed({ ...validClaims(), events: { [uri]: 'x' } }), 'invalid_request'],
      'no sub_id': [() => signed(without('sub_id')), 'invalid_request'],
      'an unknown subject format': [
        () => signed({ ...validClaims(), sub_id: { format: 'phone', phone_number: '+358401' } }),
        'invalid_request',
      ],
      'a subject with a member too many': [
        () => signed({ ...validClaims(), sub_id: { format: 'email', email: 'a@b.example', iss: issuer } }),
        'invalid_request',
      ],
      'a subject with a member missing': [
        () => signed({ ...validClaims(), sub_id: { format: 'iss_sub', sub: 'ann' } }),
        'invalid_request',
      ],
      'an empty subject': [() => signed({ ...validClaims(), sub_id: { format: 'opaque', id: '' } }), 'invalid_request'],
      'aliases in aliases': [
        () => signed({ ...validClaims(), sub_id: { format: 'aliases', identifiers: [{ format: 'aliases' }] } }),
        'invalid_request',
      ],
      'what is no SET': [() => 'no SET', 'invalid_request'],
    };
    for (const [what, [set, err]] of Object.entries(tampered)) {
      it(`refuses ${what} as ${err}`, async () => {
        const response = await send(set());
        expect(response.status).to.equal(400);
        expect(response.headers.get('content-language')).to.equal('en');
        expect(await response.json()).to.include({ err });
        expect(receiver.accepted.size).to.equal(0);
      });
    }

    it('answers a SET that comes again as it did at first, and knows that it came twice', async () => {
      const set = signed(validClaims());
      expect([(await send(set)).status, (await send(set)).status]).to.deep.equal([202, 202]);
      expect([receiver.accepted.size, receiver.repeated.length]).to.deep.equal([1, 1]);
    });

    it('refuses another SET with a jti that has been there', async () => {
      const claims = validClaims();
      await send(signed(claims));
      const response = await send(signed({ ...claims, txn: 'another' }));
      expect(await response.json()).to.include({ err: 'invalid_request' });
    });

    it('wants the media types of RFC 8935, section 2.1, and POST', async () => {
      const set = signed(validClaims());
      expect((await send(set, 'application/jwt')).status).to.equal(415);
      expect((await send(set, 'application/secevent+jwt', { accept: 'text/html' })).status).to.equal(406);
      expect((await fetch(receiver.url)).status).to.equal(405);
    });

    it('fetches the JWK Set when it meets a new kid, and not otherwise', async () => {
      await Promise.all([send(signed(validClaims())), send(signed(validClaims()))]);
      await send(signed(validClaims(), {}, 'RS256'));
      expect(receiver.jwksFetches).to.equal(1);
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      published = { keys: [jwkOf('new', publicKey)] };
      const set = jwt.sign(validClaims(), privateKey, {
        algorithm: 'ES256',
        header: { alg: 'ES256', kid: 'new', typ: 'secevent+jwt' },
      });
      expect((await send(set)).status).to.equal(202);
      expect(receiver.jwksFetches).to.equal(2);
    });

    it('takes nothing from a transmitter that publishes a private key', async () => {
      published = { keys: [jwkOf('ES256', pairs.ES256.privateKey)] };
      expect((await send(signed(validClaims()))).status).to.equal(503);
      expect(receiver.accepted.size).to.equal(0);
    });
  });

  describe('by the multi-SET push draft', () => {
    beforeEach(() => start('draft-02'));

    it('answers each SET on its own', async () => {
      const [good, bad] = [validClaims(), { ...validClaims(), aud: 'other' } as Record<string, unknown>];
      const response = await sendAll(signed(good), signed(bad));
      expect(response.status).to.equal(202);
      const { ack, setErrs } = (await response.json()) as { ack: string[]; setErrs: Record<string, { err: string }> };
      expect(ack).to.deep.equal([good.jti]);
      expect(setErrs[String(bad.jti)]).to.include({ err: 'invalid_audience' });
      expect(response.headers.get('content-language')).to.equal('en');
    });

    it('settles in later answers what it did not settle at once, with no SET sent as well', async () => {
      receiver.behaviour.perAnswer = 2;
      const sets = Array.from({ length: 5 }, () => signed(validClaims()));
      const counts: number[] = [];
      for (const batch of [sets, [], [], []])
        counts.push(((await (await sendAll(...batch)).json()) as { ack: string[] }).ack.length);
      expect(counts).to.deep.equal([2, 2, 1, 0]);
    });

    it('can leave SETs unanswered, and be sent them again', async () => {
      const claims = validClaims();
      receiver.behaviour.neverAnswers = (jti) => jti === claims.jti;
      const set = signed(claims);
      expect(await (await sendAll(set)).json()).to.deep.equal({ ack: [] });
      delete receiver.behaviour.neverAnswers;
      expect(await (await sendAll(set)).json()).to.deep.equal({ ack: [claims.jti] });
      expect(receiver.repeated).to.deep.equal([]);
    });

    it('refuses a SET under the name of another', async () => {
      const response = await send(JSON.stringify({ sets: { other: signed(validClaims()) } }), 'application/json');
      expect(await response.json()).to.have.nested.property('setErrs.other.err', 'invalid_request');
    });

    it('says that there are too many SETs, or too many bytes', async () => {
      receiver.behaviour.maxSets = 1;
      const response = await sendAll(signed(validClaims()), signed(validClaims()));
      expect([response.status, ((await response.json()) as { err: string }).err]).to.deep.equal([400, 'too_many_sets']);
      receiver.behaviour.maxBytes = 10;
      expect((await sendAll(signed(validClaims()))).status).to.equal(413);
      expect(receiver.accepted.size).to.equal(0);
    });

    it('refuses what is no request of the draft', async () => {
      for (const body of ['', '[]', '{}', '{"sets":[]}', '{"sets":{"a":1}}', '{"sets":{},"more":1}'])
        expect((await send(body, 'application/json')).status, body).to.equal(400);
      expect((await send('{"sets":{}}', 'application/secevents+json')).status).to.equal(415);
    });

    it('can answer anything in its stead', async () => {
      receiver.behaviour.instead = ({ number }) => (number === 1 ? { status: 503 } : undefined);
      expect((await sendAll(signed(validClaims()))).status).to.equal(503);
      expect((await sendAll(signed(validClaims()))).status).to.equal(202);
    });
  });

  it('fails as RFC 9457 has it by the editor’s copy of the draft', async () => {
    await start('secevents');
    receiver.behaviour.maxSets = 0;
    const response = await send(JSON.stringify({ sets: { a: 'x' } }), 'application/secevents+json');
    expect(response.headers.get('content-type')).to.equal('application/problem+json');
    expect(await response.json()).to.include({ status: 400, err: 'too_many_sets' });
  });
});

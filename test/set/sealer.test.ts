import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import jwt from 'jsonwebtoken';
import { keyRingIn } from '../../src/set/key-ring.js';
import { signerWith } from '../../src/set/sealer.js';
import { SealError } from '../../src/set/set.js';

const algs = ['ES256', 'RS256', 'PS256', 'EdDSA'] as const;
const claims = JSON.stringify({
  iss: 'https://id.example.com',
  jti: 'j1',
  iat: 1795442625,
  events: { u: { name: 'José' } },
});

describe('the signer', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'setwire-keys-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const ringOf = (alg: (typeof algs)[number]) =>
    keyRingIn(join(folder, alg), { alg, rotateEveryMs: 1e9, overlapMs: 1e9 }, Date.now);

  for (const alg of algs) {
    it(`signs with ${alg} so that jose can verify it by the JWK Set`, async () => {
      const ring = ringOf(alg);
      const signer = signerWith(ring);
      const [set = '', other] = await signer.seal([claims, '{}']);
      const jwks = createLocalJWKSet((await ring.jwks()) as unknown as JSONWebKeySet);
      const { protectedHeader, payload } = await compactVerify(set, jwks);
      expect(protectedHeader).to.deep.equal({ alg, kid: (await ring.current()).kid, typ: 'secevent+jwt' });
      expect(Buffer.from(payload).toString('utf8')).to.equal(claims);
      expect((await compactVerify(other ?? '', jwks)).payload.length).to.equal(2);
      expect(set.length).to.be.at.most(signer.sizeOf(Buffer.byteLength(claims)));
    }).timeout(20_000);
  }

  // It knows no EdDSA.
  for (const alg of algs.filter((each) => each !== 'EdDSA')) {
    it(`signs with ${alg} so that jsonwebtoken can verify it with a key of node:crypto`, async () => {
      const ring = ringOf(alg);
      const [set = ''] = await signerWith(ring).seal([claims]);
      const { kid } = await ring.current();
      const jwk = (await ring.jwks()).keys.find((each) => each.kid === kid);
      const key = createPublicKey({ key: jwk as unknown as JsonWebKey, format: 'jwk' });
      expect(jwt.verify(set, key, { algorithms: [alg] })).to.deep.equal(JSON.parse(claims));
      expect(() => jwt.verify(`${set.slice(0, -4)}AAAA`, key, { algorithms: [alg] })).to.throw();
    }).timeout(20_000);
  }

  it('gives nothing where there is no key', async () => {
    const failing = signerWith({ current: () => Promise.reject(new Error('no key')) });
    const error = await failing.seal([claims]).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(SealError).and.to.include({ code: 'SIGNING_FAILED' });
    expect(String(error)).to.not.include('José');
  });
});

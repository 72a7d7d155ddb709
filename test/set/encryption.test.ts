import { createPublicKey, privateDecrypt } from 'node:crypto';
import { expect } from 'chai';
import { base64url, compactDecrypt, compactVerify, decodeProtectedHeader } from 'jose';
import type { EncryptionAlg, EncryptionEnc } from '../../src/schema-types.js';
import { encrypterWith } from '../../src/set/encryption.js';
import { keyRingOf } from '../../src/set/key-ring.js';
import { receiverKeyIn } from '../../src/set/receiver-key.js';
import { signerWith } from '../../src/set/sealer.js';
import { sealerOf } from '../../src/set/sealer-of.js';
import { SealError, type Sealer } from '../../src/set/set.js';
import { newPrivateKey, signingKeyOf } from '../../src/set/signing-key.js';
import { jwkOf, type Kind, type Pair, pairOf, pemOf } from '../support/receiver-keys.js';

const claims = JSON.stringify({ iss: 'https://id.example.com', jti: 'j1', events: { u: { name: 'José' } } });
const encs = ['A128GCM', 'A192GCM', 'A256GCM', 'A128CBC-HS256', 'A192CBC-HS384', 'A256CBC-HS512'] as const;
const rsa = pairOf('rsa');

const deps = {
  fetchJwks: () => Promise.reject(new Error('nothing is to be fetched')),
  clock: () => 0,
  report: () => undefined,
};

describe('encryption', () => {
  let signing: Awaited<ReturnType<typeof signingKeyOf>>;
  let signer: Sealer;

  before(async () => {
    signing = await signingKeyOf(await newPrivateKey('ES256'), 'ES256');
    signer = signerWith(keyRingOf(signing, []));
  });

  const sealer = (pair: Pair, alg: EncryptionAlg, enc: EncryptionEnc): Sealer =>
    sealerOf(keyRingOf(signing, []), { name: 'partner', encryption: { key: pemOf(pair), alg, enc } }, deps);

  async function opened(jwe: string, pair: Pair): Promise<string> {
    const { plaintext } = await compactDecrypt(jwe, pair.privateKey);
    const { payload } = await compactVerify(plaintext, createPublicKey(signing.privateKey));
    return Buffer.from(payload).toString('utf8');
  }

  const cases: readonly (readonly [EncryptionAlg, readonly Kind[]])[] = [
    ['RSA-OAEP-256', ['rsa']],
    ['RSA-OAEP-384', ['rsa']],
    ['RSA-OAEP-512', ['rsa']],
    ['RSA-OAEP', ['rsa']],
    ['ECDH-ES', ['P-256', 'P-384', 'P-521', 'x25519']],
    ['ECDH-ES+A128KW', ['P-256', 'x25519']],
    ['ECDH-ES+A192KW', ['P-384']],
    ['ECDH-ES+A256KW', ['P-256', 'P-521', 'x25519']],
  ];
  for (const [alg, kinds] of cases) {
    for (const kind of kinds) {
      it(`is undone by the receiver's ${kind} key, and what is inside is verified: ${alg}`, async () => {
        const pair = kind === 'rsa' ? rsa : pairOf(kind);
        for (const enc of encs) {
          const made = sealer(pair, alg, enc);
          const [jwe = '', second = ''] = await made.seal([claims, '{}']);
          expect(decodeProtectedHeader(jwe)).to.include({ alg, enc, typ: 'secevent+jwt', cty: 'JWT' });
          expect(await opened(jwe, pair)).to.equal(claims);
          expect(await opened(second, pair)).to.equal('{}');
          expect(jwe.length).to.be.at.most(made.sizeOf(Buffer.byteLength(claims)));
        }
      });
    }
  }

  it('leaves a Nested JWT: typed outside, signed and typed inside, nothing of the claims readable', async () => {
    const jwk = JSON.stringify(jwkOf(rsa, { kid: 'receiver-1', use: 'enc' }));
    const made = encrypterWith(signer, async () => receiverKeyIn(jwk), 'A256GCM');
    const [jwe = ''] = await made.seal([claims]);
    expect(decodeProtectedHeader(jwe)).to.deep.equal({
      alg: 'RSA-OAEP-256',
      enc: 'A256GCM',
      kid: 'receiver-1',
      typ: 'secevent+jwt',
      cty: 'JWT',
    });
    const { plaintext } = await compactDecrypt(jwe, rsa.privateKey);
    const jws = Buffer.from(plaintext).toString('ascii');
    expect(decodeProtectedHeader(jws)).to.deep.equal({ alg: 'ES256', kid: signing.kid, typ: 'secevent+jwt' });
    const parts = jwe.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
    expect(parts).to.have.length(5);
    expect(parts.join()).to.not.include('id.example.com');
  });

  it('uses a content key of its own for each SET', async () => {
    const [one = '', two = ''] = await sealer(rsa, 'RSA-OAEP-256', 'A256GCM').seal([claims, claims]);
    const keys = [one, two].map((jwe) => {
      const wrapped = Buffer.from(base64url.decode(jwe.split('.')[1] ?? ''));
      return privateDecrypt({ key: rsa.privateKey, oaepHash: 'sha256' }, wrapped).toString('hex');
    });
    expect(keys[0])
      .to.match(/^[0-9a-f]{64}$/)
      .and.to.not.equal(keys[1]);
  });

  it('never takes more room than it says, with the longest header and the largest key', async () => {
    // To make a key of that size takes half a minute; to encrypt to it any number of that size will do.
    const n = Buffer.alloc(1024, 0xfd).toString('base64url');
    const large = { kty: 'RSA', n, e: 'AQAB' };
    const kid = 'é'.repeat(255);
    for (const bytes of [0, 1, 2, 3, 1000, 65_537]) {
      const text = 'x'.repeat(bytes);
      for (const [jwk, alg] of [
        [large, 'RSA-OAEP-256'],
        [jwkOf(pairOf('P-521')), 'ECDH-ES+A256KW'],
      ] as const) {
        const key = receiverKeyIn(JSON.stringify({ ...jwk, kid }), alg);
        const made = encrypterWith(signer, async () => key, 'A256CBC-HS512');
        const [jwe = ''] = await made.seal([text]);
        expect(jwe.length).to.be.at.most(made.sizeOf(bytes));
      }
    }
  });

  it('gives nothing where it fails: no claim, no signed SET, no word of the key', async () => {
    const failing = encrypterWith(signer, () => Promise.reject(new Error(`hunter2 ${claims}`)), 'A256GCM');
    const wrong = encrypterWith(signer, async () => ({ alg: 'ECDH-ES', key: rsa.publicKey }), 'A256GCM');
    for (const each of [failing, wrong]) {
      const error = await each.seal([claims]).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(SealError).and.to.include({ code: 'ENCRYPTION_FAILED' });
      expect(String(error)).to.equal('SealError: the SET could not be encrypted: the key cannot be used');
    }
  });

  it('leaves what signing says as it is', async () => {
    const unsigned = signerWith({ current: () => Promise.reject(new Error('no key')) });
    const made = encrypterWith(unsigned, async () => receiverKeyIn(pemOf(rsa)), 'A256GCM');
    const error = await made.seal([claims]).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(SealError).and.to.include({ code: 'SIGNING_FAILED' });
  });

  it('signs alone where the endpoint has no encryption', async () => {
    const [jws = ''] = await sealerOf(keyRingOf(signing, []), { name: 'partner' }, deps).seal([claims]);
    expect(jws.split('.')).to.have.length(3);
  });
});

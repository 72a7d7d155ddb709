import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { ReceiverKeyError, receiverKeyIn, receiverKeyOf } from '../../src/set/receiver-key.js';
import { jwkOf, jwksOf, type Kind, pairOf, pemOf } from '../support/receiver-keys.js';

const rsa = pairOf('rsa');
const other = pairOf('rsa');
const ec = pairOf('P-256');
const x25519 = pairOf('x25519');
const small = pairOf('rsa', 1024);

describe("a receiver's key in a JWK Set", () => {
  const enc = { use: 'enc', kid: 'enc' };
  const sig = { use: 'sig', kid: 'sig' };
  const plain = { kid: 'plain' };
  const withAlg = { kid: 'alg', alg: 'RSA-OAEP-256' };

  const choices = [
    { why: 'the only one', keys: [jwkOf(rsa, plain)], chosen: 'plain RSA-OAEP-256' },
    { why: 'an EC key, agreed with', keys: [jwkOf(ec, plain)], chosen: 'plain ECDH-ES' },
    { why: 'an X25519 key, agreed with', keys: [jwkOf(x25519, plain)], chosen: 'plain ECDH-ES' },
    { why: 'the first of two alike', keys: [jwkOf(rsa, plain), jwkOf(other, enc), jwkOf(rsa, { ...enc, kid: '2' })] },
    { why: 'one with `use: enc` before one that merely fits', keys: [jwkOf(other, plain), jwkOf(rsa, enc)] },
    { why: 'one with `use: enc` before one that says its `alg`', keys: [jwkOf(other, withAlg), jwkOf(rsa, enc)] },
    { why: 'one that says its `alg`', keys: [jwkOf(other, plain), jwkOf(rsa, withAlg)], chosen: 'alg RSA-OAEP-256' },
    { why: 'none to sign with', keys: [jwkOf(other, sig), jwkOf(rsa, enc)] },
    { why: 'none whose `alg` signs', keys: [jwkOf(other, { alg: 'RS256' }), jwkOf(rsa, enc)] },
    { why: 'none that may only verify', keys: [jwkOf(other, { key_ops: ['verify'] }), jwkOf(rsa, enc)] },
    { why: 'one with the `key_ops` of WebCrypto', keys: [jwkOf(ec, { ...enc, key_ops: [] })], chosen: 'enc ECDH-ES' },
    { why: 'what the key says', keys: [jwkOf(rsa, { ...enc, alg: 'RSA-OAEP-512' })], chosen: 'enc RSA-OAEP-512' },
    { why: 'no key of 1024 bits', keys: [jwkOf(small, enc), jwkOf(rsa, plain)], chosen: 'plain RSA-OAEP-256' },
    {
      why: 'no key that signs by its kind',
      keys: [jwkOf(pairOf('ed25519'), enc), jwkOf(rsa, plain)],
      chosen: 'plain RSA-OAEP-256',
    },
    { why: 'no other curve', keys: [jwkOf(pairOf('secp256k1'), enc), jwkOf(rsa, plain)], chosen: 'plain RSA-OAEP-256' },
    { why: 'no broken ones', keys: [null, 7, [], {}, { kty: 'RSA' }, { kty: 'oct', k: 'AAAA' }, jwkOf(rsa, enc)] },
    { why: 'no `kid` without end', keys: [jwkOf(other, { use: 'enc', kid: 'é'.repeat(300) }), jwkOf(rsa, enc)] },
    {
      why: 'one of the asked kind',
      keys: [jwkOf(rsa, enc), jwkOf(ec, enc)],
      asked: 'ECDH-ES+A256KW',
      chosen: 'enc ECDH-ES+A256KW',
    },
    {
      why: 'none with another `alg` than asked',
      keys: [jwkOf(other, { ...enc, alg: 'RSA-OAEP' }), jwkOf(rsa, plain)],
      asked: 'RSA-OAEP-256',
      chosen: 'plain RSA-OAEP-256',
    },
  ] as const;
  for (const { why, keys, ...more } of choices) {
    it(`is ${why}`, () => {
      const key = receiverKeyOf(jwksOf(...keys), 'asked' in more ? more.asked : undefined);
      expect(`${key?.kid} ${key?.alg}`).to.equal('chosen' in more ? more.chosen : 'enc RSA-OAEP-256');
    });
  }

  it('is the very key, not just one of that name', () => {
    const key = receiverKeyOf(jwksOf(jwkOf(other, plain), jwkOf(rsa, enc)));
    expect(key?.key.equals(rsa.publicKey)).to.equal(true);
  });

  it('is none where none fits', () => {
    expect(receiverKeyOf(jwksOf(jwkOf(rsa, sig), jwkOf(small)))).to.equal(undefined);
    expect(receiverKeyOf(jwksOf(jwkOf(rsa)), 'ECDH-ES')).to.equal(undefined);
    expect(receiverKeyOf(jwksOf())).to.equal(undefined);
  });

  for (const text of ['', 'null', '[]', '{"keys":{}}', '<html>hunter2</html>', '{"keys":[']) {
    it(`is refused, and not shown, in ${JSON.stringify(text)}`, () => {
      expect(() => receiverKeyOf(text)).to.throw(ReceiverKeyError, 'what its JWKS URL has is no JWK Set');
    });
  }
});

describe("a receiver's key in a text", () => {
  it('is read from PEM and from a JWK, with its kid', () => {
    for (const kind of ['rsa', 'P-256', 'P-384', 'P-521', 'x25519'] satisfies Kind[]) {
      const pair = pairOf(kind);
      const alg = kind === 'rsa' ? 'RSA-OAEP-256' : 'ECDH-ES';
      const pem = receiverKeyIn(pemOf(pair));
      expect([pem.alg, pem.kid, pem.key.equals(pair.publicKey)]).to.deep.equal([alg, undefined, true]);
      const jwk = receiverKeyIn(JSON.stringify(jwkOf(pair, { kid: 'k', use: 'enc' })));
      expect([jwk.alg, jwk.kid, jwk.key.equals(pair.publicKey)]).to.deep.equal([alg, 'k', true]);
    }
  });

  it('is read from a certificate', () => {
    const certificate = readFileSync(new URL('../fixtures/tls/server.pem', import.meta.url), 'utf8');
    expect(receiverKeyIn(certificate, 'ECDH-ES+A128KW')).to.include({ alg: 'ECDH-ES+A128KW' });
  });

  for (const [why, text, asked] of [
    ['of another kind than the algorithm', pemOf(rsa), 'ECDH-ES'],
    ['that is too small', pemOf(small), undefined],
    ['that is none', 'hunter2', undefined],
    ['that is no JSON', '{hunter2', undefined],
    ['to sign with', JSON.stringify(jwkOf(rsa, { use: 'sig' })), undefined],
  ] as const) {
    it(`is refused, and not shown, where it is one ${why}`, () => {
      expect(() => receiverKeyIn(text, asked)).to.throw(ReceiverKeyError, /^`encryption.key` cannot be used$/);
    });
  }
});

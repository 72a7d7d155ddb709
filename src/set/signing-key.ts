import { createPrivateKey, generateKeyPair, type JsonWebKey, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, type JWK } from 'jose';

/** Signature algorithms (RFC 7518, section 3.1; RFC 8037, section 3.1). */
export type SigningAlg = 'ES256' | 'RS256' | 'PS256' | 'EdDSA';

/** A private key that SETs are signed with. */
export interface SigningKey {
  /** Its JWK thumbprint (RFC 7638): the same key has the same name wherever it is kept. */
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly privateKey: KeyObject;
}

/** A public key as the JWK Set has it (RFC 7517). */
export type PublicJwk = Readonly<Record<string, string>>;

/** The least RSA modulus, in bits (RFC 7518, section 3.3). */
const minRsaBits = 2048;
const newRsaBits = 3072;

const newPair = promisify(generateKeyPair);

/** A new private key for an algorithm: P-256, RSA with 3072 bits, Ed25519. */
export async function newPrivateKey(alg: SigningAlg): Promise<KeyObject> {
  switch (alg) {
    case 'ES256':
      return (await newPair('ec', { namedCurve: 'P-256' })).privateKey;
    case 'EdDSA':
      return (await newPair('ed25519')).privateKey;
    case 'RS256':
    case 'PS256':
      return (await newPair('rsa', { modulusLength: newRsaBits })).privateKey;
  }
}

/** Why a key does not fit an algorithm, in words; undefined: it does. */
export function unfitOf(key: KeyObject, alg: SigningAlg): string | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  switch (alg) {
    case 'ES256':
      return type === 'ec' && details?.namedCurve === 'prime256v1' ? undefined : 'ES256 needs an EC key on P-256';
    case 'EdDSA':
      return type === 'ed25519' ? undefined : 'EdDSA needs an Ed25519 key';
    case 'RS256':
    case 'PS256':
      if (type !== 'rsa') return `${alg} needs an RSA key`;
      return (details?.modulusLength ?? 0) >= minRsaBits ? undefined : `${alg} needs at least ${minRsaBits} bits`;
  }
}

/** The private key in a text: PEM (PKCS #8, PKCS #1 or SEC 1) or a JWK. Throws where there is none; what it throws may hold the text. */
export function privateKeyIn(text: string): KeyObject {
  const isJwk = text.trimStart().startsWith('{');
  return isJwk ? createPrivateKey({ key: JSON.parse(text) as JsonWebKey, format: 'jwk' }) : createPrivateKey(text);
}

export async function signingKeyOf(privateKey: KeyObject, alg: SigningAlg): Promise<SigningKey> {
  return { kid: await calculateJwkThumbprint(privateKey.export({ format: 'jwk' }) as JWK), alg, privateKey };
}

/** The members of a public key by type (RFC 7518, section 6; RFC 8037, section 2): no other one is ever published. */
const publicMembers: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'x', 'y'],
  RSA: ['n', 'e'],
  OKP: ['crv', 'x'],
};

/** What is published of a key. */
export function publicJwkOf({ kid, alg, privateKey }: SigningKey): PublicJwk {
  const jwk = privateKey.export({ format: 'jwk' }) as Readonly<Record<string, string>>;
  const kty = jwk.kty ?? '';
  const own = (publicMembers[kty] ?? []).map((name) => [name, jwk[name] ?? ''] as const);
  return { kty, kid, use: 'sig', alg, ...Object.fromEntries(own) };
}

import { generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';

export type Kind = 'rsa' | 'P-256' | 'P-384' | 'P-521' | 'x25519' | 'ed25519' | 'secp256k1';

export interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** A receiver's key pair. */
export function pairOf(kind: Kind, rsaBits = 2048): Pair {
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: rsaBits });
  if (kind === 'x25519') return generateKeyPairSync('x25519');
  if (kind === 'ed25519') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('ec', { namedCurve: kind });
}

/** The public key as a JWK, with more members. */
export const jwkOf = ({ publicKey }: Pair, more: Readonly<Record<string, unknown>> = {}): JsonWebKey => ({
  ...publicKey.export({ format: 'jwk' }),
  ...more,
});

export const pemOf = ({ publicKey }: Pair): string => publicKey.export({ type: 'spki', format: 'pem' }).toString();

export const jwksOf = (...keys: readonly unknown[]): string => JSON.stringify({ keys });

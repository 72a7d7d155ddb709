import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

const isJwk = (text: string): boolean => text.trimStart().startsWith('{');

/** The key of a text, PEM or JWK; undefined: there is none. What OpenSSL says of a text may hold some of it. */
export function keyIn(text: string, kind: 'private' | 'public'): KeyObject | undefined {
  const create = kind === 'private' ? createPrivateKey : createPublicKey;
  try {
    return isJwk(text) ? create({ key: JSON.parse(text) as JsonWebKey, format: 'jwk' }) : create(text);
  } catch {
    return undefined;
  }
}

/** What a key is, for a complaint. */
export function wordsFor({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string {
  if (type === 'rsa') return `an RSA key of ${details?.modulusLength ?? 0} bits`;
  return type === 'ec' ? `an EC key on ${details?.namedCurve ?? 'another curve'}` : `an ${type} key`;
}

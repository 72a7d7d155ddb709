import type { KeyObject } from 'node:crypto';
import type { SigningConfig } from '../schema-types.js';
import type { Complaint } from './explain.js';
import { keyIn, wordsFor } from './key-text.js';

const wanted = {
  ES256: { type: 'ec', words: 'an EC key on P-256' },
  RS256: { type: 'rsa', words: 'an RSA key of at least 2048 bits' },
  PS256: { type: 'rsa', words: 'an RSA key of at least 2048 bits' },
  EdDSA: { type: 'ed25519', words: 'an Ed25519 key' },
} as const satisfies Record<SigningConfig['alg'], { readonly type: string; readonly words: string }>;

function fits({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, alg: SigningConfig['alg']): boolean {
  if (asymmetricKeyType !== wanted[alg].type) return false;
  if (asymmetricKeyType === 'ec') return asymmetricKeyDetails?.namedCurve === 'prime256v1';
  return asymmetricKeyType !== 'rsa' || (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
}

/** A key of the operator's own has to be one, and to fit the algorithm. */
export function signingComplaints({ alg, key, published }: SigningConfig, pointer: string): Complaint[] {
  const complaints: Complaint[] = [];
  if (key !== undefined) {
    const own = keyIn(key, 'private');
    const allowed = `for ${alg} ${wanted[alg].words}, as PEM or JWK`;
    if (own === undefined)
      complaints.push({ pointer: `${pointer}/key`, found: '[secret] that is no private key', allowed });
    else if (!fits(own, alg)) complaints.push({ pointer: `${pointer}/key`, found: wordsFor(own), allowed });
  }
  if (published !== undefined && key === undefined)
    complaints.push({
      pointer: `${pointer}/published`,
      found: 'no `key`',
      allowed: '`published` beside a `key` of your own',
    });
  for (const [place, text] of (published ?? []).entries()) {
    const other = keyIn(text, 'public');
    const at = { pointer: `${pointer}/published/${place}`, allowed: 'public keys, as PEM or JWK' };
    if (other === undefined) complaints.push({ ...at, found: 'what is no public key' });
    else if (!Object.keys(wanted).some((each) => fits(other, each as SigningConfig['alg'])))
      complaints.push({ ...at, found: wordsFor(other) });
  }
  return complaints;
}

import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { SetwireError } from '../errors.js';
import type { Secret } from '../secret.js';
import { type KeyRing, keyRingIn, keyRingOf } from './key-ring.js';
import { type PublicJwk, privateKeyIn, type SigningAlg, signingKeyOf } from './signing-key.js';

/** Where the keys are. */
export interface SigningSettings {
  readonly alg: SigningAlg;
  /** Absolute. */
  readonly directory: string;
  /** Infinite: never by itself. */
  readonly rotateEveryMs: number;
  readonly overlapMs: number;
  /** A key of the operator's own, PEM or JWK. */
  readonly key?: Secret;
  /** Public ones beside it, PEM or JWK. */
  readonly published?: readonly string[];
}

const algOf = ({ asymmetricKeyType }: KeyObject): string | undefined =>
  asymmetricKeyType === 'ec' ? 'ES256' : asymmetricKeyType === 'ed25519' ? 'EdDSA' : undefined;

async function publishedOf(text: string): Promise<PublicJwk> {
  const isJwk = text.trimStart().startsWith('{');
  const key = isJwk ? createPublicKey({ key: JSON.parse(text) as JsonWebKey, format: 'jwk' }) : createPublicKey(text);
  const jwk = key.export({ format: 'jwk' }) as Record<string, string>;
  const alg = algOf(key);
  // An RSA key may have signed with RS256 or PS256: left open.
  return { ...jwk, kid: await calculateJwkThumbprint(jwk as JWK), use: 'sig', ...(alg !== undefined && { alg }) };
}

/** A ring whose key is read when it is first needed: what is wrong with it is told there. */
function ringOfOwn({ alg, published = [] }: SigningSettings, key: Secret): KeyRing {
  let made: Promise<KeyRing> | undefined;
  async function make(): Promise<KeyRing> {
    try {
      const own = await signingKeyOf(privateKeyIn(key.reveal()), alg);
      return keyRingOf(own, await Promise.all(published.map(publishedOf)));
    } catch {
      // The error's own words may hold some of the key.
      throw new SetwireError('SETWIRE_KEY_UNUSABLE', '`signing.key` or `signing.published` cannot be used');
    }
  }
  const ring = (): Promise<KeyRing> => {
    made ??= make();
    return made;
  };
  return {
    current: async () => (await ring()).current(),
    jwks: async () => (await ring()).jwks(),
    keep: async () => (await ring()).keep(),
  };
}

/** The keys of a config: the operator's own, or those in the directory. */
export function keyRingFor(settings: SigningSettings, now: () => number): KeyRing {
  const { key, directory } = settings;
  return key === undefined ? keyRingIn(directory, settings, now) : ringOfOwn(settings, key);
}

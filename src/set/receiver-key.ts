import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { EncryptionAlg } from '../schema-types.js';

/** The public key of a receiver that SETs are encrypted to. */
export interface ReceiverKey {
  /** As the receiver's JWK has it. A PEM has none, and no receiver would know one that we made up. */
  readonly kid?: string;
  readonly alg: EncryptionAlg;
  readonly key: KeyObject;
}

/** A receiver's key that cannot be had. The message holds nothing of what was read. */
export class ReceiverKeyError extends Error {}

const algs: readonly string[] = [
  'RSA-OAEP-256',
  'RSA-OAEP-384',
  'RSA-OAEP-512',
  'RSA-OAEP',
  'ECDH-ES',
  'ECDH-ES+A128KW',
  'ECDH-ES+A192KW',
  'ECDH-ES+A256KW',
] satisfies EncryptionAlg[];

const isAlg = (text: unknown): text is EncryptionAlg => typeof text === 'string' && algs.includes(text);

const curves: readonly unknown[] = ['prime256v1', 'secp384r1', 'secp521r1'];

/** So long a `kid` is as JSON at most: how long a JWE becomes has to be known beforehand. */
const maxKidBytes = 512;

/** What a key is used with where nobody says: RSA from 2048 bits on (RFC 7518, section 4.3), or one to agree a key with. */
function usualAlgOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): EncryptionAlg | undefined {
  if (type === 'x25519' || (type === 'ec' && curves.includes(details?.namedCurve))) return 'ECDH-ES';
  const bits = details?.modulusLength ?? 0;
  return type === 'rsa' && bits >= 2048 && bits <= 8192 ? 'RSA-OAEP-256' : undefined;
}

const isRsa = (alg: EncryptionAlg): boolean => alg.startsWith('RSA');

/** Undefined: the key is none that can be used with it. */
function algFor(key: KeyObject, asked: EncryptionAlg | undefined): EncryptionAlg | undefined {
  const usual = usualAlgOf(key);
  if (usual === undefined || asked === undefined) return usual;
  return isRsa(usual) === isRsa(asked) ? asked : undefined;
}

/** Operations that a public key to encrypt with may be kept for (RFC 7517, section 4.3); an empty list is what WebCrypto exports. */
const operations: readonly unknown[] = ['encrypt', 'wrapKey', 'deriveKey', 'deriveBits'];

type Members = Readonly<Record<string, unknown>>;

function isToEncrypt({ use, key_ops: ops }: Members): boolean {
  if (use !== undefined && use !== 'enc') return false;
  return !Array.isArray(ops) || ops.length === 0 || ops.some((each) => operations.includes(each));
}

function publicKeyOf(jwk: Members): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
  } catch {
    return undefined;
  }
}

function keyOfJwk(jwk: unknown, asked: EncryptionAlg | undefined): ReceiverKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined;
  const members = jwk as Members;
  const { kid, alg: said } = members;
  if (!isToEncrypt(members)) return undefined;
  if (said !== undefined && (!isAlg(said) || (asked !== undefined && said !== asked))) return undefined;
  const key = publicKeyOf(members);
  const alg = key && algFor(key, asked ?? said);
  if (key === undefined || alg === undefined) return undefined;
  if (typeof kid !== 'string') return { alg, key };
  return Buffer.byteLength(JSON.stringify(kid)) > maxKidBytes ? undefined : { kid, alg, key };
}

/**
 * The key of a text: PEM (a public key or a certificate) or a JWK.
 *
 * @throws ReceiverKeyError
 */
export function receiverKeyIn(text: string, asked?: EncryptionAlg): ReceiverKey {
  const unusable = new ReceiverKeyError('`encryption.key` cannot be used');
  let found: ReceiverKey | undefined;
  try {
    if (text.trimStart().startsWith('{')) found = keyOfJwk(JSON.parse(text), asked);
    else {
      const key = createPublicKey(text);
      const alg = algFor(key, asked);
      found = alg && { alg, key };
    }
  } catch {
    // The error's own words may hold some of the text.
    throw unusable;
  }
  if (found === undefined) throw unusable;
  return found;
}

/** How surely a key is meant for this: by its `use`, then by its `alg`. */
const rankOf = ({ use, alg }: Members): number => (use === 'enc' ? 2 : 0) + (alg === undefined ? 0 : 1);

/**
 * The key to encrypt with in the text of a JWK Set (RFC 7517, section 5): the one that is most surely meant for it, of those
 * the first; undefined: none fits.
 *
 * @throws ReceiverKeyError it is no JWK Set
 */
export function receiverKeyOf(jwks: string, asked?: EncryptionAlg): ReceiverKey | undefined {
  const none = new ReceiverKeyError('what its JWKS URL has is no JWK Set');
  let keys: unknown;
  try {
    ({ keys } = (JSON.parse(jwks) ?? {}) as { keys?: unknown });
  } catch {
    throw none;
  }
  if (!Array.isArray(keys)) throw none;
  const fitting = keys.flatMap((jwk: unknown) => {
    const key = keyOfJwk(jwk, asked);
    return key === undefined ? [] : [{ key, rank: rankOf(jwk as Members) }];
  });
  return fitting.sort((a, b) => b.rank - a.rank)[0]?.key;
}

import type { KeyObject } from 'node:crypto';
import type { EncryptionConfig, EndpointConfig } from '../schema-types.js';
import type { Complaint } from './explain.js';
import { keyIn, wordsFor } from './key-text.js';

const curves: readonly unknown[] = ['prime256v1', 'secp384r1', 'secp521r1'];

const kinds = {
  rsa: {
    words: 'an RSA key of 2048 to 8192 bits',
    has: ({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean =>
      type === 'rsa' && (details?.modulusLength ?? 0) >= 2048 && (details?.modulusLength ?? 0) <= 8192,
  },
  agreement: {
    words: 'an EC key on P-256, P-384 or P-521, or an X25519 key',
    has: ({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean =>
      type === 'x25519' || (type === 'ec' && curves.includes(details?.namedCurve)),
  },
} as const;

type Kind = (typeof kinds)[keyof typeof kinds];

const kindOf = (alg: string): Kind => (alg.startsWith('RSA') ? kinds.rsa : kinds.agreement);

const algs = /^(RSA-OAEP(-(256|384|512))?|ECDH-ES(\+A(128|192|256)KW)?)$/;
const operations: readonly unknown[] = ['encrypt', 'wrapKey', 'deriveKey', 'deriveBits'];
const maxKidBytes = 512;

/** What a JWK says of itself that speaks against it; a PEM says nothing. */
function objectionIn(text: string, fits: readonly Kind[], asked: EncryptionConfig['alg']): string | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  const { use, alg, key_ops: ops, kid } = JSON.parse(text) as Readonly<Record<string, unknown>>;
  if (use !== undefined && use !== 'enc') return 'a JWK whose `use` is not `enc`';
  if (Array.isArray(ops) && ops.length > 0 && !ops.some((each) => operations.includes(each)))
    return 'a JWK whose `key_ops` have no encryption';
  if (typeof kid === 'string' && Buffer.byteLength(JSON.stringify(kid)) > maxKidBytes)
    return 'a JWK with a `kid` of more than 512 bytes';
  if (alg === undefined) return undefined;
  if (typeof alg !== 'string' || !algs.test(alg)) return 'a JWK whose `alg` is none to encrypt with';
  const isOfKind = fits.includes(kindOf(alg)) && (asked === undefined || asked === alg);
  return isOfKind ? undefined : 'a JWK with another `alg`';
}

function keyComplaints(text: string, alg: EncryptionConfig['alg']): Complaint[] {
  const wanted = alg === undefined ? Object.values(kinds) : [kindOf(alg)];
  const words = wanted.map((kind) => kind.words).join(', or ');
  const allowed = `${alg === undefined ? '' : `for ${alg} `}${words}, as PEM or JWK`;
  const complaint = (found: string): Complaint[] => [{ pointer: '/encryption/key', found, allowed }];
  // Node makes a public key of a private one; nobody but the receiver may have that.
  if (/PRIVATE KEY/.test(text) || keyIn(text, 'private') !== undefined)
    return [{ pointer: '/encryption/key', found: 'a private key', allowed: "the receiver's public key alone" }];
  const key = keyIn(text, 'public');
  if (key === undefined) return complaint('what is no public key');
  const fits = wanted.filter(({ has }) => has(key));
  if (fits.length === 0) return complaint(wordsFor(key));
  const objection = objectionIn(text, fits, alg);
  return objection === undefined ? [] : complaint(objection);
}

/** Whether SETs of an endpoint can be encrypted as it says. */
export function encryptionComplaints({ profile, encryption }: EndpointConfig): Complaint[] {
  if (encryption === undefined) return [];
  if (profile !== 'ssf') {
    const allowed = 'it with `profile: ssf` only';
    return [{ pointer: '/encryption', found: '`encryption`', allowed, key: true }];
  }
  const { jwks, key, alg } = encryption;
  if ((jwks === undefined) === (key === undefined)) {
    const found = key === undefined ? 'neither `jwks` nor `key`' : '`jwks` and `key`';
    return [{ pointer: '/encryption', found, allowed: "one of them: the receiver's JWKS URL, or its key" }];
  }
  return key === undefined ? [] : keyComplaints(key, alg);
}

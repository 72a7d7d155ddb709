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

function kindsFor(alg: EncryptionConfig['alg']): readonly (typeof kinds)[keyof typeof kinds][] {
  if (alg === undefined) return [kinds.rsa, kinds.agreement];
  return [alg.startsWith('RSA') ? kinds.rsa : kinds.agreement];
}

/** What the JWK itself says that it is for; a PEM says nothing. */
function saidIn(text: string): { readonly use?: unknown; readonly alg?: unknown } {
  return text.trimStart().startsWith('{') ? (JSON.parse(text) as { use?: unknown; alg?: unknown }) : {};
}

function keyComplaints(text: string, alg: EncryptionConfig['alg']): Complaint[] {
  const fitting = kindsFor(alg);
  const wanted = fitting.map(({ words }) => words).join(', or ');
  const allowed = `${alg === undefined ? '' : `for ${alg} `}${wanted}, as PEM or JWK`;
  const complaint = (found: string): Complaint[] => [{ pointer: '/encryption/key', found, allowed }];
  // Node makes a public key of a private one; nobody but the receiver may have that.
  if (/PRIVATE KEY/.test(text) || keyIn(text, 'private') !== undefined)
    return [{ pointer: '/encryption/key', found: 'a private key', allowed: "the receiver's public key alone" }];
  const key = keyIn(text, 'public');
  if (key === undefined) return complaint('what is no public key');
  if (!fitting.some(({ has }) => has(key))) return complaint(wordsFor(key));
  const said = saidIn(text);
  if (said.use !== undefined && said.use !== 'enc') return complaint('a JWK whose `use` is not `enc`');
  if (said.alg !== undefined && alg !== undefined && said.alg !== alg) return complaint('a JWK with another `alg`');
  return [];
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

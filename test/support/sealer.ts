import { generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { SealError, type Sealer } from '../../src/set/set.js';

const encoded = (value: string | Buffer): string => Buffer.from(value).toString('base64url');

/** Signs with ES256 by node:crypto alone (RFC 7515, appendix A.3), so that a test needs no key ring. */
export interface TestSealer extends Sealer {
  /** The claims of a compact JWT that this sealer has signed; undefined: it has not. */
  claimsOf(jwt: string): Record<string, unknown> | undefined;
  /** Signs with a new key from now on, under this name. */
  rotate(kid: string): void;
  /** From now on it cannot sign, or can again. */
  broken: boolean;
}

export function testSealer(): TestSealer {
  const keys = new Map<string, { readonly privateKey: KeyObject; readonly publicKey: KeyObject }>();
  let current = '';

  function rotate(kid: string): void {
    keys.set(kid, generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    current = kid;
  }

  rotate('key-1');
  const headerOf = (kid: string): string => encoded(JSON.stringify({ alg: 'ES256', typ: 'secevent+jwt', kid }));
  const sealer: TestSealer = {
    broken: false,
    rotate,
    sizeOf: (bytes) => headerOf(current).length + Math.ceil((bytes * 4) / 3) + 86 + 2,
    async seal(claims) {
      if (sealer.broken) throw new SealError('SIGNING_FAILED', 'the key is out of reach');
      const key = keys.get(current)?.privateKey as KeyObject;
      return claims.map((text) => {
        const input = `${headerOf(current)}.${encoded(text)}`;
        return `${input}.${encoded(sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }))}`;
      });
    },
    claimsOf(jwt) {
      const [header = '', payload = '', signature = ''] = jwt.split('.');
      const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
      const key = keys.get(kid)?.publicKey;
      if (key === undefined) return undefined;
      const input = Buffer.from(`${header}.${payload}`);
      const isRight = verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
      return isRight ? JSON.parse(Buffer.from(payload, 'base64url').toString()) : undefined;
    },
  };
  return sealer;
}

import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

/** A public key of a JWK Set, and what it may be used for. */
export interface VerificationKey {
  readonly alg: string | undefined;
  readonly key: KeyObject;
}

/** The keys of a transmitter, by `kid`, from its JWKS URL. */
export interface RemoteKeys {
  /** How often the JWK Set was fetched. */
  readonly fetches: number;
  /** A key; where it is not known, the JWK Set is fetched anew, once for all who ask at that time. */
  keyOf(kid: string): Promise<VerificationKey | undefined>;
}

/** RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1; RFC 8037, section 2: what a public key has not. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const mediaTypes = ['application/jwk-set+json', 'application/json'];

function keyIn(jwk: Record<string, unknown>): readonly [string, VerificationKey] {
  const { kid, use, alg } = jwk;
  const leaked = privateMembers.find((name) => name in jwk);
  if (leaked !== undefined) throw new Error(`a private key is published: it has the member ${leaked}`);
  if (typeof kid !== 'string' || kid === '') throw new Error('a key has no kid');
  if (use !== undefined && use !== 'sig') throw new Error(`the key ${kid} is not for signatures`);
  const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
  if (key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048)
    throw new Error(`the RSA key ${kid} has fewer than 2048 bits (RFC 7518, section 3.3)`);
  return [kid, { alg: typeof alg === 'string' ? alg : undefined, key }];
}

/** A JWK Set as RFC 7517, section 5 has it. */
async function fetchKeys(url: string): Promise<ReadonlyMap<string, VerificationKey>> {
  const response = await fetch(url, { headers: { accept: mediaTypes.join() } });
  const mediaType = response.headers.get('content-type')?.split(';')[0]?.trim() ?? '';
  if (response.status !== 200) throw new Error(`the JWK Set was answered with ${response.status}`);
  if (!mediaTypes.includes(mediaType)) throw new Error(`the JWK Set was answered as ${mediaType}`);
  const { keys } = (await response.json()) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('the JWK Set has no keys');
  const found = new Map(keys.map(keyIn));
  if (found.size !== keys.length) throw new Error('the JWK Set has a kid twice');
  return found;
}

/** Keeps the JWK Set until a key is asked for that it does not have. */
export function remoteKeysAt(url: string): RemoteKeys {
  let known: ReadonlyMap<string, VerificationKey> = new Map();
  let fetching: Promise<void> | undefined;
  let fetches = 0;
  return {
    get fetches() {
      return fetches;
    },
    async keyOf(kid) {
      if (!known.has(kid)) {
        fetching ??= fetchKeys(url).then(
          (keys) => {
            known = keys;
            fetches += 1;
            fetching = undefined;
          },
          (error: unknown) => {
            fetching = undefined;
            throw error;
          },
        );
        await fetching;
      }
      return known.get(kid);
    },
  };
}

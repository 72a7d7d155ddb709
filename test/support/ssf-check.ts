import { constants, type KeyObject, verify } from 'node:crypto';
import type { RemoteKeys } from './ssf-keys.js';
import { complaintOfSubject } from './ssf-subject.js';

export type Claims = Readonly<Record<string, unknown>>;

/** Why a SET is not accepted: an error code of RFC 8935, section 2.4, and words. */
export interface SetError {
  readonly err: 'invalid_request' | 'invalid_key' | 'invalid_issuer' | 'invalid_audience';
  readonly description: string;
}

export type Checked =
  | { readonly kind: 'valid'; readonly kid: string; readonly jti: string; readonly claims: Claims }
  | { readonly kind: 'refused'; readonly error: SetError };

export interface CheckOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly keys: Pick<RemoteKeys, 'keyOf'>;
  /** Milliseconds. */
  readonly now: () => number;
}

class Refused extends Error {
  readonly err: SetError['err'];

  constructor(err: SetError['err'], description: string) {
    super(description);
    this.err = err;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function bytesIn(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  // RFC 7515, section 2: no padding, no line breaks, nothing that is not part of it.
  if (bytes.toString('base64url') !== part) throw new Refused('invalid_request', 'a part is no base64url');
  return bytes;
}

function objectIn(part: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytesIn(part)));
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused('invalid_request', 'a part holds no JSON');
  }
  if (!isObject(value)) throw new Refused('invalid_request', 'a part holds no JSON object');
  return value;
}

/** RFC 7518, sections 3.3 to 3.5; RFC 8037, section 3.1. An algorithm that is not here is not taken. */
const algorithms: Readonly<
  Record<string, { readonly type: string; isSigned(input: Buffer, key: KeyObject, signature: Buffer): boolean }>
> = {
  ES256: {
    type: 'ec',
    isSigned: (input, key, signature) => verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, signature),
  },
  RS256: {
    type: 'rsa',
    isSigned: (input, key, signature) =>
      verify('sha256', input, { key, padding: constants.RSA_PKCS1_PADDING }, signature),
  },
  PS256: {
    type: 'rsa',
    isSigned: (input, key, signature) =>
      verify('sha256', input, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }, signature),
  },
  EdDSA: { type: 'ed25519', isSigned: (input, key, signature) => verify(null, input, key, signature) },
};

async function checkSignature(compact: string, keys: CheckOptions['keys']): Promise<{ kid: string; claims: Claims }> {
  const [head = '', body = '', tail = '', ...more] = compact.split('.');
  if (more.length > 0 || tail === '') throw new Refused('invalid_request', 'it is no JWS with three parts');
  const { typ, alg, kid, crit } = objectIn(head);
  if (typ !== 'secevent+jwt') throw new Refused('invalid_request', 'typ is not secevent+jwt (SSF 1.0, section 4.1.1)');
  if (crit !== undefined) throw new Refused('invalid_request', 'crit is not understood (RFC 7515, section 4.1.11)');
  const algorithm = Object.hasOwn(algorithms, String(alg)) ? algorithms[String(alg)] : undefined;
  if (algorithm === undefined) throw new Refused('invalid_key', `the algorithm ${JSON.stringify(alg)} is not taken`);
  if (typeof kid !== 'string') throw new Refused('invalid_key', 'kid is missing');
  const key = await keys.keyOf(kid);
  if (key === undefined) throw new Refused('invalid_key', 'the JWK Set has no key with this kid');
  if (key.key.asymmetricKeyType !== algorithm.type || (key.alg !== undefined && key.alg !== alg))
    throw new Refused('invalid_key', 'the key is not for this algorithm');
  if (!algorithm.isSigned(Buffer.from(`${head}.${body}`, 'ascii'), key.key, bytesIn(tail)))
    throw new Refused('invalid_key', 'the signature does not fit');
  return { kid, claims: objectIn(body) };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Claims that a SET of SSF never has (SSF 1.0, sections 4.1.2 and 4.1.7), and `nbf`, which says nothing of the past. */
const forbidden = ['sub', 'exp', 'nbf'];

function complaintOfClaims(claims: Claims, now: number): string | undefined {
  const { iat, jti, toe, txn, events, sub_id } = claims;
  const found = forbidden.find((name) => name in claims);
  if (found !== undefined) return `${found} must not be there`;
  if (!isText(jti)) return 'jti is missing (RFC 8417, section 2.2)';
  if (!Number.isSafeInteger(iat)) return 'iat is not in whole seconds';
  if ((iat as number) * 1000 > now) return 'iat is in the future';
  // A time in milliseconds, taken for seconds, is thousands of years from now; one before 2001 is not meant either.
  if (toe !== undefined && !(typeof toe === 'number' && toe > 1e9 && toe * 1000 < now + 86_400_000))
    return 'toe is no time in seconds (RFC 8417, section 2.2)';
  if (txn !== undefined && !isText(txn)) return 'txn is no text';
  if (!isObject(events) || Object.keys(events).length !== 1) return 'events does not have exactly one event';
  const [[uri, event] = ['', undefined]] = Object.entries(events);
  if (!URL.canParse(uri)) return 'the event type is no URI (RFC 8417, section 2)';
  return isObject(event) ? complaintOfSubject(sub_id) : 'the event is no object (RFC 8417, section 2.2)';
}

/**
 * Checks a SET as RFC 8417, RFC 7515, RFC 7519, RFC 9493 and SSF 1.0, sections 3 and 4 have it. Rejects where the JWK Set
 * cannot be had.
 */
export async function checkSet(compact: string, { issuer, audience, keys, now }: CheckOptions): Promise<Checked> {
  try {
    const { kid, claims } = await checkSignature(compact, keys);
    const { iss, aud } = claims;
    if (iss !== issuer) throw new Refused('invalid_issuer', 'it is of another issuer');
    if (![aud].flat().includes(audience)) throw new Refused('invalid_audience', 'it is meant for another audience');
    const complaint = complaintOfClaims(claims, now());
    if (complaint !== undefined) throw new Refused('invalid_request', complaint);
    return { kind: 'valid', kid, jti: String(claims.jti), claims };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { kind: 'refused', error: { err: error.err, description: error.message } };
  }
}

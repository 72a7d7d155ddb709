import { CompactEncrypt } from 'jose';
import type { EncryptionEnc } from '../schema-types.js';
import { type ReceiverKey, ReceiverKeyError } from './receiver-key.js';
import { SealError, type Sealer } from './set.js';

/**
 * Compact JWE around a compact JWS: a Nested JWT, signed first (RFC 7519, sections 7.1, 11.2 and appendix A.2; RFC 7516).
 * `cty` is `JWT`, which section 5.2 demands of a Nested JWT whatever is nested; `secevent+jwt` is an explicit type and
 * belongs into `typ` (RFC 8417, section 2.3): into that of the JWS, where it must be, and into ours, so that the whole is
 * typed as well (RFC 8725, section 3.11).
 */
function encrypted({ kid, alg, key }: ReceiverKey, enc: EncryptionEnc, jws: string): Promise<string> {
  const header = { alg, enc, ...(kid !== undefined && { kid }), typ: 'secevent+jwt', cty: 'JWT' };
  return new CompactEncrypt(Buffer.from(jws, 'ascii')).setProtectedHeader(header).encrypt(key);
}

async function orSealError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    // The words of others may hold some of what was to be encrypted.
    const why = error instanceof ReceiverKeyError ? `the receiver's key: ${error.message}` : 'the key cannot be used';
    throw new SealError('ENCRYPTION_FAILED', `the SET could not be encrypted: ${why}`, { cause: error });
  }
}

const base64Length = (bytes: number): number => Math.ceil((bytes * 4) / 3);

/** What CBC adds, at most. */
const maxPadding = 16;

/**
 * All but the ciphertext: a header with a `kid` of 512 bytes and the `epk` of P-521; a key wrapped with 8192 bits of RSA; the
 * 16 bytes of an initialization vector; the 32 of a tag; four dots.
 */
const maxAround = base64Length(896) + base64Length(1024) + base64Length(16) + base64Length(32) + 4;

/** Encrypts what another sealer has signed, to the key that the receiver has now. */
export function encrypterWith(
  signer: Sealer,
  keyNow: (signal?: AbortSignal) => Promise<ReceiverKey>,
  enc: EncryptionEnc,
): Sealer {
  return {
    sizeOf: (bytes) => base64Length(signer.sizeOf(bytes) + maxPadding) + maxAround,
    async seal(claims, signal) {
      const key = await orSealError(keyNow(signal));
      const signed = await signer.seal(claims);
      return await orSealError(Promise.all(signed.map((jws) => encrypted(key, enc, jws))));
    },
  };
}

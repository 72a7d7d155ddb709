import type { EncryptionAlg, EncryptionEnc } from '../schema-types.js';
import { encrypterWith } from './encryption.js';
import type { KeyRing } from './key-ring.js';
import { type JwksDeps, keyAt } from './receiver-jwks.js';
import { type ReceiverKey, receiverKeyIn } from './receiver-key.js';
import { signerWith } from './sealer.js';
import type { Sealer } from './set.js';

/** How an endpoint's SETs are encrypted: to the key of a JWKS URL, or to a given one, PEM or JWK. */
export type EncryptionSettings = (
  | { readonly jwks: string; readonly key?: undefined }
  | { readonly key: string; readonly jwks?: undefined }
) & {
  /** What the key itself says, or what is usual for its type, where left out. */
  readonly alg?: EncryptionAlg;
  readonly enc: EncryptionEnc;
};

/** A key that is read when it is first needed: what is wrong with it is told there. */
function givenKey(text: string, alg: EncryptionAlg | undefined): () => Promise<ReceiverKey> {
  let read: ReceiverKey | undefined;
  return async () => {
    read ??= receiverKeyIn(text, alg);
    return read;
  };
}

/** What makes of an endpoint's claims what it is sent: signed, and encrypted where its settings say so. */
export function sealerOf(
  ring: Pick<KeyRing, 'current'>,
  { name, encryption }: { readonly name: string; readonly encryption?: EncryptionSettings },
  deps: JwksDeps,
): Sealer {
  const signer = signerWith(ring);
  if (encryption === undefined) return signer;
  const { jwks, key, alg, enc } = encryption;
  return encrypterWith(signer, key === undefined ? keyAt(name, jwks, alg, deps) : givenKey(key, alg), enc);
}

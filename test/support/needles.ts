import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';

/** Something that must not be found, in one of the ways in which it could be written. */
interface Needle {
  readonly what: string;
  readonly bytes: Buffer;
}

const blockBytes = 24;

/**
 * Pieces of a secret as bytes, in hex and in base64. What stands in the middle of a longer text in base64, such as a PEM,
 * begins at one of three places in a group: each piece is looked for at all of them.
 */
export function needlesOf(what: string, secret: Buffer): Needle[] {
  const needles: Needle[] = [];
  for (let start = 0; start + blockBytes <= secret.length; start += blockBytes) {
    needles.push({ what, bytes: secret.subarray(start, start + blockBytes) });
    const hex = secret.subarray(start, start + blockBytes).toString('hex');
    const texts = [hex, hex.toUpperCase()];
    for (const shift of [0, 1, 2]) {
      const piece = secret.subarray(start + shift, start + shift + blockBytes - 3);
      texts.push(piece.toString('base64'), piece.toString('base64url'));
    }
    needles.push(...texts.map((text) => ({ what, bytes: Buffer.from(text) })));
  }
  return needles;
}

/** A private key in a text, PEM or JWK. */
export const keyIn = (text: string): KeyObject =>
  text.startsWith('{')
    ? createPrivateKey({ key: JSON.parse(text) as JsonWebKey, format: 'jwk' })
    : createPrivateKey(text);

/** Of the private numbers of a key. */
export function needlesOfKey(key: KeyObject): Needle[] {
  const jwk = key.export({ format: 'jwk' }) as Readonly<Record<string, string | undefined>>;
  return ['d', 'p', 'q', 'dp', 'dq', 'qi'].flatMap((name) =>
    jwk[name] === undefined ? [] : needlesOf(name, Buffer.from(jwk[name] ?? '', 'base64url')),
  );
}

/** What is found in some bytes, whatever lines they are broken into; undefined: nothing. */
export function foundIn(haystack: Buffer, needles: readonly Needle[]): string | undefined {
  // A PEM has line breaks, and its JSON has them as \n.
  const joined = Buffer.from(haystack.toString('latin1').replaceAll(/\s|\\r|\\n/g, ''), 'latin1');
  return needles.find(({ bytes }) => haystack.includes(bytes) || joined.includes(bytes))?.what;
}

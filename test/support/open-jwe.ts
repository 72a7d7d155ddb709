// What a receiver does with a SET that is encrypted to it, written from RFC 7516 and RFC 7518 with node:crypto alone.
import { createDecipheriv, type KeyObject, privateDecrypt } from 'node:crypto';

export interface OpenedJwe {
  readonly header: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Opens a compact JWE of RSA-OAEP-256 and A256GCM (RFC 7516, section 5.2). Throws where it is no such, or not for this key. */
export function openJwe(compact: string, privateKey: KeyObject): OpenedJwe {
  const parts = compact.split('.');
  const [head = '', wrapped = '', iv = '', ciphertext = '', tag = ''] = parts;
  if (parts.length !== 5) throw new Error('it is no compact JWE');
  const bytesOf = (part: string): Buffer => Buffer.from(part, 'base64url');
  const header = JSON.parse(bytesOf(head).toString('utf8')) as Record<string, unknown>;
  if (header.alg !== 'RSA-OAEP-256' || header.enc !== 'A256GCM') throw new Error('it has other algorithms');
  const contentKey = privateDecrypt({ key: privateKey, oaepHash: 'sha256' }, bytesOf(wrapped));
  const decipher = createDecipheriv('aes-256-gcm', contentKey, bytesOf(iv));
  decipher.setAAD(Buffer.from(head, 'ascii'));
  decipher.setAuthTag(bytesOf(tag));
  return { header, text: Buffer.concat([decipher.update(bytesOf(ciphertext)), decipher.final()]).toString('ascii') };
}

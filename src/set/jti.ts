import { hash } from 'node:crypto';

/**
 * The `jti` of a SET: the same for the same event, endpoint and part of it, on every try and after every restart; another
 * for another endpoint, since the audience differs. A UUID of version 8 (RFC 9562, section 5.8) from a SHA-256.
 *
 * @param part which of the event's SETs it is; the first has none
 */
export function jtiOf(eventId: string, endpoint: string, part = ''): string {
  const bytes = hash('sha256', JSON.stringify([endpoint, eventId, part]), 'buffer');
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

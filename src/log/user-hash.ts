import { createHmac, randomBytes } from 'node:crypto';
import type { Secret } from '../secret.js';

/**
 * How a user appears in the delivery log: HMAC-SHA256 of the user's id, the first 16 hex digits.
 *
 * @param key left out: a random one, so that the same user has another hash after a restart
 */
export function userHashWith(key: Secret | undefined): (userId: string) => string {
  const bytes = key === undefined ? randomBytes(32) : Buffer.from(key.reveal(), 'utf8');
  return (userId) => createHmac('sha256', bytes).update(userId, 'utf8').digest('hex').slice(0, 16);
}

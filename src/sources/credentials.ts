import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../secret.js';

/**
 * Whether a hexadecimal HMAC-SHA256 is that of the bytes with one of the secrets. Takes the same time for every
 * signature that has the right form.
 */
export function isSigned(bytes: Buffer, hex: unknown, secrets: readonly Secret[]): boolean {
  if (typeof hex !== 'string' || !/^[0-9a-fA-F]{64}$/.test(hex)) return false;
  const shown = Buffer.from(hex, 'hex');
  const matches = secrets.map((secret) =>
    timingSafeEqual(createHmac('sha256', secret.reveal()).update(bytes).digest(), shown),
  );
  return matches.includes(true);
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** What an `Authorization` header shows: the token of Bearer, and where `basic` allows it the password of Basic. */
function shownBy(authorization: string | undefined, basic: boolean): string | undefined {
  const [, scheme = '', rest = ''] = /^(\w+) +(\S+)$/.exec(authorization ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return rest;
  if (scheme.toLowerCase() !== 'basic' || !basic) return undefined;
  const pair = Buffer.from(rest, 'base64').toString('utf8');
  return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : undefined;
}

/** Whether an `Authorization` header shows the token (RFC 6750), or has it as the password of any user (RFC 7617). */
export function showsToken(
  authorization: string | undefined,
  token: Secret,
  { basic = false }: { readonly basic?: boolean } = {},
): boolean {
  const shown = shownBy(authorization, basic);
  return shown !== undefined && timingSafeEqual(digestOf(shown), digestOf(token.reveal()));
}

import type { EndpointConfig } from '../schema-types.js';
import type { Complaint } from './explain.js';
import { step } from './secrets.js';

/** Headers that Setwire, or HTTP itself, writes. */
const ownHeaders = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'webhook-id',
  'webhook-signature',
  'webhook-timestamp',
  'x-hub-signature',
  'x-wso2-event-signature',
]);

const whsec = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;

function secretComplaints(secret: string, scheme: string, pointer: string): Complaint[] {
  if (scheme !== 'standard-webhooks') {
    return secret.length >= 16
      ? []
      : [{ pointer, found: '[secret] that is too short', allowed: 'at least 16 characters' }];
  }
  const [, base64 = ''] = whsec.exec(secret) ?? [];
  const bytes = Buffer.from(base64, 'base64').length;
  return bytes >= 24 && bytes <= 64
    ? []
    : [{ pointer, found: '[secret] of another form', allowed: '`whsec_` and 24 to 64 bytes in base64' }];
}

/** Whether a signature's secrets suit its scheme. */
export function signatureOf({ signature }: EndpointConfig): Complaint[] {
  if (signature === undefined) return [];
  const { scheme, secret, previousSecret } = signature;
  const complaints = secretComplaints(secret, scheme, '/signature/secret');
  if (previousSecret === undefined) return complaints;
  if (scheme !== 'standard-webhooks') {
    const allowed = `it with \`standard-webhooks\` only: the header of \`${scheme}\` holds one signature`;
    return [...complaints, { pointer: '/signature/previousSecret', found: 'a second secret', allowed, key: true }];
  }
  return [...complaints, ...secretComplaints(previousSecret, scheme, '/signature/previousSecret')];
}

/** Whether `headers` leaves those alone that are written for it, and has each once. */
export function headersOf({ headers, auth }: EndpointConfig): Complaint[] {
  const seen = new Set<string>();
  return Object.keys(headers).flatMap((name) => {
    const same = name.toLowerCase();
    const complaint = (found: string, allowed: string): Complaint[] => [
      { pointer: `/headers${step(name)}`, found, allowed, key: true },
    ];
    if (same === 'authorization' && auth !== undefined)
      return complaint(`the header ${name}`, 'it without `auth`, which writes it');
    if (ownHeaders.has(same)) return complaint(`the header ${name}`, 'headers that Setwire does not write itself');
    if (seen.has(same)) return complaint(`the header ${name} once more`, 'each header once, in upper or lower case');
    seen.add(same);
    return [];
  });
}

import { createHmac } from 'node:crypto';
import type { Signature } from './endpoint.js';

/** What is signed, and when. */
export interface Signed {
  readonly body: Buffer;
  /** `webhook-id`: the `jti` of a single SET, else the batch's id. */
  readonly id: string;
  /** Of this attempt, in milliseconds: a later attempt is signed anew. */
  readonly sentAtMs: number;
}

/** Nothing can be signed with this secret, so nothing may be sent. The message holds no secret. */
export class SigningError extends Error {}

const hmac = (key: Buffer | string, ...parts: (Buffer | string)[]) => {
  // Anybody can sign with an empty key.
  if (key.length === 0) throw new SigningError('the signing secret is empty');
  const sum = createHmac('sha256', key);
  for (const part of parts) sum.update(part);
  return sum;
};

/**
 * The headers of a signature scheme.
 *
 * - `wso2`: WSO2 Identity Server's, over the bytes of the body
 * - `hub`: WebSub's (https://www.w3.org/TR/websub/#authenticated-content-distribution), over the bytes of the body
 * - `standard-webhooks`: over `id.timestamp.body`, with both secrets during a rotation
 *
 * @throws SigningError
 */
export function signatureHeaders(signature: Signature, { body, id, sentAtMs }: Signed): Record<string, string> {
  const secret = signature.secret.reveal();
  switch (signature.scheme) {
    case 'wso2':
      return { 'x-wso2-event-signature': `sha256=${hmac(secret, body).digest('hex')}` };
    case 'hub':
      return { 'x-hub-signature': `sha256=${hmac(secret, body).digest('hex')}` };
    case 'standard-webhooks': {
      const timestamp = String(Math.floor(sentAtMs / 1000));
      const signatureWith = (text: string): string => {
        const key = Buffer.from(text.replace(/^whsec_/, ''), 'base64');
        return `v1,${hmac(key, `${id}.${timestamp}.`, body).digest('base64')}`;
      };
      const secrets = [secret, ...(signature.previousSecret ? [signature.previousSecret.reveal()] : [])];
      return {
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': secrets.map(signatureWith).join(' '),
      };
    }
  }
}

import { createHmac } from 'node:crypto';

/** Kinds of what is concealed, so that a user and a session with the same id differ. */
export type Concealed = 'event' | 'user' | 'name' | 'address' | 'session' | 'token' | 'transaction' | 'user agent';

/**
 * Makes an id of what would tell who a user is: the same whenever it is met at this endpoint, another at every other
 * endpoint, so that receivers cannot join what they know (cf. OpenID Connect Core, section 8.1). HMAC-SHA256, base64url.
 */
export type Conceal = (kind: Concealed, text: string) => string;

export const concealWith =
  (secret: Uint8Array, endpoint: string, issuer: string | undefined): Conceal =>
  (kind, text) =>
    createHmac('sha256', secret)
      .update(JSON.stringify([endpoint, issuer ?? '', kind, text]), 'utf8')
      .digest('base64url');

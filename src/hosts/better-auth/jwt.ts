import { isRow, type Row } from './context.js';

/** The claims of a token that an endpoint has verified, or of one that it has made. */
export function claimsIn(jwt: string | undefined): Row {
  try {
    const claims: unknown = JSON.parse(Buffer.from(jwt?.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return isRow(claims) ? claims : {};
  } catch {
    return {};
  }
}

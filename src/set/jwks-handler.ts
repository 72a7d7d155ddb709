import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KeyRing } from './key-ring.js';
import { publishedBeforeMs } from './key-schedule.js';

/** Half the time for which a key is published before it signs. */
const maxAge = Math.floor(publishedBeforeMs / 2000);

/** A handler to mount in any Node server; resolves when it has answered. Never rejects. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

function answer(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
  isHead = false,
): void {
  response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(body)) });
  response.end(isHead ? undefined : body);
}

/**
 * Serves the JWK Set (RFC 7517, section 8.5.2) that receivers verify with. GET and HEAD, at whatever path it is mounted.
 *
 * @param onFailure is told why the keys cannot be served; the answer, a 503, does not say it
 */
export function jwksHandlerOf(ring: Pick<KeyRing, 'jwks'>, onFailure: (error: unknown) => void): Handler {
  return async (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return answer(response, 405, { allow: 'GET, HEAD', 'cache-control': 'no-store' }, '');
    try {
      const text = JSON.stringify(await ring.jwks());
      const headers = { 'content-type': 'application/jwk-set+json', 'cache-control': `public, max-age=${maxAge}` };
      answer(response, 200, headers, text, request.method === 'HEAD');
    } catch (error) {
      onFailure(error);
      answer(response, 503, { 'retry-after': '5', 'cache-control': 'no-store' }, '');
    }
  };
}

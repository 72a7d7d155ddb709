import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { FetchJwks } from '../set/receiver-jwks.js';
import { ReceiverKeyError } from '../set/receiver-key.js';
import type { Endpoint } from './endpoint.js';
import { attempt, clientOf } from './post.js';

/** An answer is cut there. */
const maxBytes = 64 * 1024;

const headers = { accept: 'application/jwk-set+json, application/json' };

/**
 * Gets a receiver's JWK Set by the endpoint's TLS settings and time limit, over a connection of its own; no retry, no redirect,
 * none of the endpoint's headers or credentials.
 */
export function fetchJwksWith({ tls, timeoutMs }: Pick<Endpoint, 'tls' | 'timeoutMs'>, now: () => number): FetchJwks {
  // Not those of the process, which keep connections: one that the server has just closed would fail.
  const agent = { http: new HttpAgent({ keepAlive: false }), https: new HttpsAgent({ keepAlive: false }) };
  const client = clientOf({ method: 'GET', agent }, tls);
  return async (url, signal = new AbortController().signal) => {
    const answer = await attempt(client, { timeoutMs, answerBytes: maxBytes }, url, undefined, headers, signal, now);
    if (answer.kind === 'failure') throw new ReceiverKeyError(`its JWKS URL: ${answer.code}, ${answer.detail}`);
    if (answer.status !== 200) throw new ReceiverKeyError(`its JWKS URL answered ${answer.status}`);
    if (Buffer.byteLength(answer.body) >= maxBytes) throw new ReceiverKeyError('its JWK Set is larger than 64 KB');
    return answer.body;
  };
}

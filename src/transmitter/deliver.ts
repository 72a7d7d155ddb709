import type { Auth, Batch, Deliver, Endpoint } from './endpoint.js';
import { clientCredentials, TokenError } from './oauth2.js';
import { pooledPostWith } from './pooled-post.js';
import { postWith } from './post.js';
import { requestOf } from './request.js';
import { SigningError, signatureHeaders } from './signature.js';

/**
 * Makes the attempts of one endpoint. A 401 to an OAuth 2 token is answered within the attempt, once, with a new token.
 * The endpoint's time limit is for each request of an attempt.
 *
 * @param now milliseconds
 */
export function deliverWith(
  endpoint: Endpoint,
  { now }: { now: () => number },
): { deliver: Deliver; close: () => void } {
  const { post, close } = pooledPostWith(endpoint, now);
  const forTokens = endpoint.auth?.type === 'oauth2' ? postWith(endpoint, now) : undefined;
  const tokens =
    endpoint.auth?.type === 'oauth2' && forTokens ? clientCredentials(endpoint.auth, forTokens.post, now) : undefined;
  const fixed = Object.fromEntries(
    Object.entries(endpoint.headers).map(([name, value]) => [name.toLowerCase(), value.reveal()]),
  );
  const credentials = authorizationOf(endpoint.auth);

  async function send(batch: Batch, signal: AbortSignal, authorization: string | undefined): ReturnType<Deliver> {
    const { body, contentType } = requestOf(batch, endpoint.batch.format);
    const only = batch.sets.length === 1 ? batch.sets[0] : undefined;
    const signed =
      endpoint.signature && signatureHeaders(endpoint.signature, { body, id: only?.jti ?? batch.id, sentAtMs: now() });
    const headers = {
      ...fixed,
      'content-type': contentType,
      ...signed,
      ...(authorization !== undefined && { authorization }),
    };
    return await post(endpoint.url, body, headers, signal);
  }

  async function deliver(batch: Batch, signal: AbortSignal): ReturnType<Deliver> {
    const startedAt = now();
    try {
      if (tokens === undefined) return await send(batch, signal, credentials);
      const token = await tokens.token(signal);
      const answer = await send(batch, signal, `Bearer ${token}`);
      if (answer.kind !== 'answer' || answer.status !== 401) return answer;
      tokens.refuse(token);
      return await send(batch, signal, `Bearer ${await tokens.token(signal)}`);
    } catch (error) {
      const { code, detail } = failureOf(error, signal);
      return { kind: 'failure', code, detail, durationMs: Math.max(0, now() - startedAt), bytes: 0 };
    }
  }

  return {
    deliver,
    close() {
      close();
      forTokens?.close();
    },
  };
}

function authorizationOf(auth: Auth | undefined): string | undefined {
  switch (auth?.type) {
    case 'bearer':
      return `Bearer ${auth.token.reveal()}`;
    case 'basic':
      return `Basic ${Buffer.from(`${auth.username}:${auth.password.reveal()}`, 'utf8').toString('base64')}`;
    default:
      return undefined;
  }
}

/** Why no request was made. The texts of errors that are not ours may hold a secret. */
function failureOf(error: unknown, signal: AbortSignal): { code: string; detail: string } {
  if (signal.aborted) return { code: 'ABORTED', detail: 'cut short because setwire stops' };
  if (error instanceof TokenError) return { code: 'OAUTH2_TOKEN_FAILED', detail: error.message };
  if (error instanceof SigningError)
    return { code: 'SIGNING_FAILED', detail: `${error.message}: nothing is sent unsigned` };
  return { code: 'REQUEST_NOT_MADE', detail: 'the request could not be made' };
}

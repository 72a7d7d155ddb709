import { SealError, type Sealer } from '../set/set.js';
import type { Auth, Batch, Deliver, Endpoint } from './endpoint.js';
import type { OutgoingSet } from './formats/format.js';
import { clientCredentials, TokenError } from './oauth2.js';
import { type Shape, shapeOf } from './packer.js';
import { pooledPostWith } from './pooled-post.js';
import { postWith } from './post.js';
import { formatOf } from './request.js';
import { SigningError, signatureHeaders } from './signature.js';

export interface DeliverDeps {
  /** Milliseconds. */
  readonly now: () => number;
  /** Of a profile whose SETs are signed: only what it gives is sent. */
  readonly sealer?: Sealer;
}

/** A JWS with a signature, or a JWE (RFC 7515, section 7.1; RFC 7516, section 7.1). */
const compact = /^[\w-]+\.([\w-]+|[\w-]*\.[\w-]+\.[\w-]+)\.[\w-]+$/;

/** Of an answer with something about each SET. */
const answerBytesPerSet = 1024;

/**
 * Makes the attempts of one endpoint. SETs are sealed anew for each, with the key that is current then. A 401 to an OAuth 2
 * token is answered within the attempt, once, with a new token. The endpoint's time limit is for each request of an attempt.
 */
export function deliverWith(
  endpoint: Endpoint,
  { now, sealer }: DeliverDeps,
): { deliver: Deliver; shape: Shape; close: () => void } {
  const { auth, delivery, batch: limits } = endpoint;
  const isPushed = delivery !== 'webhook';
  const moreBytes = delivery === 'multi-push' ? limits.maxEvents * answerBytesPerSet : 0;
  const { post, close: closePost } = pooledPostWith(endpoint, now, moreBytes);
  const forTokens = auth?.type === 'oauth2' ? postWith(endpoint, now) : undefined;
  const tokens = auth?.type === 'oauth2' && forTokens ? clientCredentials(auth, forTokens.post, now) : undefined;
  const fixed = Object.fromEntries(
    Object.entries(endpoint.headers).map(([name, value]) => [name.toLowerCase(), value.reveal()]),
  );
  const credentials = authorizationOf(endpoint.auth);
  const format = formatOf(endpoint, sealer !== undefined);

  async function outgoing({ sets }: Batch, signal: AbortSignal): Promise<readonly OutgoingSet[]> {
    if (sealer === undefined) {
      if (isPushed) throw new SealError('SIGNING_FAILED', 'there is no key to sign with');
      return sets.map((set) => ({ ...set, sent: set.text }));
    }
    const sealed = await sealer.seal(
      sets.map(({ text }) => text),
      signal,
    );
    return sets.map((set, index) => {
      const sent = sealed[index] ?? '';
      if (!compact.test(sent)) throw new SealError('SIGNING_FAILED', 'a SET was left without a signature');
      return { ...set, sent };
    });
  }

  async function send(batch: Batch, signal: AbortSignal, authorization: string | undefined): ReturnType<Deliver> {
    const body = Buffer.from(format.bodyOf(await outgoing(batch, signal)), 'utf8');
    const only = batch.sets.length === 1 ? batch.sets[0] : undefined;
    const signed =
      endpoint.signature && signatureHeaders(endpoint.signature, { body, id: only?.jti ?? batch.id, sentAtMs: now() });
    const headers = {
      ...fixed,
      'content-type': format.contentType,
      // RFC 8935, section 2.1.
      ...(isPushed && { accept: 'application/json' }),
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

  function close(): void {
    closePost();
    forTokens?.close();
  }

  return { deliver, shape: shapeOf(format, sealer), close };
}

function authorizationOf(auth: Auth | undefined): string | undefined {
  switch (auth?.type) {
    case 'bearer':
      return `Bearer ${auth.token.reveal()}`;
    case 'splunk':
      return `Splunk ${auth.token.reveal()}`;
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
  if (error instanceof SealError) return { code: error.code, detail: `${error.message}: nothing is sent unsealed` };
  if (error instanceof SigningError)
    return { code: 'SIGNING_FAILED', detail: `${error.message}: nothing is sent unsigned` };
  return { code: 'REQUEST_NOT_MADE', detail: 'the request could not be made' };
}

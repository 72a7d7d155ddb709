import { createRemoteJWKSet, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { type Receiver, startReceiver, type Verified } from './receivers.js';

/** Whose SETs a receiver believes in, and to whom they have to be addressed. */
export interface Trust {
  /** The issuer, once it is known where it listens. Its keys are at /ssf/jwks. */
  readonly issuer: () => string;
  readonly audience: string;
}

/** Verifies SETs of OpenID Shared Signals: as the README tells receivers to. */
function verifierFor({ issuer, audience }: Trust): (set: string) => Promise<Verified> {
  let keys: JWTVerifyGetKey | undefined;
  return async (set) => {
    keys ??= createRemoteJWKSet(new URL(`${issuer()}/ssf/jwks`), { cooldownDuration: 1000 });
    const { payload } = await jwtVerify(set, keys, {
      typ: 'secevent+jwt',
      algorithms: ['ES256'],
      issuer: issuer(),
      audience,
      requiredClaims: ['jti', 'iat', 'events'],
    });
    if ('exp' in payload || 'sub' in payload) throw new Error('this is no SET of Shared Signals');
    const { jti, events } = payload as { jti: string; events: object };
    if (Object.keys(events).length !== 1) throw new Error('a SET of Shared Signals has one event');
    return { jti, events };
  };
}

const json = { 'content-type': 'application/json' };

/** RFC 8935: one SET a request, answered with 202 or, with the reason, 400. */
export function startSsf(trust: Trust): Promise<Receiver> {
  const verify = verifierFor(trust);
  return startReceiver('ssf', async (body, request) => {
    if (request.headers['content-type'] !== 'application/secevent+jwt') return undefined;
    try {
      return { sets: [await verify(body.toString('utf8'))], answer: { status: 202 } };
    } catch {
      const refusal = { err: 'invalid_request', description: 'it could not be verified' };
      return { sets: [], refused: 1, answer: { status: 400, headers: json, body: JSON.stringify(refusal) } };
    }
  });
}

/** Multi-SET push: many SETs a request, each acknowledged or refused by its `jti`. */
export function startMulti(trust: Trust): Promise<Receiver> {
  const verify = verifierFor(trust);
  return startReceiver('multi', async (body) => {
    const { sets } = JSON.parse(body.toString('utf8')) as { sets: Readonly<Record<string, string>> };
    const settled = await Promise.all(
      Object.entries(sets).map(async ([jti, set]) => {
        const verified = await verify(set).catch(() => undefined);
        return { jti, verified: verified?.jti === jti ? verified : undefined };
      }),
    );
    const accepted = settled.flatMap(({ verified }) => verified ?? []);
    const bad = settled.filter(({ verified }) => verified === undefined);
    const refusal = { err: 'invalid_request', description: 'it could not be verified' };
    const said = {
      ack: accepted.map(({ jti }) => jti),
      ...(bad.length > 0 && { setErrs: Object.fromEntries(bad.map(({ jti }) => [jti, refusal])) }),
    };
    return {
      sets: accepted,
      refused: bad.length,
      answer: { status: 202, headers: json, body: JSON.stringify(said) },
    };
  });
}

import { dirname, resolve } from 'node:path';
import type { AuthConfig, Config, EncryptionConfig, EndpointConfig, SigningConfig } from '../schema-types.js';
import { Secret } from '../secret.js';
import { deliveryOf, whySingle } from './check-delivery.js';
import { intakeOf } from './intake-of.js';
import type { AuthSettings, EndpointSettings, Settings } from './settings.js';
import { bytesOf, msOf } from './units.js';

const secretOf = (text: string | undefined): Secret | undefined => (text === undefined ? undefined : new Secret(text));

function authOf(auth: AuthConfig): AuthSettings {
  switch (auth.type) {
    case 'bearer':
    case 'splunk':
      return { type: auth.type, token: new Secret(auth.token) };
    case 'basic':
      return { type: 'basic', username: auth.username, password: new Secret(auth.password) };
    case 'oauth2':
      return { ...auth, clientSecret: new Secret(auth.clientSecret) };
  }
}

/** The check has seen to it that there is one of both. */
function encryptionOf({ jwks, key, alg, enc }: EncryptionConfig): NonNullable<EndpointSettings['encryption']> {
  const how = { ...(alg !== undefined && { alg }), enc };
  return key === undefined ? { jwks: jwks ?? '', ...how } : { key, ...how };
}

function endpointOf(name: string, endpoint: EndpointConfig): EndpointSettings {
  const {
    auth,
    tls,
    signature,
    headers,
    timeout,
    batch,
    retry,
    circuit,
    from,
    allowInsecure: _,
    encryption,
    ...same
  } = endpoint;
  const key = secretOf(tls?.key);
  const passphrase = secretOf(tls?.passphrase);
  const previousSecret = secretOf(signature?.previousSecret);
  return {
    name,
    ...same,
    delivery: deliveryOf(endpoint),
    from: from === 'now' || from === 'beginning' ? from : Date.parse(from),
    where: same.where as EndpointSettings['where'],
    headers: Object.fromEntries(Object.entries(headers).map(([header, text]) => [header, new Secret(text)])),
    ...(auth && { auth: authOf(auth) }),
    ...(tls && {
      tls: {
        ...(tls.ca !== undefined && { ca: tls.ca }),
        ...(tls.cert !== undefined && { cert: tls.cert }),
        ...(key && { key }),
        ...(passphrase && { passphrase }),
      },
    }),
    ...(signature && {
      signature: {
        scheme: signature.scheme,
        secret: new Secret(signature.secret),
        ...(previousSecret && { previousSecret }),
      },
    }),
    ...(encryption && { encryption: encryptionOf(encryption) }),
    timeoutMs: msOf(timeout),
    batch: {
      format: batch.format,
      maxEvents: whySingle(endpoint) === undefined ? batch.maxEvents : 1,
      maxBytes: bytesOf(batch.maxBytes),
      maxWaitMs: msOf(batch.maxWait),
    },
    retry: {
      initialMs: msOf(retry.initial),
      maxMs: msOf(retry.max),
      maxAgeMs: msOf(retry.maxAge),
      maxAttempts: retry.maxAttempts,
      maxRetryAfterMs: msOf(retry.maxRetryAfter),
    },
    circuit: {
      failureRate: circuit.failureRate,
      windowMs: msOf(circuit.window),
      minAttempts: circuit.minAttempts,
      probeMs: msOf(circuit.probe),
      maxProbeMs: msOf(circuit.maxProbe),
    },
  };
}

function signingOf(
  { alg, keys, rotateEvery, overlap, key, published }: SigningConfig,
  file: string,
): Settings['signing'] {
  const own = secretOf(key);
  return {
    alg,
    directory: resolve(dirname(file), keys),
    rotateEveryMs: msOf(rotateEvery) === 0 ? Number.POSITIVE_INFINITY : msOf(rotateEvery),
    overlapMs: msOf(overlap),
    ...(own && { key: own }),
    ...(published && { published }),
  };
}

/** A config that has been checked, as the code uses it. */
export function settingsOf(config: Config, file: string, sources: readonly string[]): Settings {
  const { suspicious } = config.flows.login;
  const { session } = config.flows;
  const userKey = secretOf(config.log.userKey);
  return {
    file,
    sources,
    ...(config.issuer !== undefined && { issuer: config.issuer }),
    defaults: config.defaults,
    ssf: config.ssf,
    flows: {
      login: {
        suspicious: {
          failures: suspicious.failures,
          windowMs: msOf(suspicious.window),
          by: suspicious.by,
          maxTracked: suspicious.maxTracked,
        },
      },
      session: { presentedEveryMs: msOf(session.presentedEvery), maxSessions: session.maxSessions },
    },
    journal: config.journal,
    dataDir: resolve(dirname(file), config.dataDir),
    durability: config.durability,
    // A journal in memory is this thread's alone.
    transmitter: config.journal === 'memory' && config.transmitter === 'worker' ? 'inline' : config.transmitter,
    retention: {
      maxAgeMs: msOf(config.retention.maxAge),
      maxBytes: bytesOf(config.retention.maxSize),
      hardLimitBytes: bytesOf(config.retention.hardLimit),
      removedEndpointMs: msOf(config.retention.removedEndpoint),
    },
    buffer: { maxEvents: config.buffer.maxEvents, maxBytes: bytesOf(config.buffer.maxBytes) },
    deadLetters: { maxAgeMs: msOf(config.deadLetters.maxAge), maxCount: config.deadLetters.maxCount },
    log: {
      file: resolve(dirname(file), config.log.file),
      maxBytes: bytesOf(config.log.maxSize),
      keep: config.log.keep,
      ...(userKey && { userKey }),
      level: config.log.level,
    },
    signing: signingOf(config.signing, file),
    stopTimeoutMs: msOf(config.stopTimeout),
    ...(config.intake && { intake: intakeOf(config.intake, file) }),
    endpoints: Object.entries(config.endpoints).map(([name, endpoint]) => endpointOf(name, endpoint)),
  };
}

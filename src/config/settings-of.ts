import { dirname, resolve } from 'node:path';
import type { AuthConfig, Config, EndpointConfig } from '../schema-types.js';
import { Secret } from '../secret.js';
import type { AuthSettings, EndpointSettings, Settings } from './settings.js';
import { bytesOf, msOf } from './units.js';

const secretOf = (text: string | undefined): Secret | undefined => (text === undefined ? undefined : new Secret(text));

function authOf(auth: AuthConfig): AuthSettings {
  switch (auth.type) {
    case 'bearer':
      return { type: 'bearer', token: new Secret(auth.token) };
    case 'basic':
      return { type: 'basic', username: auth.username, password: new Secret(auth.password) };
    case 'oauth2':
      return { ...auth, clientSecret: new Secret(auth.clientSecret) };
  }
}

function endpointOf(name: string, endpoint: EndpointConfig): EndpointSettings {
  const { auth, tls, signature, headers, timeout, batch, retry, allowInsecure: _, ...same } = endpoint;
  const key = secretOf(tls?.key);
  const passphrase = secretOf(tls?.passphrase);
  const previousSecret = secretOf(signature?.previousSecret);
  return {
    name,
    ...same,
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
    timeoutMs: msOf(timeout),
    batch: {
      format: batch.format,
      maxEvents: batch.format === 'single' ? 1 : batch.maxEvents,
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
  };
}

/** A config that has been checked, as the code uses it. */
export function settingsOf(config: Config, file: string): Settings {
  const { suspicious } = config.flows.login;
  const { session } = config.flows;
  const userKey = secretOf(config.log.userKey);
  return {
    file,
    ...(config.issuer !== undefined && { issuer: config.issuer }),
    defaults: config.defaults,
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
    journal: {
      kind: config.journal.kind,
      maxEvents: config.journal.maxEvents,
      maxBytes: bytesOf(config.journal.maxBytes),
    },
    log: {
      file: resolve(dirname(file), config.log.file),
      maxBytes: bytesOf(config.log.maxSize),
      keep: config.log.keep,
      ...(userKey && { userKey }),
      level: config.log.level,
    },
    stopTimeoutMs: msOf(config.stopTimeout),
    endpoints: Object.entries(config.endpoints).map(([name, endpoint]) => endpointOf(name, endpoint)),
  };
}

import { dirname, resolve } from 'node:path';
import type { IntakeConfig, SourceConfig } from '../schema-types.js';
import { Secret } from '../secret.js';
import type { IntakeSettings, SourceSettings } from './settings.js';
import { bytesOf } from './units.js';

/** Where the intake listens: a socket's path, or a host (an IPv6 address without its brackets) and a port. */
export function addressOf(listen: string): IntakeSettings['listen'] {
  if (listen.startsWith('unix:')) return { socket: listen.slice('unix:'.length) };
  const colon = listen.lastIndexOf(':');
  return { host: listen.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(listen.slice(colon + 1)) };
}

/** Where a source takes events; undefined: it reads a file. */
export function pathOf(name: string, source: SourceConfig): string | undefined {
  return source.type === 'keycloak-log' ? undefined : (source.path ?? `/${name}`);
}

const secretsOf = (...texts: readonly (string | undefined)[]): Secret[] =>
  texts.flatMap((text) => (text === undefined ? [] : [new Secret(text)]));

function sourceOf(name: string, source: SourceConfig, file: string): SourceSettings {
  const path = pathOf(name, source) ?? '';
  switch (source.type) {
    case 'wso2':
      return { type: source.type, name, path, secrets: secretsOf(source.secret, source.previousSecret) };
    case 'keycloak': {
      const secrets = secretsOf(source.secret, source.previousSecret);
      const [token] = secretsOf(source.token);
      return { type: source.type, name, path, secrets, ...(token && { token }) };
    }
    case 'keycloak-log':
      return { type: source.type, name, file: resolve(dirname(file), source.file), from: source.from };
    case 'identity-event':
      return { type: source.type, name, path, token: new Secret(source.token) };
  }
}

/** @param file absolute path of the config file */
export function intakeOf({ listen, maxBytes, sources }: IntakeConfig, file: string): IntakeSettings {
  return {
    listen: addressOf(listen),
    maxBytes: bytesOf(maxBytes),
    sources: Object.entries(sources).map(([name, source]) => sourceOf(name, source, file)),
  };
}

import { EventEmitter } from 'node:events';
import { SetwireError } from '../errors.js';
import { eventEmitterHost } from './event-emitter.js';
import type { Host } from './host.js';
import { isOidcProvider, oidcProviderHost } from './oidc-provider.js';

export type HostKind = 'oidc-provider' | 'event-emitter';

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** A `Host` of somebody's own: it is named and can be listened to, and is itself no bus. */
const isHost = (value: unknown): value is Host =>
  isObject(value) &&
  typeof value.name === 'string' &&
  typeof value.on === 'function' &&
  typeof value.emit !== 'function';

const isEmitter = (value: unknown): value is EventEmitter =>
  value instanceof EventEmitter ||
  (isObject(value) && ['on', 'off', 'emit'].every((name) => typeof value[name] === 'function'));

/**
 * The host that an identity server is.
 *
 * @param kind which one; left out: found out
 * @throws SetwireError SETWIRE_HOST_UNSUPPORTED
 */
export function hostOf(target: unknown, kind?: HostKind): Host {
  if (kind === undefined && isHost(target)) return target;
  if (isEmitter(target)) {
    if (kind !== 'event-emitter' && isOidcProvider(target)) return oidcProviderHost(target);
    if (kind !== 'oidc-provider') return eventEmitterHost(target);
  }
  const found = isObject(target)
    ? `an object of ${target.constructor?.name ?? 'no class'}`
    : String(target === null ? 'null' : typeof target);
  const allowed =
    kind ??
    'an oidc-provider Provider, a Node EventEmitter whose event names are the canonical types, or a Host of your own';
  throw new SetwireError(
    'SETWIRE_HOST_UNSUPPORTED',
    `setwire cannot attach to this: found ${found}, allowed: ${allowed}`,
  );
}

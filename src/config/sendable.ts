import { Secret } from '../secret.js';

/**
 * Settings as another thread can be given them, and as they can be compared. A secret becomes a map with its text, which
 * no config holds otherwise.
 */
export function sendable(value: unknown): unknown {
  if (value instanceof Secret) return new Map([['secret', value.reveal()]]);
  if (Array.isArray(value)) return value.map(sendable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, sendable(member)]));
}

/** What was made sendable, as it was: deeply frozen. */
export function received(value: unknown): unknown {
  if (value instanceof Map) return new Secret(String(value.get('secret')));
  if (Array.isArray(value)) return Object.freeze(value.map(received));
  if (typeof value !== 'object' || value === null) return value;
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([name, member]) => [name, received(member)])));
}

import { isDeepStrictEqual } from 'node:util';
import { sendable } from './sendable.js';
import type { Settings } from './settings.js';

/** Whether a change applies at the next start only; it has to be said of each setting. */
const atNextStart: Readonly<Record<keyof Settings, boolean>> = {
  file: false,
  sources: false,
  issuer: false,
  defaults: false,
  ssf: false,
  flows: true,
  journal: true,
  dataDir: true,
  durability: true,
  transmitter: true,
  retention: true,
  buffer: true,
  deadLetters: true,
  log: true,
  signing: true,
  stopTimeoutMs: false,
  intake: true,
  endpoints: false,
};

/** Names of the settings that have changed and apply at the next start only. */
export function changedForNextStart(running: Settings, next: Settings): string[] {
  const names = Object.keys(atNextStart) as (keyof Settings)[];
  return names.filter((name) => atNextStart[name] && !isDeepStrictEqual(sendable(running[name]), sendable(next[name])));
}

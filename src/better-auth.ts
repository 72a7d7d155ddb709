import { resolve } from 'node:path';
import { checkQuery } from './adapter.js';
import { loadConfig } from './config/load.js';
import { betterAuthOptionsOf } from './config/options.js';
import { betterAuthHost } from './hosts/better-auth/host.js';
import type { PluginParts } from './hosts/better-auth/parts.js';
import { type Attachment, attachTo } from './plugin.js';
import { version } from './version.js';

/** What `setwire` is given; the schema is `schemas/better-auth-options.schema.json`. */
export interface SetwireOptions {
  /** The config file, YAML or JSON; relative to the working directory. Default: `setwire.yaml`. */
  readonly config?: string;
  /** Given: an answer waits until the journal has its request's events, for `timeout` (`500ms`) at most. Default: it does not. */
  readonly await?: { readonly timeout?: string };
}

/** A plugin of better-auth, and the attachment behind it. */
export interface SetwirePlugin extends PluginParts, Attachment {
  readonly id: 'setwire';
  readonly version: string;
}

/**
 * Setwire as a plugin of better-auth 1.7: `betterAuth({ plugins: [..., setwire({ config: './setwire.yaml' })] })`.
 *
 * Never throws and never fails a request: with a config that cannot be used it says so on standard error, and the
 * application goes on without it. better-auth has no stop of its own: call `detach` before the process ends.
 */
export function setwire(options: SetwireOptions = {}): SetwirePlugin {
  let emit: Attachment['emit'] | undefined;
  const waiting = waitOf(options);
  const { host, parts, settled } = betterAuthHost(
    waiting === undefined ? undefined : { limitMs: waiting, emit: async (event) => emit?.(event) },
  );
  const attachment = attachTo(host, () => {
    const { config } = betterAuthOptionsOf(options);
    return { settings: loadConfig(resolve(config), { env: process.env, checkQuery }) };
  });
  emit = attachment.emit;
  return {
    id: 'setwire',
    version,
    ...parts,
    ...attachment,
    async detach() {
      await settled();
      await attachment.detach();
    },
  };
}

/** Options that cannot be used are told when they are read for the attachment. */
function waitOf(options: SetwireOptions): number | undefined {
  try {
    return betterAuthOptionsOf(options).awaitMs;
  } catch {
    return undefined;
  }
}

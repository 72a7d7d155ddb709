import { resolve } from 'node:path';
import { checkQuery, operatorLog } from './adapter.js';
import { loadConfig } from './config/load.js';
import { betterAuthOptionsOf } from './config/options.js';
import { messageOf, SetwireError } from './errors.js';
import { betterAuthHost } from './hosts/better-auth/host.js';
import type { PluginParts } from './hosts/better-auth/parts.js';
import type { Host } from './hosts/host.js';
import { type Attachment, attachTo } from './plugin.js';
import { version } from './version.js';

/** What `setwire` is given; the schema is `schemas/better-auth-options.schema.json`. */
export interface SetwireOptions {
  /** The config file, YAML or JSON; relative to the working directory. Default: `setwire.yaml`. */
  readonly config?: string;
  /** Given: an answer waits until the journal has its request's events, for `timeout` (`500ms`) at most. Default: it does not. */
  readonly await?: { readonly timeout?: string };
}

/** A Setwire that is attached already: what `attach` gave, or an extension that was loaded. */
export interface SharedAttachment {
  readonly emit: Attachment['emit'];
  /** An extension that lacks it cannot be shared. */
  readonly listen?: Attachment['listen'];
}

/** What `setwire` is given where better-auth shares the Setwire of another host in its process. */
export interface SharedSetwireOptions extends Pick<SetwireOptions, 'await'> {
  /** It has the config, and its `detach` ends both. */
  readonly attachment: SharedAttachment;
  readonly config?: never;
}

/** A plugin of better-auth, without an attachment of its own. */
export interface SharedSetwirePlugin extends PluginParts {
  readonly id: 'setwire';
  readonly version: string;
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
 * With `attachment` it tells that one what better-auth does: one journal, one delivery, one `detach` for both hosts.
 */
export function setwire(options: SharedSetwireOptions): SharedSetwirePlugin;
export function setwire(options?: SetwireOptions): SetwirePlugin;
export function setwire(options: SetwireOptions | SharedSetwireOptions = {}): SetwirePlugin | SharedSetwirePlugin {
  let emit: Attachment['emit'] | undefined;
  const shared = 'attachment' in options ? options.attachment : undefined;
  const own = shared === undefined ? options : { ...(options.await && { await: options.await }) };
  const waiting = waitOf(own);
  const { host, parts } = betterAuthHost(
    waiting === undefined ? undefined : { limitMs: waiting, emit: async (event) => emit?.(event) },
  );
  if (shared !== undefined) {
    emit = shared.emit;
    share(shared, host, own);
    return { id: 'setwire', version, ...parts };
  }
  const attachment = attachTo(host, () => {
    const { config } = betterAuthOptionsOf(own);
    return { settings: loadConfig(resolve(config), { env: process.env, checkQuery }) };
  });
  emit = attachment.emit;
  return {
    id: 'setwire',
    version,
    ...parts,
    ...attachment,
  };
}

/** better-auth goes on without it where it cannot be shared. */
function share(attachment: SharedAttachment, host: Host, own: SetwireOptions): void {
  try {
    betterAuthOptionsOf(own);
    if (attachment.listen === undefined)
      throw new SetwireError('SETWIRE_HOST_UNSUPPORTED', 'the attachment cannot listen to another host');
    attachment.listen(host);
  } catch (error) {
    operatorLog('info')('error', `not attached to better-auth: ${messageOf(error)}`);
  }
}

/** Options that cannot be used are told when they are read for the attachment. */
function waitOf(options: SetwireOptions): number | undefined {
  try {
    return betterAuthOptionsOf(options).awaitMs;
  } catch {
    return undefined;
  }
}

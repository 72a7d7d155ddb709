import { resolve } from 'node:path';
import { ConfigError } from '../errors.js';
import type { BetterAuthPluginOptions, PluginOptions } from '../schema-types.js';
import { type Validator, validatorOf } from '../schemas.js';
import { loadConfig } from './load.js';
import type { Settings } from './settings.js';
import { msOf } from './units.js';

const attachOptions = validatorOf('plugin-options.schema.json', { defaults: true });
const betterAuthOptions = validatorOf('better-auth-options.schema.json', { defaults: true });

type CheckQuery = (query: Readonly<Record<string, unknown>>) => string | undefined;

/** A copy of the options with their defaults. @throws ConfigError */
function checked(options: unknown, validate: Validator, whose: string, allowed: string): unknown {
  const given: unknown = typeof options === 'object' && options !== null ? { ...options } : (options ?? {});
  const violations = validate(given);
  if (violations.length === 0) return given;
  const problems = violations.map(({ pointer, message }) => ({
    file: `the options of ${whose}`,
    path: pointer.slice(1).replaceAll('/', '.'),
    found: message,
    allowed,
  }));
  const words = problems.map(({ path, found }) => `${path} ${found}`.trim()).join('; ');
  throw new ConfigError('SETWIRE_CONFIG_INVALID', `the options of ${whose} cannot be used: ${words}`, problems);
}

/**
 * What an identity server handed to `attach`, with the config file read.
 *
 * @throws ConfigError for options or a config file that cannot be used
 */
export function optionsOf(
  options: unknown,
  env: NodeJS.ProcessEnv,
  checkQuery: CheckQuery,
): { settings: Settings; kind?: NonNullable<PluginOptions['host']> } {
  const allowed = '{ config: "setwire.yaml", host: "oidc-provider" | "event-emitter" }';
  const { config, host } = checked(options, attachOptions, 'attach', allowed) as PluginOptions;
  return { settings: loadConfig(resolve(config), { env, checkQuery }), ...(host && { kind: host }) };
}

/**
 * What an application handed to the plugin for better-auth, without the config file read.
 *
 * @throws ConfigError
 */
export function betterAuthOptionsOf(options: unknown): { config: string; awaitMs?: number } {
  // What has a default is filled in where it stands, and what the application holds stays as it is.
  const given = options as { readonly await?: unknown } | null | undefined;
  const own = typeof given?.await === 'object' ? { ...given, await: { ...given.await } } : options;
  const allowed = '{ config: "setwire.yaml", await: { timeout: "500ms" } }';
  const checkedOptions = checked(own, betterAuthOptions, 'the plugin for better-auth', allowed);
  const { config, await: waiting } = checkedOptions as BetterAuthPluginOptions;
  return { config, ...(waiting && { awaitMs: msOf(waiting.timeout) }) };
}

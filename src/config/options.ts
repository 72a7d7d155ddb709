import { resolve } from 'node:path';
import { ConfigError } from '../errors.js';
import type { PluginOptions } from '../schema-types.js';
import { validatorOf } from '../schemas.js';
import { loadConfig } from './load.js';
import type { Settings } from './settings.js';

const validate = validatorOf('plugin-options.schema.json', { defaults: true });

/**
 * What an identity server handed to `attach`, with the config file read.
 *
 * @throws ConfigError for options or a config file that cannot be used
 */
export function optionsOf(
  options: unknown,
  env: NodeJS.ProcessEnv,
  checkQuery: (query: Readonly<Record<string, unknown>>) => string | undefined,
): { settings: Settings; kind?: NonNullable<PluginOptions['host']> } {
  const given: unknown = typeof options === 'object' && options !== null ? { ...options } : (options ?? {});
  const violations = validate(given);
  if (violations.length > 0) {
    const problems = violations.map(({ pointer, message }) => ({
      file: 'the options of attach',
      path: pointer.slice(1).replaceAll('/', '.'),
      found: message,
      allowed: '{ config: "setwire.yaml", host: "oidc-provider" | "event-emitter" }',
    }));
    const words = problems.map(({ path, found }) => `${path} ${found}`.trim()).join('; ');
    throw new ConfigError('SETWIRE_CONFIG_INVALID', `the options of attach cannot be used: ${words}`, problems);
  }
  const { config, host } = given as PluginOptions;
  return { settings: loadConfig(resolve(config), { env, checkQuery }), ...(host && { kind: host }) };
}

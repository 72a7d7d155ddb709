import { resolve } from 'node:path';
import { ConfigError, type ConfigProblem } from '../errors.js';
import type { Config } from '../schema-types.js';
import { validatorOf } from '../schemas.js';
import { type CheckDeps, crossCheck } from './checks.js';
import { type Complaint, complaintsOf } from './explain.js';
import { fillIn, type Json } from './secrets.js';
import type { Settings } from './settings.js';
import { settingsOf } from './settings-of.js';
import { readSource } from './source.js';

const validate = validatorOf('config.schema.json', { defaults: true });

export interface LoadOptions extends CheckDeps {
  /** Where `${env:NAME}` is looked up. */
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Reads a config file: YAML or JSON, secrets, schema, defaults, units, how settings fit together.
 *
 * @returns the settings, deeply frozen
 * @throws ConfigError with everything that is wrong: SETWIRE_CONFIG_UNREADABLE, SETWIRE_CONFIG_INVALID, or
 *   SETWIRE_SECRET_MISSING where only secrets are
 */
export function loadConfig(path: string, options: LoadOptions): Settings {
  const file = resolve(path);
  const source = readSource(path);
  const { value, pointers, unfilled } = fillIn(source.value, file, options.env);
  const missing = new Set(unfilled.map(({ pointer }) => pointer));
  const config = structuredClone(value) as Json;

  const secret = (pointer: string): boolean => pointers.has(pointer);
  const violations = validate(config).filter(({ pointer }) => !missing.has(pointer));
  const hidden = new Set(
    violations
      .filter(({ pointer, schema }) => secret(pointer) || schema['x-secret'] === true)
      .map(({ pointer }) => pointer),
  );
  const complaints: Complaint[] = complaintsOf(violations, value).map((complaint) =>
    hidden.has(complaint.pointer) ? { ...complaint, found: '[secret]' } : complaint,
  );
  // How settings fit together is a question for settings that are right by themselves.
  if (complaints.length === 0) {
    const checks = crossCheck(config as unknown as Config, options);
    complaints.push(...checks.filter(({ pointer }) => !missing.has(pointer)));
  }
  const invalid = complaints.length > 0;
  complaints.push(...unfilled);
  if (complaints.length === 0) return deepFreeze(settingsOf(config as unknown as Config, file));

  const problems = complaints.map(({ pointer, found, allowed, key }) => ({
    file: path,
    ...source.placeOf(pointer, key),
    path: pointer.slice(1).replace(/\//g, '.').replace(/~1/g, '/').replace(/~0/g, '~'),
    found,
    allowed,
  }));
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  throw new ConfigError(
    invalid ? 'SETWIRE_CONFIG_INVALID' : 'SETWIRE_SECRET_MISSING',
    formatProblems(problems),
    problems,
  );
}

/** One line for each problem: `setwire.yaml:12:5 endpoints.crm.timeout: found "10 seconds", allowed: ...`. */
export function formatProblems(problems: readonly ConfigProblem[]): string {
  return problems
    .map(({ file, line, column, path, found, allowed }) => {
      const place = [file, line, column].filter((part) => part !== undefined).join(':');
      return `${place}${path === '' ? '' : ` ${path}`}: found ${found}, allowed: ${allowed}`;
    })
    .join('\n');
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}

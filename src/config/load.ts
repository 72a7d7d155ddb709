import { resolve } from 'node:path';
import { ConfigError, type ConfigProblem } from '../errors.js';
import type { Config } from '../schema-types.js';
import { validatorOf } from '../schemas.js';
import { type CheckDeps, crossCheck } from './checks.js';
import { type Complaint, clipped, complaintsOf, valueAt } from './explain.js';
import { fillIn, type Json, step } from './secrets.js';
import type { Settings } from './settings.js';
import { settingsOf } from './settings-of.js';
import { readSource } from './source.js';

const validate = validatorOf('config.schema.json', { defaults: true });

export interface LoadOptions extends CheckDeps {
  /** Where `${env:NAME}` is looked up. */
  readonly env: NodeJS.ProcessEnv;
  /** Only these settings of the file are read, the others are at their defaults: an operator's shell seldom has all secrets. */
  readonly only?: readonly (keyof Config)[];
}

const pickedOf = (value: Json, only: readonly string[]): Json => {
  const all = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  return { endpoints: {}, ...Object.fromEntries(all.filter(([name]) => only.includes(name))) };
};

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
  const read = options.only === undefined ? source.value : pickedOf(source.value, options.only);
  const { value, pointers, unfilled, files } = fillIn(read, file, options.env);
  const missing = new Set(unfilled.map(({ pointer }) => pointer));
  const config = structuredClone(value) as Json;

  const violated = complaintsOf(validate(config), value);
  // A text that could not be filled in breaks its schema as well: that is told once.
  const mistakes = violated.filter(({ pointer }) => !missing.has(pointer));
  const told = new Set(mistakes.map(({ pointer }) => pointer));
  mistakes.push(...forbiddenNames(value).filter(({ pointer }) => !told.has(pointer)));
  const unsound = violated.filter(({ key }) => key !== true).map(({ pointer }) => pointer);
  const checks = crossCheck(config as unknown as Config, {
    ...options,
    isWritten: (pointer) => valueAt(value, pointer) !== undefined,
    isUnsound: (pointer) => unsound.some((wrong) => isWithin(wrong, pointer) || isWithin(pointer, wrong)),
  });
  mistakes.push(...checks.filter(({ pointer }) => !missing.has(pointer)));
  const complaints = [...mistakes, ...unfilled];
  if (complaints.length === 0) return deepFreeze(settingsOf(config as unknown as Config, file, [file, ...files]));

  // What came from outside the file is not shown, wherever it went.
  const isFilled = (place: string): boolean => [...pointers].some((pointer) => isWithin(pointer, place));
  const problems = complaints.map(({ pointer, found, allowed, ...kind }: Complaint) => ({
    file: path,
    ...source.placeOf(pointer, kind.key),
    path: pathOf(pointer),
    found: kind.quotes === true && isFilled(pointer) ? '[secret]' : found,
    allowed,
  }));
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  const onlyMissing = mistakes.length === 0 && unfilled.every((each) => each.missing);
  throw new ConfigError(
    onlyMissing ? 'SETWIRE_SECRET_MISSING' : 'SETWIRE_CONFIG_INVALID',
    formatProblems(problems),
    problems,
    { sources: [file, ...files] },
  );
}

/** A JSON pointer as an operator reads it. */
function pathOf(pointer: string): string {
  const names = pointer.split('/').slice(1);
  return names.map((name) => clipped(name.replace(/~1/g, '/').replace(/~0/g, '~'))).join('.');
}

/** Whether a place is another or stands in it; both are JSON pointers. */
const isWithin = (place: string, outer: string): boolean => place === outer || place.startsWith(`${outer}/`);

/** Names by which code reaches what all objects share, at places where the schema takes any name. */
function forbiddenNames(value: Json, pointer = ''): Complaint[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const place = pointer + step(name);
    if (!['__proto__', 'constructor', 'prototype'].includes(name)) return forbiddenNames(member as Json, place);
    return [{ pointer: place, found: `the name \`${name}\``, allowed: 'another name', key: true }];
  });
}

// Controls, what turns the direction of writing round, line and paragraph separators: nothing that a terminal obeys.
const unsafe = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;
const escaped = (character: string): string => `\\u{${character.codePointAt(0)?.toString(16)}}`;

/** One line for each problem: `setwire.yaml:12:5 endpoints.crm.timeout: found "10 seconds", allowed: ...`. */
export function formatProblems(problems: readonly ConfigProblem[]): string {
  return problems
    .map(({ file, line, column, path, found, allowed }) => {
      const place = [file, line, column].filter((part) => part !== undefined).join(':');
      return `${place}${path === '' ? '' : ` ${path}`}: found ${found}, allowed: ${allowed}`.replace(unsafe, escaped);
    })
    .join('\n');
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}

import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const folder = new URL('../schemas/', import.meta.url);
const base = 'setwire:/schemas/';

/** One way in which a value breaks its schema. Holds no part of the value. */
export interface Violation {
  /** JSON pointer to the offending place. */
  readonly pointer: string;
  readonly keyword: string;
  /** What is wrong, in words, with the offending member's name where there is one. */
  readonly message: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The schema whose keyword it is; empty unless the validator fills in defaults. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** Checks a value; fills defaults in place where the validator was asked to. Empty: it is valid. */
export type Validator = (value: unknown) => readonly Violation[];

function newAjv(useDefaults: boolean): Ajv2020 {
  const ajv = new Ajv2020({
    strict: true,
    // `if` and `then` speak of members that stand beside them, which strictRequired cannot see.
    strictRequired: false,
    allowUnionTypes: true,
    allErrors: true,
    discriminator: true,
    useDefaults,
    // A config's mistakes are explained from the schema; an event's errors must not carry the event about.
    verbose: useDefaults,
    keywords: ['x-secret'],
  });
  addFormats.default(ajv);
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (file.endsWith('.schema.json')) ajv.addSchema(JSON.parse(readFileSync(new URL(file, folder), 'utf8')));
  }
  return ajv;
}

const instances = new Map<boolean, Ajv2020>();

/** One instance for values that are checked, one for those that defaults are filled in: made at first use. */
function ajvOf(useDefaults: boolean): Ajv2020 {
  const ajv = instances.get(useDefaults) ?? newAjv(useDefaults);
  instances.set(useDefaults, ajv);
  return ajv;
}

/**
 * The validator of a schema, compiled once and at first use.
 *
 * @param file path below `schemas/`, e.g. `wso2/login-success.schema.json`
 * @param options `defaults: true` fills in the schema's defaults in the value that is checked
 */
export function validatorOf(file: string, options: { readonly defaults?: boolean } = {}): Validator {
  let compiled: ValidateFunction | undefined;
  return (value) => {
    if (compiled === undefined) {
      compiled = ajvOf(options.defaults ?? false).getSchema(base + file);
      if (compiled === undefined) throw new Error(`there is no schema ${file}`);
    }
    return compiled(value) ? [] : (compiled.errors ?? []).map(violationOf);
  };
}

const texts = new Map<string, string>();

/** A schema as it is, a copy each time; for those who want to read it. `file` is its path below `schemas/`. */
export function schemaOf(file: string): Readonly<Record<string, unknown>> {
  const text = texts.get(file) ?? readFileSync(new URL(file, folder), 'utf8');
  texts.set(file, text);
  return JSON.parse(text);
}

/**
 * The validator of a schema that is not ours: an extension's. Draft 2020-12, unknown keywords allowed.
 *
 * @throws Error if it cannot be compiled
 */
export function validatorFor(schema: object): Validator {
  if ('$async' in schema) throw new Error('asynchronous schemas ($async) are not supported');
  // An Ajv of its own: two extensions may use the same `$id`.
  const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false });
  addFormats.default(ajv);
  const compiled = ajv.compile(schema);
  return (value) => (compiled(value) ? [] : (compiled.errors ?? []).map(violationOf));
}

function violationOf(error: ErrorObject): Violation {
  const { additionalProperty, unevaluatedProperty, allowedValues } = error.params;
  const name = additionalProperty ?? unevaluatedProperty;
  const allowed = Array.isArray(allowedValues) ? `: ${allowedValues.join(', ')}` : '';
  return {
    pointer: error.instancePath,
    keyword: error.keyword,
    message: `${error.message ?? error.keyword}${name === undefined ? '' : `: ${name}`}${allowed}`,
    params: error.params,
    schema: error.parentSchema ?? {},
  };
}

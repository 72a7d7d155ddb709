import type { Violation } from '../schemas.js';
import { didYouMean } from './did-you-mean.js';
import { type Json, step } from './secrets.js';

/** What is wrong at one place of the config, before it is known where in the file that is. */
export interface Complaint {
  /** JSON pointer. */
  readonly pointer: string;
  readonly found: string;
  readonly allowed: string;
  /** It is the setting's name that is wrong, not its value. */
  readonly key?: boolean;
}

/** The value at a JSON pointer. */
export function valueAt(value: Json, pointer: string): Json | undefined {
  let at: Json | undefined = value;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replace(/~1/g, '/').replace(/~0/g, '~');
    at =
      typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? (at as Record<string, Json>)[name] : undefined;
  }
  return at;
}

/** A value as an operator wrote it, cut. */
export function shown(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

type Schema = Readonly<Record<string, unknown>>;

const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null;
const listed = (values: readonly unknown[]): string => values.map((value) => String(value)).join(', ');

/** What a setting may be, in words: its own description and examples. */
function wordsOf(schema: Schema): string {
  const description = typeof schema.description === 'string' ? schema.description : '';
  const examples = Array.isArray(schema.examples) ? ` (${listed(schema.examples)})` : '';
  if (description !== '') return `${description.replace(/\.$/, '')}${examples}`;
  return typeof schema.pattern === 'string' ? `what matches ${schema.pattern}` : `${schema.type ?? 'another value'}`;
}

function unknownSetting({ pointer, params, schema }: Violation): Complaint {
  const name = String(params.additionalProperty);
  const known = isSchema(schema.properties) ? Object.keys(schema.properties) : [];
  const meant = didYouMean(name, known);
  const allowed = meant === undefined ? `one of ${listed(known)}` : `did you mean \`${meant}\`?`;
  return { pointer: pointer + step(name), found: `a setting \`${name}\` that does not exist`, allowed, key: true };
}

function missingSetting({ pointer, params, schema }: Violation): Complaint {
  const name = String(params.missingProperty);
  const property = isSchema(schema.properties) ? schema.properties[name] : undefined;
  return {
    pointer: pointer + step(name),
    found: 'nothing',
    allowed: isSchema(property) && property.description ? `\`${name}\`: ${wordsOf(property)}` : `\`${name}\``,
  };
}

const bounds: Readonly<Record<string, (limit: unknown) => string>> = {
  minimum: (limit) => `${limit} or more`,
  maximum: (limit) => `${limit} or less`,
  minLength: (limit) => `at least ${limit} character${limit === 1 ? '' : 's'}`,
  maxLength: (limit) => `at most ${limit} characters`,
  minItems: (limit) => `at least ${limit} of them`,
  maxProperties: (limit) => `at most ${limit} of them`,
};

/** The violations at one place, as one complaint: the one that says most. */
function complaintOf(violations: readonly Violation[], value: Json): Complaint {
  const { pointer } = violations[0] as Violation;
  const found = shown(valueAt(value, pointer));
  const the = (keyword: string): Violation | undefined => violations.find((violation) => violation.keyword === keyword);
  const names = the('propertyNames');
  if (names !== undefined) {
    const name = String(names.params.propertyName);
    return {
      pointer: pointer + step(name),
      found: `the name \`${name}\``,
      allowed: 'lower-case letters, digits, - and _, at most 63',
      key: true,
    };
  }
  const type = the('type');
  if (type !== undefined)
    return {
      pointer,
      found,
      allowed: isSchema(type.schema) && type.schema.description ? wordsOf(type.schema) : `${type.params.type}`,
    };
  const tag = the('discriminator');
  if (tag !== undefined) {
    const name = String(tag.params.tag);
    const tags = Array.isArray(tag.schema.oneOf)
      ? tag.schema.oneOf.map((branch) => branch?.properties?.[name]?.const)
      : [];
    return {
      pointer: pointer + step(name),
      found: shown(valueAt(value, pointer + step(name))),
      allowed: `one of ${listed(tags)}`,
    };
  }
  const choices = violations.flatMap(({ keyword, params }) =>
    keyword === 'enum' && Array.isArray(params.allowedValues) ? params.allowedValues.map(String) : [],
  );
  const given = valueAt(value, pointer);
  const meant = typeof given === 'string' ? didYouMean(given, choices) : undefined;
  const any = the('anyOf');
  if (any !== undefined)
    return {
      pointer,
      found,
      allowed: `${wordsOf(any.schema)}${meant === undefined ? '' : `; did you mean \`${meant}\`?`}`,
    };
  if (choices.length > 0)
    return {
      pointer,
      found,
      allowed: `one of ${listed(choices)}${meant === undefined ? '' : `; did you mean \`${meant}\`?`}`,
    };
  const { keyword, params, schema, message } = violations[0] as Violation;
  const bound = bounds[keyword];
  if (bound !== undefined) return { pointer, found, allowed: bound(params.limit) };
  return { pointer, found, allowed: keyword === 'pattern' || keyword === 'format' ? wordsOf(schema) : message };
}

/** What ajv found, for the person who wrote the file: one complaint for each place. */
export function complaintsOf(violations: readonly Violation[], value: Json): Complaint[] {
  const complaints: Complaint[] = [];
  const places = new Map<string, Violation[]>();
  for (const violation of violations) {
    if (violation.keyword === 'additionalProperties') complaints.push(unknownSetting(violation));
    else if (violation.keyword === 'required') complaints.push(missingSetting(violation));
    else places.set(violation.pointer, [...(places.get(violation.pointer) ?? []), violation]);
  }
  for (const found of places.values()) complaints.push(complaintOf(found, value));
  return complaints;
}

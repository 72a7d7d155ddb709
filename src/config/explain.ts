import type { Violation } from '../schemas.js';
import { didYouMean } from './did-you-mean.js';
import { type Json, step } from './secrets.js';
import { allowedBy, either, isSchema, purposeOf, type Schema, shown } from './words.js';

/** What is wrong at one place of the config, before it is known where in the file that is. */
export interface Complaint {
  /** JSON pointer. */
  readonly pointer: string;
  readonly found: string;
  readonly allowed: string;
  /** It is the setting's name that is wrong, not its value. */
  readonly key?: boolean;
  /** `found` quotes the value, or a part of it. */
  readonly quotes?: boolean;
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

/** A name that may be as long as the file. */
export const clipped = (name: string): string => (name.length > 64 ? `${name.slice(0, 61)}...` : name);
const asked = (meant: string | undefined): string => (meant === undefined ? '' : `; did you mean \`${meant}\`?`);

function unknownSetting({ pointer, params, schema }: Violation): Complaint {
  const name = String(params.additionalProperty);
  const known = isSchema(schema.properties) ? Object.keys(schema.properties) : [];
  const meant = didYouMean(name, known);
  return {
    pointer: pointer + step(name),
    found: `a setting \`${clipped(name)}\` that does not exist`,
    allowed: meant === undefined ? `one of ${either(known)}` : `did you mean \`${meant}\`?`,
    key: true,
  };
}

function missingSetting({ pointer, params, schema }: Violation): Complaint {
  const name = String(params.missingProperty);
  const purpose = purposeOf(isSchema(schema.properties) ? schema.properties[name] : undefined);
  const allowed = `\`${name}\`, which has to be set${purpose === '' ? '' : `: ${purpose}`}`;
  return { pointer: pointer + step(name), found: 'nothing', allowed };
}

function wrongName({ pointer, params, schema }: Violation): Complaint {
  const name = String(params.propertyName);
  return {
    pointer: pointer + step(name),
    found: `the name \`${clipped(name)}\``,
    allowed: allowedBy(isSchema(schema.propertyNames) ? schema.propertyNames : {}),
    key: true,
  };
}

/** A value that says of which kind the rest is (`auth.type`), and says it wrong or not at all. */
function wrongKind({ pointer, params, schema }: Violation, value: Json): Complaint {
  const name = String(params.tag);
  const branches: readonly Schema[] = Array.isArray(schema.oneOf) ? schema.oneOf : [];
  const kinds = branches.map(({ properties }) => {
    const kind = isSchema(properties) ? properties[name] : undefined;
    return String(isSchema(kind) ? kind.const : '');
  });
  const given = valueAt(value, pointer + step(name));
  const meant = typeof given === 'string' ? didYouMean(given, kinds) : undefined;
  const allowed = `one of ${either(kinds)}${asked(meant)}`;
  return { pointer: pointer + step(name), found: shown(given), allowed, quotes: true };
}

const bounds: Readonly<Record<string, (limit: unknown) => string>> = {
  minLength: (limit) => `at least ${limit} character${limit === 1 ? '' : 's'}`,
  maxLength: (limit) => `at most ${limit} characters`,
  minItems: (limit) => `at least ${limit} of them`,
  maxItems: (limit) => `at most ${limit} of them`,
  maxProperties: (limit) => `at most ${limit} of them`,
  uniqueItems: () => 'each of them once',
};

/** A list or a map was asked for: a text in its place may be the secret that belongs into it. */
const misplaced = (schema: Schema, given: Json | undefined): boolean =>
  typeof given === 'string' && (schema.type === 'object' || schema.type === 'array');

/** The violations at one place, as one complaint: the one that says most. */
function complaintOf(violations: readonly Violation[], value: Json): Complaint {
  const the = (...keywords: readonly string[]): Violation | undefined =>
    violations.find(({ keyword }) => keywords.includes(keyword));
  const chief =
    the('type') ?? the('discriminator') ?? the('anyOf') ?? the('pattern', 'format') ?? (violations[0] as Violation);
  const { pointer, keyword, params, schema } = chief;
  if (keyword === 'discriminator') return wrongKind(chief, value);

  const given = valueAt(value, pointer);
  const found = misplaced(schema, given) ? 'a text' : shown(given, schema);
  const quotes = typeof given === 'string' && given !== '' && !misplaced(schema, given);
  const bound = bounds[keyword];
  if (bound !== undefined) return { pointer, found, allowed: bound(params.limit), quotes };

  const choices = violations.flatMap(({ params: { allowedValues } }) =>
    Array.isArray(allowedValues) ? allowedValues.map(String) : [],
  );
  const meant = typeof given === 'string' ? didYouMean(given, choices) : undefined;
  return { pointer, found, allowed: `${allowedBy(schema, given)}${asked(meant)}`, quotes };
}

/** What ajv found, for the person who wrote the file: one complaint for each place. */
export function complaintsOf(violations: readonly Violation[], value: Json): Complaint[] {
  const complaints: Complaint[] = [];
  const places = new Map<string, Violation[]>();
  // What a name breaks is told twice: as the name's own, and as the map's.
  const ofNames = new Set(
    violations.flatMap(({ keyword, schema }) => (keyword === 'propertyNames' ? [schema.propertyNames] : [])),
  );
  for (const violation of violations) {
    if (ofNames.has(violation.schema)) continue;
    if (violation.keyword === 'additionalProperties') complaints.push(unknownSetting(violation));
    else if (violation.keyword === 'required') complaints.push(missingSetting(violation));
    else if (violation.keyword === 'propertyNames') complaints.push(wrongName(violation));
    else places.set(violation.pointer, [...(places.get(violation.pointer) ?? []), violation]);
  }
  for (const found of places.values()) complaints.push(complaintOf(found, value));
  return complaints;
}

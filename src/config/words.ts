import type { Json } from './secrets.js';

export type Schema = Readonly<Record<string, unknown>>;

export const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null;

/** `a, b or c`. */
export function either(words: readonly unknown[]): string {
  const texts = words.map(String);
  return texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} or ${texts.at(-1)}`;
}

/** A URL without what may be a secret in it: before an @, and the query. Good for what is no URL yet, too. */
const withoutCredentials = (text: string): string => text.replace(/^.*@/s, '...@').replace(/[?#].*$/s, '?...');

const clipped = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}...` : text);

/** A value as an operator wrote it, cut; of a list or a map only what it is, since secrets may stand in it. */
export function shown(value: Json | undefined, schema: Schema = {}): string {
  if (value === undefined || value === null) return 'nothing';
  if (value === '') return 'an empty text';
  if (typeof value === 'object') {
    const kind = Array.isArray(value) ? 'list' : 'map';
    return Object.keys(value).length === 0 ? `an empty ${kind}` : `a ${kind}`;
  }
  if (schema['x-secret'] === true) return '[secret]';
  if (typeof value !== 'string') return String(value);
  return clipped(JSON.stringify(schema.format === 'uri' ? withoutCredentials(value) : value));
}

/** A description's first sentence, to stand within one. */
function firstSentence(schema: Schema): string {
  const [sentence = ''] = typeof schema.description === 'string' ? schema.description.split(/\.(?:\s|$)/) : [];
  return /^[A-Z][a-z']*\s/.test(sentence) ? sentence.charAt(0).toLowerCase() + sentence.slice(1) : sentence;
}

/** An example in YAML, on one line. */
function inYaml(example: unknown): string {
  if (Array.isArray(example)) return `[${example.map(inYaml).join(', ')}]`;
  if (isSchema(example)) {
    const members = Object.entries(example).map(([name, member]) => `${name}: ${inYaml(member)}`);
    return `{ ${members.join(', ')} }`;
  }
  return typeof example === 'string' && /[{}]/.test(example) ? JSON.stringify(example) : String(example);
}

function numberWords({ minimum, maximum }: Schema): string {
  if (minimum !== undefined && maximum !== undefined) return `a whole number from ${minimum} to ${maximum}`;
  return minimum === undefined ? 'a whole number' : `a whole number, ${minimum} or more`;
}

function textWords(schema: Schema, given: Json | undefined): string {
  const { examples, title } = schema;
  if (schema.format === 'uri') return 'a URL that begins with https:// (or http://)';
  // Durations and sizes: what they look like says more than how they are made up.
  if (Array.isArray(examples) && typeof title === 'string' && schema.pattern !== undefined)
    return `a ${title.toLowerCase()} such as ${either(examples)}`;
  if ((typeof given === 'number' || typeof given === 'boolean') && schema.anyOf === undefined)
    return 'a text: put it in quotes';
  const said = firstSentence(schema);
  return `${said === '' ? 'a text' : said}${Array.isArray(examples) ? `, such as ${either(examples)}` : ''}`;
}

function groupWords(schema: Schema, kind: 'list' | 'map'): string {
  if (isSchema(schema.properties)) return `a ${kind} of ${Object.keys(schema.properties).join(', ')}`;
  const example = Array.isArray(schema.examples) ? schema.examples[0] : undefined;
  if (example !== undefined) return `a ${kind} such as ${inYaml(example)}`;
  const said = firstSentence(schema);
  return said === '' ? `a ${kind}` : `a ${kind}: ${said}`;
}

/** What may stand at a place, in plain words. */
export function allowedBy(schema: Schema, given?: Json): string {
  if (Array.isArray(schema.enum))
    return schema.enum.length === 1 ? String(schema.enum[0]) : `one of ${either(schema.enum)}`;
  switch (schema.type) {
    case 'boolean':
      return 'true or false';
    case 'integer':
      return numberWords(schema);
    case 'array':
      return groupWords(schema, 'list');
    case 'object':
      return groupWords(schema, 'map');
    default:
      return textWords(schema, given);
  }
}

/** What a setting that has to be set is for; empty where its schema does not say. */
export function purposeOf(schema: unknown): string {
  if (!isSchema(schema)) return '';
  return Array.isArray(schema.enum) ? allowedBy(schema) : firstSentence(schema);
}

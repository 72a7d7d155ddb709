// Writes src/schema-types.ts from the schemas; with --check only says whether it is up to date (exit code 1 if not).
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compile } from 'json-schema-to-typescript';

const here = fileURLToPath(new URL('.', import.meta.url));
const target = fileURLToPath(new URL('../src/schema-types.ts', import.meta.url));
const entries = [
  'identity-event',
  'config',
  'delivery-log',
  'dead-letter',
  'plugin-options',
  'better-auth-options',
  'extension-manifest',
  'keycloak-event',
  'wso2-webhook',
];

const files = new Map();
const raw = (name) => {
  if (!files.has(name)) files.set(name, JSON.parse(readFileSync(`${here}${name}.schema.json`, 'utf8')));
  return files.get(name);
};

/** A `$ref` with words beside it would become a type of its own (`Identifier7`): texts and numbers are put in place. */
function inlineScalars(schema, name) {
  if (Array.isArray(schema)) return schema.map((part) => inlineScalars(part, name));
  if (schema === null || typeof schema !== 'object') return schema;
  const refs = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0].$ref : undefined);
  const match = refs?.match(/^([a-z-]*)(?:\.schema\.json)?#\/\$defs\/(\w+)$/);
  if (match) {
    const target = raw(match[1] || name).$defs[match[2]];
    if (['string', 'integer', 'number'].includes(target.type) && !target.enum) {
      const { $ref, allOf, ...beside } = schema;
      return { type: target.type, description: target.description, ...beside };
    }
    if (schema.$ref && Object.keys(schema).length > 1) {
      const { $ref, ...beside } = schema;
      return { allOf: [{ $ref }], ...beside };
    }
  }
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, inlineScalars(value, name)]));
}

/** What has a default is always there once the config is loaded, so the code's type does not have it optional. */
function requireDefaulted(schema) {
  if (Array.isArray(schema)) return schema.map(requireDefaulted);
  if (schema === null || typeof schema !== 'object') return schema;
  const out = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, requireDefaulted(value)]));
  // `if`/`then` say which members a type needs; TypeScript's view is the one with all of them optional.
  if (out.allOf?.some((part) => part.if)) delete out.allOf;
  if (out.type === 'object' && out.properties) {
    const defaulted = Object.keys(out.properties).filter((key) => 'default' in out.properties[key]);
    if (defaulted.length > 0) out.required = [...new Set([...(out.required ?? []), ...defaulted])];
  }
  return out;
}

const load = (name) => requireDefaulted(inlineScalars(raw(name), name));
const inMemory = {
  order: 1,
  canRead: /\.schema\.json$/,
  read: ({ url }) => JSON.stringify(load(url.replace(/^.*\//, '').replace('.schema.json', ''))),
};
const bundle = {
  title: 'SchemaTypes',
  type: 'object',
  additionalProperties: false,
  required: entries,
  properties: Object.fromEntries(entries.map((name) => [name, { $ref: `${name}.schema.json` }])),
};
const source = await compile(bundle, 'SchemaTypes', {
  cwd: here,
  additionalProperties: false,
  ignoreMinAndMaxItems: true,
  bannerComment: '// Generated from schemas/ by `npm run types`. Do not edit.',
  style: { singleQuote: true, printWidth: 120 },
  $refOptions: { resolve: { file: inMemory } },
});

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== source) {
    console.error('src/schema-types.ts does not match schemas/: run `npm run types`');
    process.exit(1);
  }
} else {
  writeFileSync(target, source);
}

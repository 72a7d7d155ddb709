import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { validatorOf } from '../src/schemas.js';

const folder = new URL('../schemas/', import.meta.url);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.schema.json'))
  .map((file) => file.replaceAll('\\', '/'));

interface Example {
  /** JSON pointer, as the fragment of a URI, of the schema that has the example. */
  readonly pointer: string;
  readonly example: unknown;
}

const step = (name: string): string => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'));

/** Members whose own members are schemas by name, so that one of them may be called `examples`. */
const named = new Set(['properties', '$defs', 'patternProperties', 'dependentSchemas']);
/** Members that hold no schema. */
const values = new Set(['const', 'default', 'enum', 'examples']);

function examplesOf(schema: unknown, pointer = '#'): Example[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = 'examples' in schema && Array.isArray(schema.examples) ? schema.examples : [];
  const below = Object.entries(schema).flatMap(([name, value]) => {
    if (values.has(name)) return [];
    if (!named.has(name)) return examplesOf(value, `${pointer}/${step(name)}`);
    return Object.entries(value as object).flatMap(([inner, part]) =>
      examplesOf(part, `${pointer}/${step(name)}/${step(inner)}`),
    );
  });
  return [...own.map((example: unknown) => ({ pointer, example })), ...below];
}

describe('the schemas', () => {
  it('are found', () => {
    expect(files).to.include.members(['identity-event.schema.json', 'config.schema.json', 'delivery-log.schema.json']);
  });

  for (const file of files) {
    const schema = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));

    describe(file, () => {
      it('has the $id that its path says', () => {
        expect(schema.$id).to.equal(`setwire:/schemas/${file}`);
        expect(schema.$schema).to.equal('https://json-schema.org/draft/2020-12/schema');
      });

      it('has a description', () => {
        expect(schema.description).to.be.a('string').and.not.equal('');
      });

      it('compiles in the one strict Ajv', () => {
        expect(validatorOf(file)({})).to.be.an('array');
      });

      if (schema.type === 'object') {
        it('has an example', () => {
          expect(schema.examples).to.be.an('array').with.lengthOf.at.least(1);
        });
      }

      for (const { pointer, example } of examplesOf(schema)) {
        it(`takes its example at ${pointer}: ${JSON.stringify(example).slice(0, 60)}`, () => {
          const violations = validatorOf(pointer === '#' ? file : `${file}${pointer}`)(example);
          expect(violations).to.deep.equal([]);
        });
      }
    });
  }
});

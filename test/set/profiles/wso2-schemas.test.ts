import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { validatorOf } from '../../../src/schemas.js';
import { catalogue, eventsBase } from '../../../src/set/profiles/wso2-catalogue.js';

type Json = ReturnType<typeof JSON.parse>;

const folder = new URL('../../../schemas/wso2/', import.meta.url);
const schemaOf = (file: string): Json => JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
const files = readdirSync(folder).filter((file) => file !== 'common.schema.json');

/** A copy of the value with one object in it changed, for every object in it. */
function variantsOf(value: Json, change: (object: Json) => Json): Json[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.entries(value).flatMap(([name, member]) =>
    variantsOf(member, change).map((variant) =>
      Array.isArray(value) ? value.with(Number(name), variant) : { ...value, [name]: variant },
    ),
  );
  return Array.isArray(value) ? inside : [change(value), ...inside];
}

/** Every schema of an object in a schema, with the way to it. */
function objectSchemasIn(schema: Json, way = ''): [string, Json][] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own: [string, Json][] = schema.type === 'object' ? [[way, schema]] : [];
  return [...own, ...Object.entries(schema).flatMap(([name, part]) => objectSchemasIn(part, `${way}/${name}`))];
}

describe("the schemas of WSO2's events", () => {
  it('are named by the last segment of the event type URI', () => {
    const expected = Object.values(catalogue).map((path) => {
      const event = path.split('/').at(-1) ?? '';
      return `${event.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.schema.json`;
    });
    expect(files).to.have.members([...expected, 'verification.schema.json']);
  });

  for (const file of [...files, 'common.schema.json']) {
    it(`${file} closes every object`, () => {
      const { examples: _examples, ...schema } = schemaOf(file);
      for (const [way, part] of objectSchemasIn(schema)) expect(part.additionalProperties, way).to.equal(false);
    });
  }

  for (const file of files) {
    const schema = schemaOf(file);
    const [example] = schema.examples;
    const check = validatorOf(`wso2/${file}`);

    it(`${file} describes one event, under its URI`, () => {
      const [uri] = Object.keys(schema.properties.events.properties);
      expect(schema.properties.events.required).to.deep.equal([uri]);
      expect(Object.keys(example.events)).to.deep.equal([uri]);
      expect(schema.description).to.include(uri);
      expect(schema.title).to.match(/^Wso2[A-Z]/);
      if (file !== 'verification.schema.json') expect(uri?.startsWith(`${eventsBase}/`)).to.equal(true);
    });

    it(`${file} refuses an unknown member, wherever it stands`, () => {
      const variants = variantsOf(example, (object) => ({ ...object, unheardOf: 1 }));
      expect(variants.length).to.be.greaterThan(2);
      for (const variant of variants) expect(check(variant), JSON.stringify(variant)).to.not.deep.equal([]);
    });

    it(`${file} refuses an iat in seconds, a jti that is no UUID, and a second event`, () => {
      expect(check(example)).to.deep.equal([]);
      expect(check({ ...example, iat: Math.floor(example.iat / 1000) })).to.not.deep.equal([]);
      expect(check({ ...example, jti: 'one' })).to.not.deep.equal([]);
      expect(check({ ...example, events: {} })).to.not.deep.equal([]);
      expect(check({ ...example, events: { ...example.events, [`${eventsBase}/x`]: {} } })).to.not.deep.equal([]);
    });
  }

  it('refuse what WSO2 would have left out', () => {
    const { examples } = schemaOf('session-established.schema.json');
    const check = validatorOf('wso2/session-established.schema.json');
    const [uri] = Object.keys(examples[0].events) as [string];
    const withUser = (user: object): Json => ({
      ...examples[0],
      events: { [uri]: { ...examples[0].events[uri], user } },
    });
    expect(check(withUser({}))).to.deep.equal([]);
    for (const user of [{ id: '' }, { id: null }, { claims: [] }, { groups: [] }])
      expect(check(withUser(user)), JSON.stringify(user)).to.not.deep.equal([]);
    for (const value of ['', []])
      expect(check(withUser({ claims: [{ uri: 'http://wso2.org/claims/x', value }] }))).to.deep.equal([]);
  });
});

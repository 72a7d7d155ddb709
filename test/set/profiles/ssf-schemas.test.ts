import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { validatorOf } from '../../../src/schemas.js';
import { catalogue } from '../../../src/set/profiles/ssf-catalogue.js';
import { identifierChanged } from '../../../src/set/profiles/ssf-identifiers.js';
import type { Parsed } from '../../support/ssf-settings.js';

const folder = new URL('../../../schemas/ssf/', import.meta.url);
const vectors = new URL('../../vectors/ssf/', import.meta.url);
const schemaOf = (file: string): Parsed => JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
const files = readdirSync(folder).filter((file) => file !== 'common.schema.json');
const openid = 'https://schemas.openid.net/secevent/';

/** A copy of the value with one closed object in it changed, for every one. */
function variantsOf(value: Parsed, change: (object: Parsed) => Parsed, name = ''): Parsed[] {
  // Claims and words by language may have any name.
  if (typeof value !== 'object' || value === null || /^(claims|added|updated|previous|reason_.*)$/.test(name))
    return [];
  const inside = Object.entries(value).flatMap(([member, part]) =>
    variantsOf(part, change, member).map((variant) =>
      Array.isArray(value) ? value.with(Number(member), variant) : { ...value, [member]: variant },
    ),
  );
  return Array.isArray(value) ? inside : [change(value), ...inside];
}

describe('the schemas of the ssf profile', () => {
  it('are one for each event type, named by the last segment of its URI', () => {
    const names = [...Object.values(catalogue).map(({ type }) => type.name), identifierChanged.name];
    expect(files).to.have.members([...names, 'host-event', 'verification'].map((name) => `${name}.schema.json`));
  });

  for (const file of files) {
    const schema = schemaOf(file);
    const check = validatorOf(`ssf/${file}`);
    const [example] = schema.examples;
    const [uri = ''] = Object.keys(example.events);

    it(`${file} refuses an unknown member, wherever it stands`, () => {
      expect(schema.title).to.match(/^Ssf[A-Z]/);
      for (const variant of variantsOf(example, (object) => ({ ...object, unheardOf: 1 })))
        expect(check(variant), JSON.stringify(variant)).to.not.deep.equal([]);
    });

    it(`${file} refuses what no SET may have, and a SET without what it must have`, () => {
      for (const name of ['sub', 'exp', 'nbf']) expect(check({ ...example, [name]: 1 }), name).to.not.deep.equal([]);
      for (const name of ['iss', 'jti', 'iat', 'aud', 'sub_id', 'events']) {
        const { [name]: _, ...rest } = example;
        expect(check(rest), name).to.not.deep.equal([]);
      }
      expect(check({ ...example, iat: example.iat * 1000 })).to.not.deep.equal([]);
      expect(check({ ...example, iat: example.iat + 0.5 })).to.not.deep.equal([]);
      expect(check({ ...example, events: {} })).to.not.deep.equal([]);
      expect(check({ ...example, events: { ...example.events, [`${uri}-2`]: {} } })).to.not.deep.equal([]);
    });

    it(`${file} refuses another event type, a subject inside the event, and an event that is no object`, () => {
      const withEvent = (body: unknown, name = uri) => check({ ...example, events: { [name]: body } });
      expect(withEvent({ ...example.events[uri], subject: example.sub_id })).to.not.deep.equal([]);
      expect(withEvent('text')).to.not.deep.equal([]);
      expect(withEvent(example.events[uri], 'no URI')).to.not.deep.equal([]);
      if (file !== 'host-event.schema.json')
        expect(withEvent(example.events[uri], `${openid}caep/event-type/unheard-of`)).to.not.deep.equal([]);
    });

    it(`${file} refuses subjects that RFC 9493 does not allow`, () => {
      const wrong = [
        {},
        { format: 'unheard-of', id: '1' },
        { format: 'opaque', id: '' },
        { format: 'opaque' },
        { format: 'opaque', id: '1', iss: 'x' },
        { format: 'email', email: 'no address' },
        { format: 'phone_number', phone_number: '555' },
        { format: 'phone', phone: '+15550001' },
        { format: 'iss_sub', iss: 'https://id.example.com' },
        { format: 'account', uri: 'mailto:a@b.example' },
        { format: 'aliases', identifiers: [] },
        { format: 'aliases', identifiers: [{ format: 'aliases', identifiers: [{ format: 'opaque', id: '1' }] }] },
        { format: 'complex' },
        { format: 'complex', user: { format: 'complex', user: { format: 'opaque', id: '1' } } },
      ];
      for (const sub_id of wrong) expect(check({ ...example, sub_id }), JSON.stringify(sub_id)).to.not.deep.equal([]);
    });
  }

  it("use the specifications' own words", () => {
    const caep = 'https://schemas.openid.net/secevent/caep/event-type/credential-change';
    const [example] = schemaOf('credential-change.schema.json').examples;
    const check = validatorOf('ssf/credential-change.schema.json');
    const withClaims = (claims: object) =>
      check({ ...example, events: { [caep]: { ...example.events[caep], ...claims } } });
    expect(withClaims({ change_type: 'delete' })).to.deep.equal([]);
    for (const claims of [
      { change_type: 'deleted' },
      { credential_type: 'fido2_platform' },
      { initiating_entity: 'application' },
      { reason_admin: 'text' },
      { reason_admin: {} },
      { event_timestamp: 1615304991000 },
    ])
      expect(withClaims(claims), JSON.stringify(claims)).to.not.deep.equal([]);
  });

  for (const file of readdirSync(vectors).filter((name) => name.endsWith('.json'))) {
    it(`take the specification's figure ${file}`, () => {
      const figure = JSON.parse(readFileSync(new URL(file, vectors), 'utf8'));
      const [uri = ''] = Object.keys(figure.events);
      expect(validatorOf(`ssf/${uri.split('/').at(-1)}.schema.json`)(figure)).to.deep.equal([]);
      expect(schemaOf(`${uri.split('/').at(-1)}.schema.json`).examples).to.deep.include(figure);
    });
  }
});

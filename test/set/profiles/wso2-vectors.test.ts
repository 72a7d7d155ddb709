import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { canonicalTypes } from '../../../src/events/identity-event.js';
import type { IdentityEvent } from '../../../src/schema-types.js';
import { wso2 } from '../../../src/set/profiles/wso2.js';
import type { SecurityEventToken } from '../../../src/set/set.js';
import { events, expectedOf, settings, vectors } from '../../support/wso2-samples.js';
import { deepFreeze } from './deep-freeze.js';

const schemas = new URL('../../../schemas/wso2/', import.meta.url);

async function setOf(event: IdentityEvent): Promise<SecurityEventToken> {
  const [result] = wso2.makeSetsWith(settings)(event);
  if (result?.kind !== 'set') throw new Error(`no SET: ${JSON.stringify(result)}`);
  return result.set;
}

describe("the wso2 profile's bytes", () => {
  for (const [name, { file, event }] of Object.entries(events)) {
    const expected = expectedOf(file);
    const { jti, iat } = JSON.parse(expected);
    const complete = deepFreeze({ ...event, id: jti, time: iat, acceptedAt: iat } as IdentityEvent);

    it(`are those of ${file}.json for ${event.type}`, async () => {
      const set = await setOf(complete);
      expect(set.text).to.equal(expected);
      expect(set).to.include({ jti, eventType: event.type, bytes: Buffer.byteLength(expected) });
      expect(set.eventTypeUri).to.match(
        new RegExp(`^https://schemas\\.identity\\.wso2\\.org/events/[a-z]+/event-type/${name}$`),
      );
      expect(wso2.eventTypeUris(event.type, settings)).to.deep.equal([set.eventTypeUri]);
    });

    it(`are the same for ${event.type} the second time, from another object and after the journal`, async () => {
      const { text } = await setOf(complete);
      expect((await setOf(complete)).text).to.equal(text);
      expect((await setOf(JSON.parse(JSON.stringify(complete)))).text).to.equal(text);
    });
  }

  it('are in the example of each schema', () => {
    for (const { file } of Object.values(events)) {
      const { examples } = JSON.parse(readFileSync(new URL(`${file}.schema.json`, schemas), 'utf8'));
      expect(JSON.stringify(examples[0]), file).to.equal(expectedOf(file));
    }
  });

  it('are tested for every type that the profile has, every schema and every vector', () => {
    const files = Object.values(events).map(({ file }) => file);
    const named = (folder: URL, ending: string): string[] =>
      readdirSync(folder)
        .filter((name) => name.endsWith(ending))
        .map((name) => name.slice(0, -ending.length));
    expect(named(vectors, '.json')).to.have.members(files);
    expect(named(schemas, '.schema.json')).to.have.members([...files, 'common', 'verification']);
    const covered = canonicalTypes.filter((type) => wso2.eventTypeUris(type, settings).length > 0);
    expect(covered).to.have.members(Object.values(events).map(({ event }) => event.type));
  });
});

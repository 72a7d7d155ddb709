import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { canonicalTypes } from '../../src/events/identity-event.js';

const schema = JSON.parse(readFileSync(new URL('../../schemas/identity-event.schema.json', import.meta.url), 'utf8'));

describe('the canonical types', () => {
  it('are those of the schema, each in exactly one flow', () => {
    expect([...canonicalTypes].sort()).to.deep.equal([...schema.$defs.CanonicalType.enum].sort());
  });
});

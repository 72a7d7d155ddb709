import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const src = fileURLToPath(new URL('../../src/', import.meta.url));
const codesIn = (file: string): string[] => [
  ...new Set(readFileSync(join(src, file), 'utf8').match(/'SETWIRE_[A-Z_]+'/g) ?? []),
];

describe('error codes', () => {
  const used = new Map<string, string[]>();
  for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    if (file.endsWith('.ts') && file !== 'errors.ts')
      for (const code of codesIn(file)) used.set(code, [...(used.get(code) ?? []), file]);
  }

  for (const code of codesIn('errors.ts')) {
    it(`${code} is said somewhere`, () => expect(used.get(code)).to.be.an('array'));
  }

  it('are all declared', () =>
    expect([...used.keys()].filter((code) => !codesIn('errors.ts').includes(code))).to.deep.equal([]));
});

import { expect } from 'chai';
import { nodeSatisfies } from '../../src/extensions/engines.js';

const rows: readonly [range: string, version: string, satisfied: boolean | undefined][] = [
  ['>=20.19', '20.19.0', true],
  ['>=20.19', '20.18.3', false],
  ['>= 20.19', '22.1.0', true],
  ['>=20.19.1', '20.19.0', false],
  ['>=18', '20.0.0', true],
  ['>20', '20.5.0', false],
  ['>20', '21.0.0', true],
  ['<=20', '20.99.0', true],
  ['<22', '22.0.0', false],
  ['>=20 <25', '24.1.0', true],
  ['>=20 <25', '25.0.0', false],
  ['^20.19', '20.20.2', true],
  ['^20.19', '21.0.0', false],
  ['^20.19 || >=22.12', '22.11.0', false],
  ['^20.19||>=22.12', '22.12.0', true],
  ['^0.10.1', '0.10.9', true],
  ['^0.10.1', '0.11.0', false],
  ['^0.0.3', '0.0.4', false],
  ['~20.19.1', '20.19.9', true],
  ['~20.19.1', '20.20.0', false],
  ['~20', '20.20.0', true],
  ['20', '20.1.2', true],
  ['20.x', '21.0.0', false],
  ['20.19.0', '20.19.0', true],
  ['=20.19.0', '20.19.1', false],
  ['v20.19.0', '20.19.0', true],
  ['*', '20.0.0', true],
  ['', '20.0.0', true],
  ['>=20', '20.0.0-nightly', true],
  ['18 - 22', '20.0.0', undefined],
  ['>=20.0.0-rc.1', '20.0.0', undefined],
  ['lts/*', '20.0.0', undefined],
  ['lts/* || >=20', '20.0.0', true],
  ['lts/* || >=22', '20.0.0', undefined],
];

describe('nodeSatisfies', () => {
  for (const [range, version, satisfied] of rows) {
    const says = satisfied === undefined ? 'cannot tell' : satisfied ? 'has' : 'lacks';
    it(`${range === '' ? 'the empty range' : range} ${says} ${version}`, () => {
      expect(nodeSatisfies(range, version)).to.equal(satisfied);
    });
  }
});

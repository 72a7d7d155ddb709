import { expect } from 'chai';
import { bytesOf, msOf } from '../../src/config/units.js';

describe('units', () => {
  for (const [text, ms] of Object.entries({
    '0ms': 0,
    '500ms': 500,
    '30s': 30_000,
    '5m': 300_000,
    '24h': 86_400_000,
    '3d': 259_200_000,
  })) {
    it(`${text} is ${ms} ms`, () => expect(msOf(text)).to.equal(ms));
  }
  for (const [text, bytes] of Object.entries({ '64B': 64, '256KB': 262_144, '1MB': 1_048_576, '2GB': 2_147_483_648 })) {
    it(`${text} is ${bytes} bytes`, () => expect(bytesOf(text)).to.equal(bytes));
  }
  for (const text of ['10', 's', '1.5s', '-1s', '10 s', '1y', '', 'constructor']) {
    it(`${JSON.stringify(text)} is none`, () => {
      expect(() => msOf(text)).to.throw(RangeError);
      expect(() => bytesOf(text)).to.throw(RangeError);
    });
  }
});

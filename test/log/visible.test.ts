import { expect } from 'chai';
import { clipped, visible } from '../../src/log/visible.js';

describe('visible', () => {
  for (const [text, shown] of [
    ['plain ü 😀', 'plain ü 😀'],
    ['a\u001b[31mb', 'a\\u001b[31mb'],
    ['a\nb\r\tc\u0000', 'a\\u000ab\\u000d\\u0009c\\u0000'],
    ['\u007f\u009b2J', '\\u007f\\u009b2J'],
    ['\u202eevil\u2066', '\\u202eevil\\u2066'],
    ['\u2028\ufeff', '\\u2028\\ufeff'],
  ] as const) {
    it(`shows ${JSON.stringify(text)} as ${shown}`, () => expect(visible(text)).to.equal(shown));
  }

  it('leaves the value of a JSON text as it is', () => {
    const value = { text: '\u009b\u2028\u202e"\\' };
    expect(JSON.parse(visible(JSON.stringify(value)))).to.deep.equal(value);
  });
});

describe('clipped', () => {
  for (const [text, max, shown] of [
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['a😀b', 3, 'a…'],
  ] as const) {
    it(`cuts ${text} to ${max}: ${shown}`, () => expect(clipped(text, max)).to.equal(shown));
  }
});

import { expect } from 'chai';
import { CopyRefused, copyLimits, plainCopy } from '../../src/events/plain-copy.js';

function refusalOf(value: unknown): CopyRefused {
  try {
    plainCopy(value);
  } catch (error) {
    expect(error).to.be.instanceOf(CopyRefused);
    return error as CopyRefused;
  }
  throw new Error('it was copied');
}

const nested = (depth: number): object => (depth === 1 ? {} : { below: nested(depth - 1) });

describe('a plain copy', () => {
  it('has the same members and shares none of the objects', () => {
    const original = { type: 'x', user: { groups: ['a', 'b'], active: true, age: 0, nickname: null } };
    const copy = plainCopy(original) as typeof original;
    expect(copy).to.deep.equal(original);
    expect(copy.user).to.not.equal(original.user);
    expect(copy.user.groups).to.not.equal(original.user.groups);
  });

  it('leaves out members that are undefined, symbols and what is not enumerable', () => {
    const original = Object.defineProperty({ a: 1, b: undefined, [Symbol('c')]: 2 }, 'd', { value: 3 });
    expect(plainCopy(original)).to.deep.equal({ a: 1 });
  });

  it('takes objects without a prototype', () => {
    expect(plainCopy(Object.assign(Object.create(null), { a: 1 }))).to.deep.equal({ a: 1 });
  });

  it('takes the same object in two places', () => {
    const shared = { id: 1 };
    expect(plainCopy({ a: shared, b: shared })).to.deep.equal({ a: { id: 1 }, b: { id: 1 } });
  });

  it('puts U+FFFD in the place of lone surrogates, in names too', () => {
    expect(plainCopy({ 'a\ud800': '\udc00b\ud83d\ude00' })).to.deep.equal({ 'a\ufffd': '\ufffdb\ud83d\ude00' });
  });

  it('takes what is just within the limits', () => {
    expect(plainCopy(nested(copyLimits.depth))).to.deep.equal(nested(copyLimits.depth));
    expect(plainCopy(Array.from({ length: copyLimits.values - 1 }, () => 1))).to.have.lengthOf(copyLimits.values - 1);
    expect(plainCopy({ a: 'x'.repeat(copyLimits.text - 1) }))
      .to.have.property('a')
      .with.lengthOf(copyLimits.text - 1);
  });

  const cyclic: Record<string, unknown> = {};
  cyclic.user = { self: [cyclic] };
  class Account {
    id = 1;
  }
  const refused: readonly (readonly [what: string, value: unknown, rule: string, member: string])[] = [
    ['undefined', undefined, 'not_plain', 'the event'],
    ['a function', { a: () => 1 }, 'not_plain', 'a'],
    ['a toJSON', { a: { toJSON: () => 'b' } }, 'not_plain', 'a.toJSON'],
    ['a symbol', { a: Symbol('b') }, 'not_plain', 'a'],
    ['a bigint', { a: [1n] }, 'not_plain', 'a[0]'],
    ['NaN', { a: Number.NaN }, 'not_plain', 'a'],
    ['Infinity', { a: -Infinity }, 'not_plain', 'a'],
    ['a Date', { a: new Date() }, 'not_plain', 'a'],
    ['a Map', { a: new Map() }, 'not_plain', 'a'],
    ['a Buffer', { a: Buffer.from('b') }, 'not_plain', 'a'],
    ['a boxed text', { a: new String('b') }, 'not_plain', 'a'],
    ['an instance of a class', { a: new Account() }, 'not_plain', 'a'],
    ['an object that inherits', { a: Object.create({ id: 1 }) }, 'not_plain', 'a'],
    ['a list of a class', { a: new (class extends Array {})() }, 'not_plain', 'a'],
    ['a gap in a list', { a: new Array(3) }, 'not_plain', 'a[0]'],
    ['a getter', Object.defineProperty({}, 'a', { enumerable: true, get: () => 1 }), 'not_plain', 'a'],
    ['a setter', Object.defineProperty({}, 'a', { enumerable: true, set: () => undefined }), 'not_plain', 'a'],
    ['a Proxy', { a: new Proxy({}, {}) }, 'not_plain', 'a'],
    ['a cycle', cyclic, 'cycle', 'user.self[0]'],
    ['an own __proto__', JSON.parse('{"a":{"__proto__":{"admin":true}}}'), 'forbidden_name', 'a.__proto__'],
    ['a constructor', { constructor: { prototype: {} } }, 'forbidden_name', 'constructor'],
    ['a prototype', { a: { prototype: 1 } }, 'forbidden_name', 'a.prototype'],
    ['a level too deep', nested(copyLimits.depth + 1), 'too_deep', 'below.below'],
    ['a value too many', Array.from({ length: copyLimits.values }, () => 1), 'too_large', '[4999]'],
    ['a list of a billion', { a: new Array(1e9) }, 'too_large', 'a'],
    ['a character too many', { a: 'x'.repeat(copyLimits.text) }, 'too_large', 'a'],
    ['names that are too long together', { a: 1, ['x'.repeat(copyLimits.text)]: 1 }, 'too_large', 'xxx'],
  ];
  for (const [what, value, rule, member] of refused) {
    it(`refuses ${what}`, () => {
      const refusal = refusalOf(value);
      expect(refusal.rule).to.equal(rule);
      expect(refusal.message.startsWith(member), refusal.message).to.equal(true);
    });
  }

  it('runs none of the code of the one who reported', () => {
    let ran = 0;
    const run = (): never => {
      ran += 1;
      throw new Error('mine');
    };
    const trap = new Proxy(
      {},
      { get: run, ownKeys: run, getPrototypeOf: run, getOwnPropertyDescriptor: run, has: run },
    );
    const values = [
      { a: trap },
      [trap],
      Object.defineProperty({}, 'a', { enumerable: true, get: run }),
      { toJSON: run },
      { [Symbol.toPrimitive]: run, valueOf: run, toString: run },
      Object.defineProperty([1], 0, { enumerable: true, get: run }),
      { a: Object.create({}, { [Symbol.toStringTag]: { get: run } }) },
    ];
    for (const value of values) refusalOf(value);
    expect(ran).to.equal(0);
  });
});

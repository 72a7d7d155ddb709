import { expect } from 'chai';
import { recentOf } from '../../src/flows/recent.js';

const keysOf = (recent: { get(key: string): unknown }, keys: string): string =>
  [...keys].filter((key) => recent.get(key) !== undefined).join('');

describe('what is recent', () => {
  it('holds so many and drops the one that was put longest ago', () => {
    const recent = recentOf<number>(3, () => false);
    for (const key of 'abcd') recent.put(key, 1);
    expect(keysOf(recent, 'abcd')).to.equal('bcd');
    expect(recent.size).to.equal(3);
  });

  for (const [again, left] of [
    ['a', 'acd'],
    ['b', 'bcd'],
    ['c', 'bcd'],
  ] as const) {
    it(`counts ${again}, put again, as the newest`, () => {
      const recent = recentOf<number>(3, () => false);
      for (const key of `abc${again}d`) recent.put(key, 1);
      expect(keysOf(recent, 'abcd')).to.equal(left);
      expect(recent.size).to.equal(3);
    });
  }

  it('has the value that was put last', () => {
    const recent = recentOf<number>(3, () => false);
    recent.put('a', 1);
    recent.put('a', 2);
    expect(recent.get('a')).to.equal(2);
  });

  for (const forgotten of 'abc') {
    it(`forgets ${forgotten} and keeps the order of the others`, () => {
      const recent = recentOf<number>(3, () => false);
      for (const key of 'abc') recent.put(key, 1);
      recent.forget(forgotten);
      recent.forget('never there');
      expect(recent.size).to.equal(2);
      const [older, newer] = [...'abc'].filter((key) => key !== forgotten);
      for (const key of 'de') recent.put(key, 1);
      expect(keysOf(recent, `${older}${newer}de`)).to.equal(`${newer}de`);
    });
  }

  it('works on after everything was forgotten', () => {
    const recent = recentOf<number>(2, () => false);
    recent.put('a', 1);
    recent.forget('a');
    for (const key of 'bcd') recent.put(key, 1);
    expect(keysOf(recent, 'abcd')).to.equal('cd');
  });

  it('drops the oldest that are over without waiting to be full', () => {
    let now = 0;
    const recent = recentOf<number>(100, (until) => until <= now);
    recent.put('a', 5);
    recent.put('b', 6);
    recent.put('c', 20);
    now = 10;
    recent.put('d', 20);
    expect(keysOf(recent, 'abcd')).to.equal('cd');
    expect(recent.size).to.equal(2);
  });
});

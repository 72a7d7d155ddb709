import { expect } from 'chai';
import { batchSizeOf } from '../../src/transmitter/batch-size.js';

const minute = 60_000;

describe('the size of a batch', () => {
  it('is what the config allows, until that turns out to be too much', () => {
    const size = batchSizeOf(100);
    size.taken(100, 0);
    expect(size.max).to.equal(100);
    size.refused(100, 0);
    expect(size.max).to.equal(50);
  });

  it('grows by a tenth with each full one that is taken, and not by smaller ones', () => {
    const size = batchSizeOf(100);
    size.refused(40, 0);
    size.taken(19, 1);
    expect(size.max).to.equal(20);
    const grown = [1, 2, 3, 4].map(() => {
      size.taken(size.max, 2);
      return size.max;
    });
    expect(grown).to.deep.equal([22, 25, 28, 31]);
  });

  it('stays below what was refused, and tries it again after ten minutes', () => {
    const size = batchSizeOf(100);
    size.refused(20, 0);
    for (let times = 0; times < 50; times += 1) size.taken(size.max, minute);
    expect(size.max).to.equal(19);
    for (let times = 0; times < 50; times += 1) size.taken(size.max, 10 * minute);
    expect(size.max).to.equal(100);
  });

  it('does not forget the smallest that was refused for a larger one that was under way', () => {
    const size = batchSizeOf(100);
    size.refused(40, 0);
    size.refused(100, 1);
    expect(size.max).to.equal(20);
    for (let times = 0; times < 50; times += 1) size.taken(size.max, 2);
    expect(size.max).to.equal(39);
  });

  it('is never less than one', () => {
    const size = batchSizeOf(2);
    size.refused(2, 0);
    size.refused(1, 0);
    expect(size.max).to.equal(1);
  });
});

import { expect } from 'chai';
import { watermarkFrom } from '../../src/journal/position.js';

describe('the watermark', () => {
  const cases: { title: string; settled: number[]; position: number }[] = [
    { title: 'stays where it starts while nothing is settled', settled: [], position: 5 },
    { title: 'follows what is settled in order', settled: [5, 6, 7], position: 8 },
    { title: 'does not pass what is not settled', settled: [6, 7, 9], position: 5 },
    { title: 'passes all that was settled ahead once the gap is closed', settled: [7, 6, 5], position: 8 },
    { title: 'stops at the next gap', settled: [6, 8, 5], position: 7 },
    { title: 'takes the same offset twice', settled: [5, 5, 6, 6], position: 7 },
    { title: 'takes no notice of what is behind it', settled: [1, 2, 4], position: 5 },
  ];
  for (const { title, settled, position } of cases) {
    it(title, () => {
      const watermark = watermarkFrom(5);
      const last = settled.map((offset) => watermark.settle(offset)).at(-1);
      expect(watermark.position).to.equal(position);
      if (last !== undefined) expect(last).to.equal(position);
    });
  }

  it('counts what is skipped as settled', () => {
    const watermark = watermarkFrom(1);
    watermark.skipTo(4);
    expect(watermark.position).to.equal(4);
    expect(watermark.settle(2), 'settled after it was skipped').to.equal(4);
    expect(watermark.settle(4)).to.equal(5);
  });

  it('goes on past what was settled ahead of a skip', () => {
    const watermark = watermarkFrom(1);
    for (const offset of [2, 4, 5, 7]) watermark.settle(offset);
    watermark.skipTo(4);
    expect(watermark.position).to.equal(6);
  });

  it('does not move back by a skip', () => {
    const watermark = watermarkFrom(10);
    watermark.skipTo(3);
    expect(watermark.position).to.equal(10);
  });

  it('ends in the same place whatever the order', () => {
    for (let stride = 1; stride < 100; stride += 2) {
      if (stride % 5 === 0) continue;
      const watermark = watermarkFrom(0);
      for (let step = 0; step < 100; step += 1) watermark.settle((step * stride) % 100);
      expect(watermark.position, `stride ${stride}`).to.equal(100);
    }
  });
});

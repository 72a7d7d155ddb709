import { expect } from 'chai';
import { didYouMean } from '../../src/config/did-you-mean.js';

const settings = ['url', 'events', 'timeout', 'concurrency', 'maxEvents', 'maxBytes', 'maxWait'];

describe('did you mean', () => {
  const words: [word: string, meant: string | undefined][] = [
    ['evnts', 'events'],
    ['event', 'events'],
    ['max_events', 'maxEvents'],
    ['maxevents', 'maxEvents'],
    ['tiemout', 'timeout'],
    ['concurency', 'concurrency'],
    ['uri', 'url'],
    ['banana', undefined],
    ['', undefined],
  ];
  for (const [word, meant] of words) {
    it(`${JSON.stringify(word)}: ${meant ?? 'nothing near'}`, () => expect(didYouMean(word, settings)).to.equal(meant));
  }

  it('is not kept busy by a very long word', () => {
    expect(didYouMean('x'.repeat(1_000_000), settings)).to.equal(undefined);
  });
});

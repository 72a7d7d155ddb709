import { expect } from 'chai';
import {
  dueAt,
  nextAt,
  publishedAt,
  publishedBeforeMs,
  type Scheduled,
  signingAt,
} from '../../src/set/key-schedule.js';

const day = 86_400_000;
const now = Date.UTC(2026, 10, 25);
const schedule = { alg: 'ES256', rotateEveryMs: 90 * day, overlapMs: 7 * day } as const;

const key = (
  kid: string,
  signsFrom: number,
  alg: Scheduled['alg'] = 'ES256',
  createdAt = now - 100 * day,
): Scheduled => ({
  kid,
  alg,
  createdAt,
  signsFrom,
});
const kidsOf = (keys: readonly Scheduled[]): string[] => keys.map(({ kid }) => kid);

describe('the schedule of keys', () => {
  it('begins with a key that signs at once and the next one', () => {
    expect(dueAt([], now, schedule)).to.deep.equal({ make: [now, now + 90 * day], move: [], remove: [] });
  });

  it('begins with a next key that waits to be told where nothing is rotated by itself', () => {
    const due = dueAt([], now, { ...schedule, rotateEveryMs: Number.POSITIVE_INFINITY });
    expect(due.make).to.deep.equal([now, Number.POSITIVE_INFINITY]);
  });

  it('signs with the key that began last', () => {
    const keys = [key('a', now - 2 * day), key('b', now - day), key('c', now + day)];
    expect(signingAt(keys, now)?.kid).to.equal('b');
    expect(kidsOf(nextAt(keys, now))).to.deep.equal(['c']);
  });

  it('signs with the first key where the clock was set back before all of them', () => {
    expect(signingAt([key('b', now + 2 * day), key('a', now + day)], now)?.kid).to.equal('a');
  });

  it('publishes the next key, and an old one for the overlap', () => {
    const keys = [
      key('oldest', now - 200 * day),
      key('old', now - 90 * day),
      key('now', now - day),
      key('next', now + 89 * day),
    ];
    expect(kidsOf(publishedAt(keys, now, 7 * day))).to.deep.equal(['old', 'now', 'next']);
    expect(kidsOf(publishedAt(keys, now + 7 * day, 7 * day))).to.deep.equal(['now', 'next']);
  });

  it('makes a next key as soon as the last one signs, and takes away what nobody needs', () => {
    const keys = [key('old', now - 100 * day), key('now', now - 8 * day)];
    expect(dueAt(keys, now, schedule)).to.deep.equal({ make: [now + 82 * day], move: [], remove: ['old'] });
  });

  it('lets a key sign only once it has been published for a while, however late it was made', () => {
    expect(dueAt([key('now', now - 100 * day)], now, schedule).make).to.deep.equal([now + publishedBeforeMs]);
  });

  it('has nothing to do most of the time', () => {
    const keys = [key('now', now - day), key('next', now + 89 * day)];
    expect(dueAt(keys, now, schedule)).to.deep.equal({ make: [], move: [], remove: [] });
  });

  it('brings the next key forward where keys are to be rotated more often', () => {
    const keys = [key('now', now - day), key('next', now + 89 * day)];
    const { move } = dueAt(keys, now, { ...schedule, rotateEveryMs: 2 * day });
    expect(move).to.deep.equal([{ kid: 'next', signsFrom: now + day }]);
  });

  it('changes to another algorithm by a key of its own that is published first', () => {
    const keys = [key('now', now - day), key('next', now + 89 * day)];
    const due = dueAt(keys, now, { ...schedule, alg: 'RS256' });
    expect(due).to.deep.equal({ make: [now + publishedBeforeMs], move: [], remove: ['next'] });
    const then = [key('now', now - day), key('rsa', now + publishedBeforeMs, 'RS256', now)];
    expect(dueAt(then, now, { ...schedule, alg: 'RS256' })).to.deep.equal({ make: [], move: [], remove: [] });
  });

  it('changes nothing when the clock jumps a day, in either direction', () => {
    const keys = [key('now', now - 10 * day), key('next', now + 80 * day)];
    for (const jumped of [now - day, now + day]) {
      expect(dueAt(keys, jumped, schedule)).to.deep.equal({ make: [], move: [], remove: [] });
      expect(signingAt(keys, jumped)?.kid).to.equal('now');
    }
  });
});

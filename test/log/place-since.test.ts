import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { follow } from '../../src/log/follow.js';
import { placeSince } from '../../src/log/place-since.js';
import { freshFolder } from './folder.js';

const minute = 60_000;
const timeOf = (line: string): number | undefined =>
  /^\d+ /.test(line) ? Number.parseInt(line, 10) * minute : undefined;

describe('the place of a time', () => {
  const path = freshFolder();
  const written = (from: number, to: number, rest = ''): string =>
    Array.from({ length: to - from }, (_, index) => `${from + index} ${rest}\n`).join('');
  const since = async (time: number): Promise<string[]> => {
    const from = await placeSince(path('log'), time * minute, timeOf);
    const lines: string[] = [];
    const signal = new AbortController().signal;
    for await (const line of follow(path('log'), { signal, from, wait: false })) lines.push(line);
    return lines;
  };

  it('lies shortly before the first line of that time, in a long file', async () => {
    writeFileSync(path('log'), written(0, 10_000, 'x'.repeat(300)));
    for (const time of [500, 5_000, 9_990]) {
      const lines = await since(time);
      const first = Number.parseInt(lines[0] ?? '', 10);
      expect(first).to.be.within(time - 150, time - 1);
      expect(lines).to.have.length(10_000 - first);
    }
  });

  it('lies in the rotated file where the time is', async () => {
    writeFileSync(path('log.2'), written(0, 10));
    writeFileSync(path('log.1'), written(10, 20));
    writeFileSync(path('log'), written(20, 30));
    expect((await since(25))[0]).to.equal('20 ');
    expect((await since(15))[0]).to.equal('10 ');
    expect((await since(-5))[0]).to.equal('0 ');
    expect(await since(0)).to.have.length(30);
  });

  it('is found among lines that are no records', async () => {
    const garbage = `${'?'.repeat(50_000)}\n`;
    writeFileSync(path('log'), `${garbage}${written(0, 500)}${garbage}${written(500, 1_000)}${garbage}`);
    const lines = await since(800);
    expect(lines.filter((line) => /^\d/.test(line)).at(-1)).to.equal('999 ');
    expect(lines).to.include('800 ');
    expect(lines.length).to.be.below(1_003);
  });

  it('is the start of a log that is not there or has no records', async () => {
    expect(await placeSince(path('log'), 0, timeOf)).to.equal('start');
    writeFileSync(path('log'), 'garbage\n');
    expect(await placeSince(path('log'), 0, timeOf)).to.equal('start');
  });
});

import { appendFileSync, closeSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { expect } from 'chai';
import { lastLines } from '../../src/log/last-lines.js';
import { deliveryRecord, freshFolder } from './folder.js';

const all = (): boolean => true;

describe('the last lines', () => {
  const path = freshFolder();
  const lines = async (count: number, wanted: (line: string) => boolean | 'stop' = all): Promise<readonly string[]> =>
    (await lastLines(path('log'), count, wanted)).lines;

  for (const [name, text, expected] of [
    ['of an empty file', '', []],
    ['of fewer than wanted', 'a\nb\n', ['a', 'b']],
    ['of more than wanted', 'a\nb\nc\nd\n', ['b', 'c', 'd']],
    ['without one that is not whole', 'a\nb\nc\nd', ['a', 'b', 'c']],
    ['where none is whole', 'abc', []],
    ['with empty lines', 'a\n\n\n', ['a', '', '']],
  ] as const) {
    it(name, async () => {
      writeFileSync(path('log'), text);
      expect(await lines(3)).to.deep.equal(expected);
    });
  }

  it('of no file: none, and no place', async () => {
    expect(await lastLines(path('log'), 3, all)).to.deep.equal({ lines: [] });
  });

  it('over rotated files, in order, until there are enough', async () => {
    writeFileSync(path('log.3'), 'a\n');
    writeFileSync(path('log.2'), 'b\nc\n');
    writeFileSync(path('log.1'), 'd\ne\n');
    writeFileSync(path('log'), 'f\n');
    expect(await lines(4)).to.deep.equal(['c', 'd', 'e', 'f']);
    expect(await lines(99)).to.deep.equal(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(await lines(2, (line) => 'ace'.includes(line))).to.deep.equal(['c', 'e']);
    expect(await lines(9, (line) => (line < 'd' ? 'stop' : true))).to.deep.equal(['d', 'e', 'f']);
  });

  it('where only older files are left', async () => {
    writeFileSync(path('log.1'), 'a\nb\n');
    expect(await lines(1)).to.deep.equal(['b']);
  });

  it('whose characters and lines lie across the borders of blocks', async () => {
    const written = Array.from({ length: 40 }, (_, index) => `${index}:${'ü😀'.repeat(index * 977)}`);
    writeFileSync(path('log'), written.map((line) => `${line}\n`).join(''));
    expect(await lines(100)).to.deep.equal(written);
  });

  it('says where the whole lines end', async () => {
    writeFileSync(path('log'), 'a\nb\n');
    const size = statSync(path('log')).size;
    appendFileSync(path('log'), 'x'.repeat(200_000));
    expect((await lastLines(path('log'), 1, all)).end?.offset).to.equal(size);
  });

  it('reads a few blocks of a file of 50 MB', async function () {
    this.timeout(20_000);
    const block = `${Array.from({ length: 1_000 }, () => JSON.stringify(deliveryRecord())).join('\n')}\n`;
    const fd = openSync(path('log'), 'w');
    let size = 0;
    while (size < 50 * 1024 * 1024) size += writeSync(fd, block);
    writeSync(fd, 'the last\n');
    closeSync(fd);
    let bytes = 0;
    const { lines: found } = await lastLines(path('log'), 20, all, (count) => {
      bytes += count;
    });
    expect(found).to.have.length(20);
    expect(found.at(-1)).to.equal('the last');
    expect(bytes).to.be.at.most(4 * 64 * 1024);
  });
});

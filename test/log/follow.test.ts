import { appendFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { openDeliveryLog } from '../../src/log/delivery-log.js';
import { type FollowOptions, follow } from '../../src/log/follow.js';
import { lastLines } from '../../src/log/last-lines.js';
import { deliveryRecord, freshFolder, until } from './folder.js';

describe('follow', () => {
  const path = freshFolder();
  let stop: AbortController;
  let ended: Promise<void>[] = [];

  beforeEach(() => {
    stop = new AbortController();
    ended = [];
  });
  afterEach(async () => {
    stop.abort();
    await Promise.all(ended);
  });

  /** Follows until the test ends; the lines come into the array that is returned. */
  const following = (options: Partial<FollowOptions> = {}): string[] => {
    const lines: string[] = [];
    const read = async (): Promise<void> => {
      for await (const line of follow(path('log'), { signal: stop.signal, from: 'start', pollMs: 5, ...options }))
        lines.push(line);
    };
    ended.push(read());
    return lines;
  };
  const numbered = (from: number, to: number): string =>
    Array.from({ length: to - from }, (_, index) => `line ${from + index}\n`).join('');
  const numbers = (lines: readonly string[]): number[] => lines.map((line) => Number(line.slice(5)));
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

  it('shows what is there and what comes', async () => {
    writeFileSync(path('log'), numbered(0, 3));
    const lines = following();
    await until(() => lines.length === 3);
    appendFileSync(path('log'), numbered(3, 5));
    await until(() => lines.length === 5);
    expect(numbers(lines)).to.deep.equal(upTo(5));
  });

  it('begins with the oldest file, or at a place', async () => {
    writeFileSync(path('log.2'), numbered(0, 2));
    writeFileSync(path('log.1'), numbered(2, 4));
    writeFileSync(path('log'), numbered(4, 6));
    const all = following();
    const { end } = await lastLines(path('log'), 0, () => true);
    if (end === undefined) throw new Error('there is a log');
    const fresh = following({ from: end });
    await until(() => all.length === 6);
    appendFileSync(path('log'), numbered(6, 7));
    await until(() => all.length === 7 && fresh.length === 1);
    expect(numbers(all)).to.deep.equal(upTo(7));
    expect(numbers(fresh)).to.deep.equal([6]);
  });

  it('goes on from a place whose file was rotated away since', async () => {
    writeFileSync(path('log'), numbered(0, 2));
    const { end } = await lastLines(path('log'), 0, () => true);
    appendFileSync(path('log'), numbered(2, 4));
    renameSync(path('log'), path('log.2'));
    writeFileSync(path('log.1'), numbered(4, 6));
    writeFileSync(path('log'), numbered(6, 8));
    const lines = following({ from: end ?? 'start' });
    await until(() => lines.length === 6);
    expect(numbers(lines)).to.deep.equal([2, 3, 4, 5, 6, 7]);
  });

  it('waits for a file that does not exist yet, and for the rest of a line', async () => {
    const lines = following();
    await new Promise((resolve) => setImmediate(resolve));
    writeFileSync(path('log'), 'line');
    const bytes = Buffer.from(' ü😀\nnext');
    for (const byte of bytes) {
      appendFileSync(path('log'), Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => lines.length === 1);
    appendFileSync(path('log'), ' one\n');
    await until(() => lines.length === 2);
    expect(lines).to.deep.equal(['line ü😀', 'next one']);
  });

  it('reads on in a file that was moved until there is a new one', async () => {
    writeFileSync(path('log'), numbered(0, 1));
    const lines = following();
    await until(() => lines.length === 1);
    renameSync(path('log'), path('log.1'));
    appendFileSync(path('log.1'), numbered(1, 3));
    await until(() => lines.length === 3);
    writeFileSync(path('log'), numbered(3, 5));
    await until(() => lines.length === 5);
    expect(numbers(lines)).to.deep.equal(upTo(5));
  });

  it('misses nothing when the log is moved to a name that is not ours', async () => {
    writeFileSync(path('log.1'), numbered(90, 95));
    writeFileSync(path('log'), numbered(0, 1));
    const { end } = await lastLines(path('log'), 0, () => true);
    const lines = following({ from: end ?? 'start' });
    appendFileSync(path('log'), numbered(1, 2));
    await until(() => lines.length === 1);
    renameSync(path('log'), path('log-20261123'));
    writeFileSync(path('log'), numbered(2, 4));
    await until(() => lines.length === 3);
    expect(numbers(lines)).to.deep.equal([1, 2, 3]);
  });

  it('begins again in a file that was cut', async () => {
    writeFileSync(path('log'), numbered(0, 10));
    const lines = following();
    await until(() => lines.length === 10);
    truncateSync(path('log'));
    appendFileSync(path('log'), numbered(10, 12));
    await until(() => lines.length === 12);
    expect(numbers(lines)).to.deep.equal(upTo(12));
  });

  it('goes on when the file was deleted and made anew', async () => {
    writeFileSync(path('log'), numbered(0, 2));
    const lines = following();
    await until(() => lines.length === 2);
    rmSync(path('log'));
    await new Promise((resolve) => setTimeout(resolve, 30));
    writeFileSync(path('log'), numbered(2, 4));
    await until(() => lines.length === 4);
    expect(numbers(lines)).to.deep.equal(upTo(4));
  });

  it('shows every record of a real log once, through many rotations in a burst', async function () {
    this.timeout(15_000);
    const log = openDeliveryLog({ file: path('log'), maxBytes: 20_000, keep: 100, report: () => undefined });
    const lines = following();
    const written: string[] = [];
    for (let index = 0; index < 3_000; index += 1) {
      const record = deliveryRecord({ batch: `batch ${index}` });
      written.push(record.batch ?? '');
      log.write(record);
      if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await log.close();
    await until(() => lines.length >= 3_000);
    expect(lines.map((line) => JSON.parse(line).batch)).to.deep.equal(written);
  });

  it('ends at the end of the log where it is not to wait', async () => {
    writeFileSync(path('log.1'), numbered(0, 2));
    writeFileSync(path('log'), `${numbered(2, 4)}not whole`);
    const lines = following({ wait: false });
    await Promise.all(ended);
    expect(numbers(lines)).to.deep.equal(upTo(4));
    rmSync(path('log'));
    rmSync(path('log.1'));
    expect(following({ wait: false })).to.deep.equal([]);
    await Promise.all(ended);
  });

  it('ends without an error when it is stopped', async () => {
    writeFileSync(path('log'), numbered(0, 2));
    const lines = following({ pollMs: 60_000 });
    await until(() => lines.length === 2);
    stop.abort();
    await Promise.all(ended);
  });
});

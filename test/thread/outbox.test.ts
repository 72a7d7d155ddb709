import { expect } from 'chai';
import sinon from 'sinon';
import { type HandOver, type Outbox, outbox } from '../../src/thread/outbox.js';

describe('the outbox', () => {
  let box: Outbox;
  let handOver: sinon.SinonStub<Parameters<HandOver>, void>;
  let clock: sinon.SinonFakeTimers;

  beforeEach(() => {
    clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'setImmediate', 'performance'] });
    box = outbox();
    handOver = sinon.stub<Parameters<HandOver>, void>();
  });

  /** Without the ids of what is stored once. */
  const handed = (by = handOver) => by.args.map(([group, texts]) => [group, texts]);
  const outcomeOf = (appended: Promise<void>): Promise<string> =>
    appended.then(
      () => 'stored',
      (error: Error) => error.message,
    );

  it('hands over together what comes in one turn, and what comes within the next two milliseconds', () => {
    box.connect(handOver);
    void box.append('a');
    void box.append('b');
    clock.runToLast();
    void box.append('c');
    clock.tick(1);
    void box.append('d');
    clock.tick(5);
    expect(handed()).to.deep.equal([
      [1, ['a', 'b']],
      [2, ['c', 'd']],
    ]);
  });

  it('hands over no more than 1,000 at once', () => {
    box.connect(handOver);
    for (let n = 0; n < 2500; n += 1) void box.append(String(n));
    clock.tick(10);
    expect(handOver.args.map(([, texts]) => texts.length)).to.deep.equal([1000, 1000, 500]);
    expect(handOver.args.flatMap(([, texts]) => texts)).to.deep.equal(
      Array.from({ length: 2500 }, (_, n) => String(n)),
    );
  });

  it('resolves what is stored, and rejects what is refused', async () => {
    box.connect(handOver);
    const first = box.append('a');
    box.flush();
    const second = box.append('b');
    box.flush();
    expect(box.size).to.equal(2);
    box.refused(2, new Error('the disk is full'));
    box.stored(1);
    expect(await outcomeOf(first)).to.equal('stored');
    expect(await outcomeOf(second)).to.equal('the disk is full');
    expect(box.size).to.equal(0);
  });

  it('hands over again, in order and before what is new, what was not stored when another one takes over', async () => {
    box.connect(handOver);
    const appended = ['a', 'b', 'c'].map((text) => {
      const promise = box.append(text);
      box.flush();
      return promise;
    });
    box.stored(1);
    box.connect(undefined);
    void box.append('d');
    clock.tick(10);
    expect(handOver.callCount).to.equal(3);
    const next = sinon.stub<Parameters<HandOver>, void>();
    box.connect(next);
    expect(handed(next)).to.deep.equal([
      [2, ['b']],
      [3, ['c']],
      [4, ['d']],
    ]);
    for (const group of [2, 3, 4]) box.stored(group);
    await Promise.all(appended);
    expect(box.size).to.equal(0);
  });

  it('rejects what was not stored when it is closed, and what comes later', async () => {
    box.connect(handOver);
    const away = box.append('a');
    box.flush();
    const waiting = box.append('b');
    box.close(new Error('closed'));
    const late = box.append('c');
    box.stored(1);
    expect(await Promise.all([away, waiting, late].map(outcomeOf))).to.deep.equal(['closed', 'closed', 'closed']);
    expect(box.size).to.equal(0);
  });

  it('says which of a group are to be stored once, also when it hands them over again', () => {
    box.connect(handOver);
    void box.append('a');
    void box.append('b', 'id of b');
    clock.runToLast();
    box.connect(undefined);
    box.connect(handOver);
    const ids = handOver.args.map(([, , once]) => [...once]);
    expect(ids).to.deep.equal([[[1, 'id of b']], [[1, 'id of b']]]);
  });
});

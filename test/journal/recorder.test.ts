import { expect } from 'chai';
import sinon from 'sinon';
import { SetwireError } from '../../src/errors.js';
import { recorderOf } from '../../src/journal/recorder.js';
import type { IdentityEvent } from '../../src/schema-types.js';

const eventOf = (id: string): IdentityEvent => ({
  id,
  type: 'login.failure',
  time: 1_751_705_149_641,
  acceptedAt: 1_751_705_149_641,
});

const upTo = (maxEvents: number, maxBytes = 1_000_000) => ({ maxEvents, maxBytes });

describe('the recorder', () => {
  it('resolves what was recorded once the journal has it', async () => {
    let stored: (offset: number) => void = () => undefined;
    const append = sinon.stub().returns(new Promise<number>((resolve) => (stored = resolve)));
    const recorder = recorderOf({ append }, Promise.resolve(), upTo(10), sinon.stub());
    const event = eventOf('a');
    recorder.record(event);
    let done = false;
    const recorded = recorder.recorded(event)?.then(() => (done = true));
    await Promise.resolve();
    await Promise.resolve();
    expect(done).to.equal(false);
    stored(1);
    await recorded;
    expect(done).to.equal(true);
    await recorder.settled();
    expect(recorder.pending).to.equal(0);
  });

  it('tells the journal which ids were given, and whether it has room', async () => {
    let stored: (offset: number) => void = () => undefined;
    const append = sinon.stub().returns(new Promise<number>((resolve) => (stored = resolve)));
    const recorder = recorderOf({ append }, Promise.resolve(), upTo(2), sinon.stub());
    recorder.record(eventOf('a'), true);
    expect(recorder.isFull).to.equal(false);
    recorder.record(eventOf('b'));
    expect(recorder.isFull).to.equal(true);
    stored(1);
    await recorder.settled();
    expect(recorder.isFull).to.equal(false);
    expect(append.args.map(([text, id]) => [JSON.parse(text).id, id])).to.deep.equal([
      ['a', 'a'],
      ['b', undefined],
    ]);
  });

  it('keeps the order of what came before the journal was ready', async () => {
    let open: () => void = () => undefined;
    const append = sinon.stub().resolves(1);
    const recorder = recorderOf({ append }, new Promise((resolve) => (open = resolve)), upTo(10), sinon.stub());
    for (const id of ['a', 'b', 'c']) recorder.record(eventOf(id));
    expect(append.callCount).to.equal(0);
    open();
    await recorder.settled();
    expect(append.args.map(([text]) => JSON.parse(text).id)).to.deep.equal(['a', 'b', 'c']);
  });

  it('does not let an event overtake those that wait for the journal to be ready', async () => {
    let open: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => (open = resolve));
    const append = sinon.stub().resolves(1);
    const recorder = recorderOf({ append }, ready, upTo(10), sinon.stub());
    const next = ready.then(() => recorder.record(eventOf('c')));
    for (const id of ['a', 'b']) recorder.record(eventOf(id));
    open();
    await next;
    await recorder.settled();
    expect(append.args.map(([text]) => JSON.parse(text).id)).to.deep.equal(['a', 'b', 'c']);
  });

  it('asks the journal also when that was never ready, and hears why', async () => {
    const append = sinon.stub().rejects(new SetwireError('SETWIRE_NOT_RUNNING', 'the journal is closed'));
    const onLost = sinon.stub();
    const recorder = recorderOf({ append }, Promise.reject(new Error('closed before')), upTo(10), onLost);
    recorder.record(eventOf('a'));
    await recorder.settled();
    expect(onLost.args.map(([{ id }, { code }]) => [id, code])).to.deep.equal([['a', 'SETWIRE_NOT_RUNNING']]);
  });

  it('settles together what the journal stores together, and tells of each that is lost', async () => {
    let refuse: (error: Error) => void = () => undefined;
    const stored = new Promise<number>((_, reject) => (refuse = reject));
    const onLost = sinon.stub();
    const recorder = recorderOf({ append: () => stored }, Promise.resolve(), upTo(10), onLost);
    await Promise.resolve();
    for (const id of ['a', 'b']) recorder.record(eventOf(id));
    const outcomes = ['a', 'b'].map((id) => recorder.recorded(eventOf(id)));
    expect(recorder.pending).to.equal(2);
    refuse(new Error('the disk is gone'));
    for (const outcome of outcomes)
      expect(await outcome?.catch((error: Error) => error.message)).to.equal('the disk is gone');
    expect(onLost.args.map(([event]) => event)).to.deep.equal([eventOf('a'), eventOf('b')]);
    expect([recorder.pending, recorder.lost]).to.deep.equal([0, 2]);
  });

  it('drops what finds no room, says so, and takes the next when there is room again', async () => {
    let open: () => void = () => undefined;
    const onLost = sinon.stub();
    const append = sinon.stub().resolves(1);
    const recorder = recorderOf({ append }, new Promise((resolve) => (open = resolve)), upTo(2), onLost);
    for (const id of ['a', 'b', 'c']) recorder.record(eventOf(id));
    const refused = await recorder.recorded(eventOf('c'))?.catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(SetwireError).with.property('code', 'SETWIRE_OVERLOADED');
    expect(recorder.lost).to.equal(1);
    expect(onLost.calledOnce).to.equal(true);
    open();
    await recorder.settled();
    recorder.record(eventOf('d'));
    await recorder.settled();
    expect(append.args.map(([text]) => JSON.parse(text).id)).to.deep.equal(['a', 'b', 'd']);
  });

  it('does not raise an unhandled rejection when nobody waits', async () => {
    const unhandled = sinon.stub();
    process.on('unhandledRejection', unhandled);
    try {
      const recorder = recorderOf(
        { append: sinon.stub().rejects(new Error('disk full')) },
        Promise.resolve(),
        upTo(2),
        sinon.stub(),
      );
      recorder.record(eventOf('a'));
      await recorder.settled();
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled.callCount).to.equal(0);
      expect(recorder.lost).to.equal(1);
    } finally {
      process.off('unhandledRejection', unhandled);
    }
  });

  it('knows nothing of an event that was not recorded', () => {
    const recorder = recorderOf({ append: sinon.stub() }, Promise.resolve(), upTo(2), sinon.stub());
    expect(recorder.recorded(eventOf('a'))).to.equal(undefined);
  });
});

import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { type Adapter, createAdapter } from '../../src/adapter.js';
import { type Captures, capturesOf } from '../../src/events/captures.js';
import type { Captured } from '../../src/events/intake.js';
import { type Workplace, workplace } from '../support/settings.js';

describe('what a bus has announced', () => {
  let taken: number[];
  let captures: Captures;
  const captured = (at: number): Captured => ({ copy: {}, at });

  beforeEach(() => {
    taken = [];
    captures = capturesOf(({ at }) => taken.push(at));
  });

  it('is taken up within the turn of the event loop, in its order', async () => {
    for (const at of [1, 2, 3]) captures.add(captured(at));
    expect(taken).to.deep.equal([]);
    await turn();
    expect(taken).to.deep.equal([1, 2, 3]);
    captures.add(captured(4));
    await turn();
    expect(taken).to.deep.equal([1, 2, 3, 4]);
  });

  it('is taken up at once when that is asked for, and then not again', async () => {
    captures.add(captured(1));
    captures.drain();
    expect(taken).to.deep.equal([1]);
    captures.add(captured(2));
    await turn();
    expect(taken).to.deep.equal([1, 2]);
  });

  it('waits in no more than so many', () => {
    for (let at = 0; at < 1500; at += 1) captures.add(captured(at));
    expect(taken).to.deep.equal(Array.from({ length: 1000 }, (_, at) => at));
  });

  it('keeps its order when more is announced, and taken up at once, in between', async () => {
    captures = capturesOf(({ at }) => {
      taken.push(at);
      if (at !== 1) return;
      captures.add(captured(3));
      captures.drain();
    });
    captures.add(captured(1));
    captures.add(captured(2));
    await turn();
    expect(taken).to.deep.equal([1, 2, 3]);
  });

  describe('on a host', () => {
    let place: Workplace;
    let bus: EventEmitter;
    let adapter: Adapter;
    let flowing: string[];
    const login = (id: string) => ({ user: { id } });

    beforeEach(() => {
      place = workplace();
      bus = new EventEmitter();
      adapter = createAdapter(place.settings({ transmitter: 'none', endpoints: {} }), {
        host: bus,
        report: () => undefined,
      });
      flowing = [];
      adapter.flows.login.subscribe(({ user }) => flowing.push(user?.id ?? ''));
    });

    afterEach(async () => {
      await adapter.detach();
      place.remove();
    });

    it('is as it was when it was announced, whatever the host does with it afterwards', async () => {
      const reported = login('alice');
      bus.emit('login.success', reported);
      reported.user.id = 'mallory';
      await turn();
      expect(flowing).to.deep.equal(['alice']);
    });

    it('has the time at which it was announced', async () => {
      const times: number[] = [];
      adapter.flows.login.subscribe(({ time, acceptedAt }) => times.push(time, acceptedAt));
      const before = Date.now();
      bus.emit('login.success', login('alice'));
      const after = Date.now();
      while (Date.now() <= after + 5);
      await turn();
      for (const time of times) expect(time).to.be.within(before, after);
      expect(times).to.have.length(2);
    });

    it('comes before what is emitted after it', async () => {
      bus.emit('login.success', login('first'));
      const emitted = adapter.emit({ type: 'login.success', ...login('second') });
      expect(flowing).to.deep.equal(['first', 'second']);
      await emitted;
    });

    it('is counted, and refused, when its turn is over, and by `status` before', () => {
      bus.emit('login.success', login('alice'));
      bus.emit('login.success', { user: { id: 7 } });
      bus.emit('login.success', { user: () => 'a function' });
      expect(adapter.status().events).to.deep.equal({ accepted: 1, refused: 2, recorded: 1 });
    });

    it('is in the journal after a `detach` in the same turn', async () => {
      bus.emit('login.success', login('alice'));
      await adapter.detach();
      expect(flowing).to.deep.equal(['alice']);
      expect(adapter.status().events).to.deep.equal({ accepted: 1, refused: 0, recorded: 1 });
    });
  });
});

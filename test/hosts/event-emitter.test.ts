import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import sinon from 'sinon';
import { canonicalTypes } from '../../src/events/identity-event.js';
import { eventEmitterHost } from '../../src/hosts/event-emitter.js';

describe('an EventEmitter as a host', () => {
  const listener = sinon.stub();
  const unmapped = sinon.stub();
  let bus: EventEmitter;
  let detach: () => void;

  beforeEach(() => {
    listener.reset();
    unmapped.reset();
    bus = new EventEmitter();
    detach = eventEmitterHost(bus).on(listener, unmapped);
  });

  for (const type of canonicalTypes) {
    it(`tells ${type}`, () => {
      bus.emit(type, { user: { id: '1' } });
      expect(listener.args).to.deep.equal([[{ type, user: { id: '1' } }]]);
    });
  }

  it('goes by the name of the event, whatever type stands in it', () => {
    bus.emit('account.locked', { type: 'account.deleted' });
    expect(listener.args[0]?.[0]).to.deep.equal({ type: 'account.locked' });
  });

  it('counts what is no object', () => {
    for (const odd of [undefined, null, 'text', 42, ['list']]) bus.emit('account.locked', odd);
    expect(listener.called).to.equal(false);
    expect(unmapped.callCount).to.equal(5);
  });

  it('survives what cannot be read', () => {
    const proxy = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('boom');
        },
      },
    );
    expect(() => bus.emit('account.locked', proxy)).to.not.throw();
    expect(unmapped.args).to.deep.equal([['account.locked', 'what was emitted with it cannot be read']]);
  });

  it('leaves nothing behind when it is detached', () => {
    detach();
    expect(bus.eventNames()).to.deep.equal([]);
  });
});

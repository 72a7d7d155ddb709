import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import { SetwireError } from '../../src/errors.js';
import { hostOf } from '../../src/hosts/detect.js';

describe('which host it is', () => {
  it('takes an EventEmitter', () => expect(hostOf(new EventEmitter()).name).to.equal('event-emitter'));

  it("takes a host of somebody's own as it is", () => {
    const own = { name: 'own', on: () => () => undefined };
    expect(hostOf(own)).to.equal(own);
  });

  const odd: [name: string, target: unknown, words: RegExp][] = [
    ['nothing', undefined, /found undefined/],
    ['null', null, /found null/],
    ['a text', 'provider', /found string/],
    ['a plain object', {}, /found an object of Object/],
    ['an object without a prototype', Object.create(null), /found an object of no class/],
  ];
  for (const [name, target, words] of odd) {
    it(`refuses ${name}`, () => {
      expect(() => hostOf(target))
        .to.throw(SetwireError, words)
        .with.property('code', 'SETWIRE_HOST_UNSUPPORTED');
    });
  }

  it('refuses an EventEmitter that is called an oidc-provider', () => {
    expect(() => hostOf(new EventEmitter(), 'oidc-provider')).to.throw(SetwireError, /allowed: oidc-provider/);
  });
});

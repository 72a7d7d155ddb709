import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import { received, sendable } from '../../src/config/sendable.js';
import type { Settings } from '../../src/config/settings.js';
import { type Workplace, workplace } from '../support/settings.js';

describe('settings on their way to another thread', () => {
  let place: Workplace;
  beforeEach(() => {
    place = workplace();
  });
  afterEach(() => place.remove());

  const settings = (secret: string): Settings =>
    place.settings({
      endpoints: {
        crm: {
          url: 'https://crm.example.com',
          where: { 'user.id': { $in: ['1', '2'] } },
          headers: { 'x-key': 'a key' },
          signature: { scheme: 'wso2', secret },
        },
      },
    });

  it('arrive as they were, secrets included, and frozen', () => {
    const before = settings('0123456789abcdef');
    const after = received(structuredClone(sendable(before))) as Settings;
    expect(after).to.deep.equal(before);
    const [crm] = after.endpoints;
    expect(crm?.signature?.secret.reveal()).to.equal('0123456789abcdef');
    expect(String(crm?.headers['x-key'])).to.equal('[secret]');
    expect(Object.isFrozen(crm?.where)).to.equal(true);
  });

  it('differ when a secret does', () => {
    const one = sendable(settings('0123456789abcdef'));
    expect(isDeepStrictEqual(one, sendable(settings('0123456789abcdef')))).to.equal(true);
    expect(isDeepStrictEqual(one, sendable(settings('0123456789abcdeg')))).to.equal(false);
  });
});

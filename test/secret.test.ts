import { inspect } from 'node:util';
import { expect } from 'chai';
import { Secret } from '../src/secret.js';

describe('a secret', () => {
  const secret = new Secret('hunter2-hunter2');
  const ways: Record<string, () => string> = {
    'a template': () => `${secret}`,
    'JSON.stringify': () => JSON.stringify({ secret }),
    'inspect, hidden members too': () => inspect({ deep: [secret] }, { showHidden: true, depth: 9 }),
    'Object.entries': () => JSON.stringify(Object.entries(secret)),
    'an error': () => new Error(`refused: ${secret}`).message,
  };
  for (const [name, print] of Object.entries(ways)) {
    it(`does not show in ${name}`, () => {
      expect(print()).to.not.include('hunter2');
    });
  }

  it('is there for whoever asks for it', () => {
    expect(secret.reveal()).to.equal('hunter2-hunter2');
  });
});

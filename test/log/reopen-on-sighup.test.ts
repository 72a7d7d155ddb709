import { once } from 'node:events';
import { expect } from 'chai';
import sinon from 'sinon';
import { reopenOnSighup } from '../../src/log/reopen-on-sighup.js';

describe('reopenOnSighup', () => {
  it('reopens at every SIGHUP until it is taken away', async () => {
    const before = process.listenerCount('SIGHUP');
    const reopen = sinon.spy();
    const stop = reopenOnSighup({ reopen });
    for (const count of [1, 2]) {
      const signalled = once(process, 'SIGHUP');
      process.kill(process.pid, 'SIGHUP');
      await signalled;
      expect(reopen.callCount).to.equal(count);
    }
    stop();
    expect(process.listenerCount('SIGHUP')).to.equal(before);
  });
});

import { expect } from 'chai';
import sinon from 'sinon';
import { createAdapter } from '../../src/adapter.js';
import type { ReportedEvent } from '../../src/events/identity-event.js';
import { startReceiver } from '../support/receiver.js';
import { workplace } from '../support/settings.js';
import { events, expectedOf } from '../support/wso2-samples.js';

describe('the bytes that a receiver gets', () => {
  for (const [name, { file, event }] of Object.entries(events)) {
    it(`are WSO2's for ${name}`, async () => {
      const place = workplace();
      const receiver = await startReceiver();
      const { jti, iat } = JSON.parse(expectedOf(file));
      // The sample was accepted at its `iat`: for us that is now.
      sinon.useFakeTimers({ now: iat, toFake: ['Date'] });
      const settings = place.settings({
        issuer: 'https://localhost:9443',
        endpoints: { crm: { url: receiver.url, claims: ['*'] } },
      });
      const adapter = createAdapter(settings, { report: () => undefined });
      try {
        await adapter.emit({ ...event, id: jti } as ReportedEvent);
        expect((await receiver.next()).body.toString('utf8')).to.equal(expectedOf(file));
      } finally {
        await adapter.detach();
        await receiver.stop();
        place.remove();
      }
    });
  }
});

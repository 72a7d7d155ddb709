import type { BetterAuthPlugin } from 'better-auth';
import { expect } from 'chai';
import type { ReportedEvent } from '../../../src/events/identity-event.js';
import { betterAuthHost } from '../../../src/hosts/better-auth/host.js';
import { flows } from '../../support/better-auth/flows.js';
import { startBetterAuth } from '../../support/better-auth/server.js';
import { World, wordsOf } from '../../support/better-auth/world.js';

for (const place of ['first', 'last'] as const) {
  describe(`better-auth as a host, as the ${place} of its plugins`, () => {
    for (const [name, flow] of Object.entries(flows)) {
      it(`tells ${name}, completely and nothing else`, async () => {
        const events: ReportedEvent[] = [];
        const { host, parts, settled } = betterAuthHost();
        const detach = host.on(
          (event) => events.push(event),
          () => undefined,
        );
        const probe: BetterAuthPlugin = { id: 'probe', ...parts };
        const server = await startBetterAuth({ [place]: [probe] });
        const world = new World(server, async ({ flow: of, request, requestId, expected }) => {
          await settled();
          const told = events.splice(0);
          expect(
            told.map((event) => wordsOf(event, (user) => world.nameOf(user))),
            `${of}: ${request}`,
          ).to.deep.equal(expected);
          expect(new Set(told.map(({ correlationId }) => correlationId)).size, request).to.be.at.most(1);
          for (const { correlationId, initiator } of told) {
            expect(correlationId).to.equal(requestId);
            expect(initiator).to.include({ ip: '203.0.113.7', userAgent: 'Person/1.0' });
          }
        });
        world.flow = name;
        try {
          await flow(world);
        } finally {
          detach();
          await server.stop();
        }
      });
    }
  });
}

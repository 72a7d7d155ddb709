import { expect } from 'chai';
import type { ReportedEvent } from '../../../src/events/identity-event.js';
import { betterAuthHost } from '../../../src/hosts/better-auth/host.js';
import { flows } from '../../support/better-auth/flows.js';
import { startBetterAuth } from '../../support/better-auth/server.js';
import { World, wordsOf } from '../../support/better-auth/world.js';

/** A secondary storage, as Redis would be one. */
function storage() {
  const kept = new Map<string, string>();
  return {
    get: (key: string) => Promise.resolve(kept.get(key) ?? null),
    set: (key: string, value: string) => Promise.resolve(void kept.set(key, value)),
    delete: (key: string) => Promise.resolve(void kept.delete(key)),
    increment(key: string) {
      const value = Number(kept.get(key) ?? 0) + 1;
      kept.set(key, String(value));
      return Promise.resolve(value);
    },
    getAndDelete(key: string) {
      const value = kept.get(key) ?? null;
      kept.delete(key);
      return Promise.resolve(value);
    },
  };
}

describe('better-auth with its sessions in secondary storage', () => {
  const names = [
    'sign-ins that succeed and fail',
    'what an administrator does to an account',
    'an administrator who acts for a user',
    'an account that its user deletes',
    'sign-ins by another identity provider',
    'passwords that are changed',
    'passwords that are reset',
    'a second factor',
  ];
  for (const name of names) {
    it(`tells ${name}, as from the database`, async () => {
      const events: ReportedEvent[] = [];
      const { host, parts, settled } = betterAuthHost();
      const detach = host.on(
        (event) => events.push(event),
        () => undefined,
      );
      const server = await startBetterAuth({ last: [{ id: 'probe', ...parts }] }, { secondaryStorage: storage() });
      const world = new World(server, async ({ request, expected }) => {
        await settled();
        const told = events.splice(0).map((event) => wordsOf(event, (user) => world.nameOf(user)));
        expect(told, request).to.deep.equal(expected);
      });
      try {
        await flows[name]?.(world);
        expect(server.database.session).to.deep.equal([]);
        expect(world.steps).to.have.length.greaterThan(2);
      } finally {
        detach();
        await server.stop();
      }
    });
  }
});

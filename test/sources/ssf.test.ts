import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { acceptWith } from '../../src/events/intake.js';
import type { IdentityEvent, KeycloakEvent } from '../../src/schema-types.js';
import { keycloakEvents } from '../../src/sources/keycloak-event.js';
import { recordOf } from '../../src/sources/keycloak-record.js';
import type { Reading } from '../../src/sources/source.js';
import { readWso2 } from '../../src/sources/wso2.js';
import { adminEvent, adminSamples, userEvent, userSamples } from '../support/keycloak-samples.js';
import { resultsOf } from '../support/ssf-settings.js';
import { events as samples, vectors } from '../support/wso2-samples.js';

const accept = acceptWith({ now: () => 1_800_000_000_000, newId: () => 'never' });

function eventsOf(reading: Reading): IdentityEvent[] {
  if (reading.kind === 'wrong') throw new Error(JSON.stringify(reading));
  return reading.events.map(accept);
}

/** What becomes of an event: its event types in the ssf profile, or why there is none. */
const typesOf = (event: IdentityEvent): string[] =>
  resultsOf(event).map((result) =>
    result.kind === 'set' ? (result.set.eventTypeUri.split('/').at(-1) ?? '') : result.reason,
  );

/** A SET each: not one of them is given up. */
function expectSets(event: IdentityEvent): void {
  expect(typesOf(event)).to.have.length.greaterThan(0);
  for (const type of typesOf(event)) expect(type).to.match(/^[a-z]+(-[a-z]+)*$/);
}

describe('what comes from other servers, in the ssf profile', () => {
  for (const { file, event } of Object.values(samples)) {
    it(`is a SET: ${event.type} of WSO2`, () => {
      const [came] = eventsOf(readWso2(readFileSync(new URL(`${file}.json`, vectors), 'utf8')));
      if (came === undefined) throw new Error('there is no event');
      expectSets(came);
      // WSO2's own words are for the wso2 profile alone.
      const { source, ...bare } = came;
      expect(source?.type).to.equal('wso2');
      expect(resultsOf(came)).to.deep.equal(resultsOf(bare));
    });
  }

  const said = [
    ...Object.entries(userSamples).map(([name, sample]) => [name, { id: name, ...userEvent, ...sample.said }] as const),
    ...Object.entries(adminSamples).map(
      ([name, sample]) => [name, { id: name, ...adminEvent, ...sample.said }] as const,
    ),
  ];
  for (const [name, event] of said) {
    it(`is a SET for each event: ${name}, of Keycloak`, () => {
      const present = Object.fromEntries(Object.entries(event).filter(([, member]) => member !== null));
      for (const came of eventsOf(keycloakEvents('kc')(recordOf(present as unknown as KeycloakEvent)))) {
        expectSets(came);
        expect(JSON.stringify(resultsOf(came))).to.not.match(/hunter2|aol\.com/);
      }
    });
  }
});

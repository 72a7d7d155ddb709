import type { IdentityEvent } from '../../src/schema-types.js';
import { ssf } from '../../src/set/profiles/ssf.js';
import type { ProfileSettings, SetResult, SubjectSettings } from '../../src/set/set.js';
import { deepFreeze } from '../set/profiles/deep-freeze.js';

/** What JSON.parse gives. */
export type Parsed = ReturnType<typeof JSON.parse>;

/** A `subject` as the config's defaults complete it. */
export const subjectFor = (
  format: SubjectSettings['format'],
  more: Partial<SubjectSettings> = {},
): SubjectSettings => ({
  format,
  user: 'iss_sub',
  formats: ['iss_sub', 'email'],
  ...more,
});

/** An endpoint of the ssf profile. */
export const partner: ProfileSettings = {
  endpoint: 'partner',
  issuer: 'https://id.example.com',
  audience: 'https://receiver.example.org',
  claims: ['username'],
  defaults: {},
  subject: subjectFor('iss_sub'),
  eventTypes: {},
  pairwiseSecret: Buffer.alloc(32, 7),
};

export const resultsOf = (event: IdentityEvent, settings: Partial<ProfileSettings> = {}): readonly SetResult[] =>
  ssf.makeSetsWith({ ...partner, ...settings })(deepFreeze(event));

/** The claims of the SETs of an event, all of which have to be made. */
export const setsOf = (event: IdentityEvent, settings: Partial<ProfileSettings> = {}): Parsed[] =>
  resultsOf(event, settings).map((result) => {
    if (result.kind === 'dead') throw new Error(`${result.reason}: ${result.detail}`);
    return JSON.parse(result.set.text);
  });

/** The first of them. */
export const setOf = (event: IdentityEvent, settings: Partial<ProfileSettings> = {}): Parsed => {
  const [set] = setsOf(event, settings);
  return set;
};

/** What stands under the event type URI. */
export const claimsOf = (event: IdentityEvent, settings: Partial<ProfileSettings> = {}): Parsed =>
  Object.values(setOf(event, settings).events)[0];

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { canonicalTypes } from '../../src/events/identity-event.js';
import { catalogue } from '../../src/set/profiles/wso2-catalogue.js';
import { adminSamples, userSamples } from '../support/keycloak-samples.js';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const [, section = ''] = /### What each server can tell\n([\s\S]*?)\n#/.exec(readme) ?? [];
const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const [head = [], , ...rows] = section
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map(cellsOf);

/** What a server's column says of each type, without its remarks. */
const column = (server: string): Record<string, string> =>
  Object.fromEntries(
    rows.map((cells) => [(cells[0] ?? '').replaceAll('`', ''), (cells[head.indexOf(server)] ?? '').replace(/:.*/, '')]),
  );

describe('the table of what each server can tell', () => {
  const told = new Set<string>(
    [...Object.values(userSamples), ...Object.values(adminSamples)].flatMap(({ left }) => left.map(([type]) => type)),
  );
  // A second login in a session: its test needs two of them.
  told.add('session.presented');

  const columns: Record<string, ReadonlySet<string>> = {
    WSO2: new Set(Object.keys(catalogue)),
    Keycloak: told,
    "Keycloak's log": told,
  };
  for (const [server, types] of Object.entries(columns)) {
    it(`is true of ${server}: what is tested is in it, and nothing else`, () => {
      const expected = canonicalTypes.map((type) => [
        type,
        type === 'login.suspicious' ? 'derived' : types.has(type) ? 'yes' : 'no',
      ]);
      expect(column(server)).to.deep.equal(Object.fromEntries(expected));
    });
  }
});

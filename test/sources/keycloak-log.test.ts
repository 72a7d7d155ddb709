import { appendFileSync, copyFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { wso2 } from '../../src/set/profiles/wso2.js';
import { membersOf, recordIn } from '../../src/sources/keycloak-log.js';
import { adminSamples, type KeycloakSample, time, userEvent, userSamples } from '../support/keycloak-samples.js';
import { leftBy, type Served, served } from '../support/served.js';
import { until } from '../support/until.js';

type Members = Readonly<Record<string, unknown>>;

/** As Keycloak's listener quotes: a quote is escaped, a backslash is not. */
const quoted = (members: readonly (readonly [string, unknown])[]): string =>
  members.map(([name, value]) => `${name}="${String(value).replaceAll('"', '\\"')}"`).join(', ');

let sequence = 0;
function lineOf(text: string, form: 'default' | 'ecs' = 'default'): string {
  sequence += 1;
  const timestamp = new Date(time).toISOString().replace('Z', '73092Z');
  const record =
    form === 'default'
      ? {
          timestamp,
          sequence,
          loggerClassName: 'org.jboss.logging.Logger',
          loggerName: 'org.keycloak.events',
          level: 'INFO',
          message: text,
        }
      : {
          '@timestamp': timestamp,
          'event.sequence': sequence,
          'log.logger': 'org.keycloak.events',
          'log.level': 'INFO',
          message: text,
        };
  return JSON.stringify({
    ...record,
    threadName: 'executor-thread-1',
    mdc: {},
    ndc: '',
    hostName: 'keycloak-0',
    processId: 1,
  });
}

/** What the listener writes of a user event. */
function userText(said: Members): string {
  const { type, realmId, realmName, clientId, userId, sessionId, ipAddress, error, details } = {
    ...userEvent,
    ...said,
  } as Members;
  return quoted([
    ...Object.entries({ type, realmId, realmName, clientId, userId }),
    ...(sessionId === null ? [] : [['sessionId', sessionId] as const]),
    ['ipAddress', ipAddress],
    ...(error === undefined ? [] : [['error', error] as const]),
    ...Object.entries((details ?? {}) as Members),
    ['authSessionParentId', 'b63cdc09-34fa-4f06-aadb-1352e42ea248'],
    ['authSessionTabId', 'c-4mgamEmUY'],
  ]);
}

function adminText(said: Members, realmName: string): string {
  const { operationType, resourceType = 'USER', resourcePath, error, representation, details } = said;
  return quoted([
    ...Object.entries({ operationType, realmId: userEvent.realmId, realmName, clientId: '48da20f6', userId: 'root' }),
    ...Object.entries({ ipAddress: '198.51.100.7', resourceType, resourcePath }),
    ...(error === undefined ? [] : [['error', error] as const]),
    ...Object.entries((details ?? {}) as Members),
    ...(representation === undefined ? [] : [['representation', representation] as const]),
  ]);
}

const nameOf = (type: string): string => wso2.eventTypeUris(type, { eventTypes: {} })[0]?.split('/').at(-1) ?? type;
const expectedOf = ({ left }: KeycloakSample) => left.map(([type, body]) => [nameOf(type), body]);

describe("Keycloak's log", () => {
  describe('a line', () => {
    it('has its members, the first of a name, with quotes in their values', () => {
      expect([...membersOf('type="LOGIN", userId="1", username="a\\"b", userId="2", empty=""')]).to.deep.equal([
        ['type', 'LOGIN'],
        ['userId', '1'],
        ['username', 'a"b'],
        ['empty', ''],
      ]);
    });

    const typed = [
      'a", userId="victim',
      'a\\", userId=\\"victim',
      'a\\',
      '\\',
      '", type="LOGIN',
      'a\\\\',
      ', x="y"',
      'a=b, c',
    ];
    for (const username of typed) {
      it(`cannot be made to say something else by a name: ${JSON.stringify(username)}`, () => {
        const details = { auth_method: 'openid-connect', username, code_id: ', userId="victim' };
        const record = recordIn(
          lineOf(userText({ type: 'LOGIN_ERROR', userId: null, sessionId: null, error: 'user_not_found', details })),
        );
        if (typeof record === 'string' || record.kind !== 'user') throw new Error('it was not understood');
        const { type, userId, error } = record;
        expect({ type, userId, error }).to.deep.equal({
          type: 'LOGIN_ERROR',
          userId: undefined,
          error: 'user_not_found',
        });
        if (!username.endsWith('\\')) expect(record.username).to.equal(username);
      });
    }

    it('is none where another logger wrote it, and not understood where values are not quoted', () => {
      const other = JSON.stringify({
        timestamp: '2025-10-10T09:22:55Z',
        loggerName: 'org.keycloak.services',
        message: 'type="LOGIN"',
      });
      expect(recordIn(other)).to.equal('none');
      expect(recordIn('Updating the configuration and installing your custom providers')).to.equal('none');
      expect(recordIn(JSON.stringify({ loggerName: 'org.infinispan', message: 'about org.keycloak.events' }))).to.equal(
        'none',
      );
      expect(recordIn(lineOf('type=LOGIN, realmId=1, userId=2'))).to.equal('unknown');
      expect(recordIn(lineOf('type="LOGIN"').slice(0, -20))).to.equal('unknown');
    });

    it('names no realm where an administrator of master may have changed any', () => {
      const said = { operationType: 'DELETE', resourcePath: 'users/1' };
      const realms = ['master', 'acme'].map((realmName) => recordIn(lineOf(adminText(said, realmName))));
      expect(realms.map((record) => typeof record === 'object' && record.realm?.name)).to.deep.equal([
        undefined,
        'acme',
      ]);
    });
  });

  describe('followed', () => {
    let site: Served;
    afterEach(() => site.end());

    const start = (from: 'now' | 'beginning' = 'beginning', more = {}): Promise<Served> =>
      served({
        intake: { sources: { log: { type: 'keycloak-log', file: 'keycloak.log', from } } },
        config: { issuer: 'https://id.example.com' },
        endpoint: { order: 'none', concurrency: 1 },
        ...more,
      });
    const log = (): string => site.place.path('keycloak.log');
    const logout = (sessionId: string): string => `${lineOf(userText({ type: 'LOGOUT', sessionId }))}\n`;
    const write = (...sessions: readonly string[]): void => appendFileSync(log(), sessions.map(logout).join(''));
    const sessionsLeft = (): unknown[] =>
      leftBy(site.receiver).map(([, { sessions }]) => (sessions as { id: string }[])[0]?.id);
    const left = (...sessions: readonly string[]) =>
      until(() => sessionsLeft().length >= sessions.length).then(() => expect(sessionsLeft()).to.deep.equal(sessions));

    for (const form of ['default', 'ecs'] as const) {
      it(`says what the extensions say, in the ${form} form`, async () => {
        site = await start();
        const expected: unknown[] = [];
        for (const sample of Object.values(userSamples)) {
          appendFileSync(log(), `${lineOf(userText(sample.said), form)}\n`);
          expected.push(...expectedOf(sample));
        }
        for (const [name, sample] of Object.entries(adminSamples)) {
          if (name === 'a user that was changed in the admin console') continue;
          appendFileSync(log(), `${lineOf(adminText(sample.said, 'acme'), form)}\n`);
          expected.push(...expectedOf(sample));
        }
        await until(() => site.receiver.requests.length >= expected.length);
        await site.settle();
        expect(leftBy(site.receiver)).to.deep.equal(expected);
      });
    }

    it('begins at the end, or at the beginning, as it is wished, and with all of a log that comes later', async () => {
      site = await start('now');
      await site.settle();
      write('old');
      rmSync(site.place.path('setwire-data/sources'), { recursive: true, force: true });
      await site.restart();
      write('new');
      await left('new');
    });

    it('goes on after a restart where it stopped, and takes nothing twice', async () => {
      site = await start();
      write('1', '2');
      await left('1', '2');
      await site.settle();
      write('3');
      await site.restart();
      write('4');
      await left('1', '2', '3', '4');
      // As after a kill -9 before the place was written.
      await site.settle();
      rmSync(site.place.path('setwire-data/sources'), { recursive: true });
      await site.restart();
      write('5');
      await left('1', '2', '3', '4', '5');
    });

    it('waits for the end of a line', async () => {
      site = await start();
      const line = logout('1');
      writeFileSync(log(), line.slice(0, 100));
      write2(line.slice(100), '2');
      await left('1', '2');
      function write2(rest: string, next: string): void {
        appendFileSync(log(), rest + logout(next));
      }
    });

    it('goes on over a rotation by renaming, while it runs', async () => {
      site = await start();
      write('1');
      await left('1');
      write('2');
      renameSync(log(), `${log()}.1`);
      appendFileSync(`${log()}.1`, logout('3'));
      write('4');
      await left('1', '2', '3', '4');
    });

    it('goes on over several rotations by renaming, while it does not run', async () => {
      site = await start();
      write('1');
      await left('1');
      await site.settle();
      write('2');
      renameSync(log(), `${log()}.1`);
      write('3');
      renameSync(`${log()}.1`, `${log()}.2`);
      renameSync(log(), `${log()}.1`);
      write('4');
      await site.restart();
      await left('1', '2', '3', '4');
    });

    it('goes on over a rotation by copying and truncating, while it runs and while it does not', async () => {
      site = await start();
      write('1');
      await left('1');
      write('2');
      copyFileSync(log(), `${log()}.1`);
      truncateSync(log());
      write('3');
      await left('1', '2', '3');
      await site.settle();
      write('4');
      renameSync(`${log()}.1`, `${log()}.2`);
      copyFileSync(log(), `${log()}.1`);
      truncateSync(log());
      write('5', '6', '7');
      await site.restart();
      await left('1', '2', '3', '4', '5', '6', '7');
    });

    it('says that something is lost where the rotated file is gone, and goes on', async () => {
      site = await start();
      write('1');
      await left('1');
      await site.settle();
      write('2');
      rmSync(log());
      write('3');
      await site.restart();
      await left('1', '3');
      expect(site.report.args.map(([, words]) => words)).to.include(
        'a log was rotated, and the rotated file is not found',
      );
    });

    it('waits in the log while the journal is behind', async () => {
      let isBehind = true;
      site = await start('beginning', {
        keeper: (adapter: Served['adapter']) => ({
          emit: adapter.emit,
          get isBehind() {
            return isBehind;
          },
        }),
      });
      write('1', '2');
      await site.restart();
      expect(site.receiver.requests).to.have.lengthOf(0);
      isBehind = false;
      await left('1', '2');
    });

    it('leaves out a line that has no end, and goes on behind it', async () => {
      site = await start();
      appendFileSync(log(), Buffer.alloc(9 * 1024 * 1024, 'x'));
      appendFileSync(log(), '\n');
      write('1');
      await left('1');
    });
  });
});

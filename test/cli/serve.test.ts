import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { embeddedJournal } from '../../src/journal/embedded.js';
import { appendEvent } from '../support/append-event.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { bodiesOf, hmac, secret } from '../support/served.js';
import { type Workplace, workplace } from '../support/settings.js';
import { until } from '../support/until.js';
import { expectedOf } from '../support/wso2-samples.js';

const source = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const tsx = import.meta.resolve('tsx');

/** A process of `setwire serve`. */
interface Started {
  readonly child: ChildProcessWithoutNullStreams;
  /** What it has said on standard error until now. */
  said(): string;
  readonly ended: Promise<{ code: number | null; said: string }>;
}

describe('setwire serve', function () {
  // Each process compiles what it imports.
  this.timeout(60_000);

  let place: Workplace;
  let receiver: Receiver;
  const children: ChildProcessWithoutNullStreams[] = [];

  beforeEach(async () => {
    place = workplace();
    receiver = await startReceiver();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await receiver.stop();
    place.remove();
  });

  const write = (config: object): void => writeFileSync(place.path('setwire.yaml'), JSON.stringify(config));
  const config = (more: object = {}) => ({
    endpoints: { crm: { url: receiver.url, claims: ['*'] } },
    intake: {
      listen: '127.0.0.1:0',
      sources: {
        wso2: { type: 'wso2', secret },
        log: { type: 'keycloak-log', file: 'keycloak.log', from: 'beginning' },
      },
    },
    ...more,
  });

  function start(...args: readonly string[]): Started {
    const { PATH } = process.env;
    const child = spawn(process.execPath, ['--import', tsx, source, 'serve', ...args], {
      cwd: place.folder,
      env: { PATH },
    });
    children.push(child);
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += String(chunk);
    });
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, said }));
    return { child, ended, said: () => said };
  }

  async function serving(...args: readonly string[]): Promise<Started & { url: string }> {
    const started = start(...args);
    await until(() => started.said().includes('setwire delivers to'), 30_000);
    const url = /takes events from (http:\S+\/wso2) \(wso2\)/.exec(started.said())?.[1];
    return { ...started, url: url ?? '' };
  }

  function post(url: string, body: string): Promise<Response> {
    const headers = { 'content-type': 'application/json', 'x-wso2-event-signature': `sha256=${hmac(body)}` };
    return fetch(url, { method: 'POST', headers, body });
  }

  async function eventsInJournal(): Promise<number> {
    const journal = embeddedJournal({
      dataDir: place.path('setwire-data'),
      durability: 'flush',
      report: () => undefined,
    });
    const { events } = journal.status;
    await journal.close();
    return events;
  }

  it('keeps what it has answered through kill -9, has once what is sent again, and delivers it', async () => {
    const down = { url: receiver.url.replace(/:\d+/, ':9'), claims: ['*'], retry: { initial: '10ms', max: '20ms' } };
    write(config({ endpoints: { crm: down } }));
    const text = expectedOf('user-created');
    const first = await serving();
    expect((await post(first.url, text)).status).to.equal(202);
    first.child.kill('SIGKILL');
    await first.ended;
    expect(await eventsInJournal()).to.equal(1);

    write(config());
    const second = await serving();
    expect((await post(second.url, text)).status).to.equal(202);
    await receiver.next();
    second.child.kill('SIGTERM');
    expect((await second.ended).code).to.equal(0);
    expect(bodiesOf(receiver)).to.deep.equal([text]);
    expect(await eventsInJournal()).to.equal(1);
  });

  it('follows a log, takes over changed endpoints, and stops at Ctrl-C when all is delivered', async () => {
    write(config({ endpoints: {} }));
    const { child, ended, said } = await serving('--config', 'setwire.yaml');
    expect(said()).to.include(`setwire takes events from ${place.path('keycloak.log')} (log)`);
    write(config({ endpoints: { crm: { url: receiver.url, from: 'beginning' } } }));
    await until(() => said().includes('the changed config is in use'), 30_000);
    const text = 'type="LOGOUT", userId="u", sessionId="s"';
    const line = { timestamp: new Date().toISOString(), loggerName: 'org.keycloak.events', message: text };
    appendFileSync(place.path('keycloak.log'), `${JSON.stringify(line)}\n`);
    await receiver.next();
    child.kill('SIGINT');
    expect((await ended).code).to.equal(0);
    expect(bodiesOf(receiver)[0]).to.include('sessionRevoked');
    const state = JSON.parse(readFileSync(place.path('setwire-data/sources/log.json'), 'utf8'));
    expect(state.offset).to.be.greaterThan(0);
  });

  it('delivers what others put into the journal, without an intake, also where the config leaves it to another process', async () => {
    write({ endpoints: { crm: { url: receiver.url } }, transmitter: 'none' });
    const { child, ended } = await serving();
    const journal = embeddedJournal({
      dataDir: place.path('setwire-data'),
      durability: 'flush',
      report: () => undefined,
    });
    const now = Date.now();
    await appendEvent(journal, {
      id: crypto.randomUUID(),
      type: 'account.locked',
      time: now,
      acceptedAt: now,
      user: { id: 'u' },
    });
    await journal.close();
    await receiver.next();
    child.kill('SIGTERM');
    expect((await ended).code).to.equal(0);
  });

  it('says where it cannot listen, what is wrong in the config, and how it is called', async () => {
    write(
      config({
        intake: {
          listen: receiver.url.replace(/.*localhost(:\d+).*/, '127.0.0.1$1'),
          sources: { wso2: { type: 'wso2', secret } },
        },
      }),
    );
    const taken = await start().ended;
    expect(taken.code).to.equal(1);
    expect(taken.said).to.include('setwire serve: it cannot listen: listen EADDRINUSE');
    write({ endpoints: {}, intake: { sources: { wso2: { type: 'wso2' } } } });
    const wrong = await start().ended;
    expect(wrong.code).to.equal(1);
    expect(wrong.said).to.include('intake.sources.wso2: found no check of who reports');
    expect((await start('setwire.yaml').ended).code).to.equal(2);
  });
});

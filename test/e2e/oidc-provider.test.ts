import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { type Adapter, createAdapter } from '../../src/adapter.js';
import { validatorOf } from '../../src/schemas.js';
import { Browser, type IdentityServer, startIdentityServer } from '../support/identity-server.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Workplace, workplace } from '../support/settings.js';

const secret = 'a-secret-of-the-crm';
const token = 'a-bearer-token-of-the-siem';

describe('from a login to a receiver', () => {
  let place: Workplace;
  let server: IdentityServer;
  let single: Receiver;
  let batches: Receiver;
  let adapter: Adapter;

  beforeEach(async () => {
    place = workplace();
    server = await startIdentityServer({ rotateRefreshToken: true });
    single = await startReceiver();
    // Fails now and then: what is delivered in the end must be the same.
    batches = await startReceiver({
      answers: [{ status: 503 }, { reset: true }, {}, { status: 429, headers: { 'retry-after': '0' } }],
    });
    const settings = place.settings({
      transmitter: 'worker',
      stopTimeout: '3s',
      defaults: { tenant: { id: '1', name: 'example.com' } },
      flows: { session: { presentedEvery: '0s' } },
      endpoints: {
        single: { url: single.url, signature: { scheme: 'wso2', secret } },
        batches: {
          url: batches.url,
          auth: { type: 'bearer', token },
          batch: { format: 'ndjson', maxEvents: 3, maxWait: '5ms' },
          retry: { initial: '5ms' },
        },
      },
    });
    adapter = createAdapter(settings, { host: server.provider, report: () => undefined });
  });

  afterEach(async () => {
    await adapter.detach();
    await Promise.all([server.stop(), single.stop(), batches.stop()]);
    place.remove();
  });

  async function play(browser: Browser): Promise<void> {
    const { code } = await browser.authorize();
    const first = await browser.exchange(code);
    await browser.authorize();
    const second = await browser.token({ grant_type: 'refresh_token', refresh_token: first.refresh_token ?? '' });
    await browser.token({ grant_type: 'client_credentials' }, 'machine');
    await browser.token({ grant_type: 'client_credentials' }, 'machine', 'a-wrong-secret');
    await browser.revoke(second.access_token);
    await browser.logout();
    await adapter.emit({
      type: 'login.failure',
      user: { username: 'alice' },
      reason: { description: 'invalid password' },
    });
    await settled();
    await adapter.detach();
  }

  /** Resolves when each endpoint has got everything. Its lag would not do: what the thread says of it is a moment old. */
  async function settled(): Promise<void> {
    const endpoints = () => Object.values(adapter.status().endpoints ?? {});
    while (endpoints().some(({ delivered }) => delivered < expected.length)) await setImmediate();
  }

  const expected = [
    'loginSuccess',
    'sessionEstablished',
    'accessTokenIssued',
    'sessionPresented',
    'accessTokenIssued',
    'accessTokenIssued',
    'accessTokenRevoked',
    'accessTokenRevoked',
    'sessionRevoked',
    'loginFailed',
  ];
  const namesOf = (sets: readonly { events: object }[]): string[] =>
    sets.map(({ events }) => Object.keys(events)[0]?.split('/').at(-1) ?? '');

  it('yields exactly the expected SETs: none missing, none twice', async () => {
    await play(new Browser(server));
    const singles = single.requests.map(({ body }) => JSON.parse(body.toString('utf8')));
    expect(namesOf(singles).sort()).to.deep.equal([...expected].sort());
    expect(new Set(singles.map(({ jti }) => jti))).to.have.property('size', expected.length);
    for (const { iss } of singles) expect(iss).to.equal(`${server.issuer}/t/example.com`);

    // One request's events have one correlation id.
    const rcis = (name: string): string[] => singles.filter((set) => namesOf([set])[0] === name).map(({ rci }) => rci);
    expect(rcis('loginSuccess')).to.deep.equal(rcis('sessionEstablished'));
    expect(rcis('accessTokenRevoked')).to.include(rcis('sessionRevoked')[0]);

    // What arrived in batches, less what was sent again, are the same SETs to the byte.
    const lines = batches.requests.flatMap(({ body }) => body.toString('utf8').trimEnd().split('\n'));
    expect([...new Set(lines)].sort()).to.deep.equal(single.requests.map(({ body }) => body.toString('utf8')).sort());
    const users = [...new Set(lines)]
      .map((line) => JSON.parse(line))
      .filter(({ events }) => (Object.values(events)[0] as { user?: { id?: string } }).user?.id === 'alice');
    // In her order, though requests failed: all but the program's token, and the login form's report that knows no id.
    expect(namesOf(users)).to.deep.equal(expected.filter((_, index) => index !== 5 && index !== 9));
  });

  it('is signed over the bytes that arrive, and shows who it is', async () => {
    await play(new Browser(server));
    for (const { headers, body } of single.requests) {
      const digest = createHmac('sha256', secret).update(body).digest('hex');
      expect(headers['x-wso2-event-signature']).to.equal(`sha256=${digest}`);
      expect(headers['content-type']).to.equal('application/json');
    }
    for (const { headers } of batches.requests) {
      expect(headers.authorization).to.equal(`Bearer ${token}`);
      expect(headers['content-type']).to.equal('application/x-ndjson');
    }
  });

  it('leaves a log that holds its schema, every attempt, and nobody’s name', async () => {
    await play(new Browser(server));
    const text = readFileSync(place.path('setwire-delivery.log'), 'utf8');
    const records = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const check = validatorOf('delivery-log.schema.json');
    for (const record of records) expect(check(record)).to.deep.equal([]);
    expect(records).to.have.length(single.requests.length + batches.requests.length);
    expect(records.filter(({ outcome }) => outcome === 'retry')).to.have.length(3);
    expect(text).to.not.match(/alice|invalid password|127\.0\.0\.1/);
  });

  it('lets no token, code, cookie or secret out, in any byte that leaves', async () => {
    const browser = new Browser(server);
    await play(browser);
    const log = readFileSync(place.path('setwire-delivery.log'), 'utf8');
    const bodies = [...single.requests, ...batches.requests].map(
      ({ body, path }) => `${path}\n${body.toString('utf8')}`,
    );
    const headers = single.requests.map((request) => JSON.stringify(request.headers));
    const left = [log, ...bodies, ...headers, JSON.stringify(adapter.status())].join('\n');
    const secrets = [...browser.seen, ...Object.values(server.secrets), secret, token, 'a-wrong-secret'];
    expect(browser.seen.size).to.be.greaterThan(8);
    expect(secrets.filter((value) => left.includes(value))).to.deep.equal([]);
  });

  it('costs the provider nothing when every receiver is gone', async () => {
    await Promise.all([single.stop(), batches.stop()]);
    const browser = new Browser(server);
    const { access_token } = await browser.exchange((await browser.authorize()).code);
    expect(access_token).to.be.a('string');
    expect(adapter.status().events).to.include({ accepted: 4, refused: 0 });
  });
});

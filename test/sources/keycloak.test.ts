import { expect } from 'chai';
import { wso2 } from '../../src/set/profiles/wso2.js';
import { adminEvent, adminSamples, type KeycloakSample, userEvent, userSamples } from '../support/keycloak-samples.js';
import { bodiesOf, hmac, leftBy, type Served, secret, served } from '../support/served.js';

const token = 'a-token-of-sixteen';
const bearer = { authorization: `Bearer ${token}` };
const config = { issuer: 'https://id.example.com' };

/** The name of a type's event in WSO2's catalogue. */
const nameOf = (type: string): string => wso2.eventTypeUris(type, { eventTypes: {} })[0]?.split('/').at(-1) ?? type;
const expectedOf = ({ left }: KeycloakSample) => left.map(([type, body]) => [nameOf(type), body]);

const userEvents = Object.entries(userSamples).map(
  ([name, sample]) => [name, { id: `u-${name}`, ...userEvent, ...sample.said }, sample] as const,
);
const adminEvents = Object.entries(adminSamples).map(
  ([name, sample]) => [name, { id: `a-${name}`, ...adminEvent, ...sample.said }, sample] as const,
);

/** The envelope of keycloak-events around a user event, or an admin event. */
function enveloped(event: Record<string, unknown>): Record<string, unknown> {
  const { id, realmName, ...said } = event;
  const { username, ...details } = { ...(said.details as Record<string, string> | undefined) };
  if ('operationType' in said) {
    const { authDetails, operationType, resourceType } = said as typeof adminEvent & Record<string, unknown>;
    return {
      ...said,
      uid: id,
      // It has the realm's name where Keycloak has its id.
      realmId: realmName,
      type: `admin.${resourceType}-${operationType}`,
      authDetails: { ...authDetails, username: 'root' },
    };
  }
  const { type, clientId, userId, sessionId, ipAddress, ...others } = said;
  return {
    ...others,
    uid: id,
    type: `access.${type}`,
    authDetails: { realmId: realmName, clientId, userId, sessionId, ipAddress, ...(username && { username }) },
    details,
  };
}

/** Of an admin event the envelope knows the realm by its name only. */
const namedRealm = ([name, body]: readonly (string | Record<string, unknown> | undefined)[]): unknown[] => [
  name,
  { ...(body as Record<string, unknown>), tenant: { id: 'acme', name: 'acme' } },
];

describe('Keycloak', () => {
  let site: Served;
  afterEach(() => site.end());

  const start = (source: Record<string, unknown>, more = {}): Promise<Served> =>
    served({
      intake: { sources: { keycloak: { type: 'keycloak', ...source } } },
      config,
      endpoint: { order: 'none', concurrency: 1 },
      ...more,
    });

  for (const [name, event, sample] of [...userEvents, ...adminEvents]) {
    it(`says ${name}`, async () => {
      site = await start({ token });
      const body = JSON.stringify(event);
      expect((await site.post('/keycloak', body, bearer)).status).to.equal(202);
      // Once more, as a sender does that did not see the answer.
      expect((await site.post('/keycloak', body, bearer)).status).to.equal(202);
      await site.settle();
      expect(leftBy(site.receiver)).to.deep.equal(expectedOf(sample));
      expect(bodiesOf(site.receiver).join() + JSON.stringify(site.report.args)).to.not.include('hunter2');
    });
  }

  it('says the same in the envelope of keycloak-events, signed', async () => {
    site = await start({ secret });
    const expected: unknown[] = [];
    // After all that was said before it, this one would be news of the account.
    const others = adminEvents.filter(([name]) => name !== 'a user that was changed in the admin console');
    for (const [, event, sample] of [...userEvents, ...others]) {
      const body = JSON.stringify(enveloped(event));
      expect((await site.post('/keycloak', body, { 'x-keycloak-signature': hmac(body) })).status).to.equal(202);
      expected.push(...expectedOf(sample).map((left) => ('operationType' in event ? namedRealm(left) : left)));
    }
    await site.settle();
    expect(leftBy(site.receiver)).to.deep.equal(expected);
  });

  it('presents a session that it has established, however often it is started anew in between', async () => {
    site = await start({ token });
    const login = (id: string) => site.post('/keycloak', JSON.stringify({ ...userEvent, id, type: 'LOGIN' }), bearer);
    await login('1');
    await login('2');
    await login('1');
    await site.restart();
    await login('3');
    await login('4');
    await site.settle();
    expect(leftBy(site.receiver).map(([event]) => event)).to.deep.equal([
      'loginSuccess',
      'sessionEstablished',
      'loginSuccess',
      'sessionPresented',
      'loginSuccess',
      'loginSuccess',
      'sessionPresented',
    ]);
  });

  it('tells from what an administrator sends whether an account was enabled or disabled by it', async () => {
    site = await start({ token });
    const update = (id: string, enabled: boolean) => {
      const representation = JSON.stringify({ username: 'peter', enabled });
      const event = { ...adminEvent, id, operationType: 'UPDATE', resourcePath: 'users/1', representation };
      return site.post('/keycloak', JSON.stringify(event), bearer);
    };
    for (const [id, enabled] of [
      ['1', true],
      ['2', false],
      ['2', false],
      ['3', false],
      ['4', true],
      ['5', true],
    ] as const)
      await update(id, enabled);
    await site.settle();
    expect(leftBy(site.receiver).map(([event]) => event)).to.deep.equal(['userDisabled', 'userEnabled']);
  });

  it('is one event to old versions, too, which give no id', async () => {
    site = await start({ token });
    const body = JSON.stringify({ ...userEvent, type: 'LOGOUT' });
    await site.post('/keycloak', body, bearer);
    await site.post('/keycloak', body, bearer);
    await site.post('/keycloak', JSON.stringify({ ...userEvent, type: 'LOGOUT', time: userEvent.time + 1 }), bearer);
    await site.settle();
    expect(site.receiver.requests).to.have.lengthOf(2);
  });

  it('cannot be kept from saying a failed login by what is typed as a name', async () => {
    site = await start({ token });
    const details = { username: `a\u0000\u001b[2J${'x'.repeat(5000)}` };
    const body = JSON.stringify({
      ...userEvent,
      id: '1',
      type: 'LOGIN_ERROR',
      userId: null,
      error: 'user_not_found',
      details,
    });
    expect((await site.post('/keycloak', body, bearer)).status).to.equal(202);
    await site.settle();
    expect(leftBy(site.receiver).map(([event]) => event)).to.deep.equal(['loginFailed']);
  });

  it('shows who it is by the token, as bearer or as the password of Basic, or by the signature of the body', async () => {
    site = await start({ token, secret, previousSecret: 'f'.repeat(32) });
    const body = JSON.stringify({ ...userEvent, id: '1', type: 'LOGOUT' });
    const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
    const shown: Record<string, string>[] = [
      bearer,
      basic(`keycloak:${token}`),
      { 'x-keycloak-signature': hmac(body) },
      { 'x-keycloak-signature': hmac(body, 'f'.repeat(32)) },
      {},
      { authorization: 'Bearer another' },
      { authorization: token },
      basic(token),
      basic('keycloak:another'),
      { 'x-keycloak-signature': hmac(`${body} `) },
      { 'x-keycloak-signature': `sha256=${hmac(body)}` },
      { 'x-keycloak-signature': 'sha256=' },
    ];
    const statuses = shown.map(async (headers) => (await site.post('/keycloak', body, headers)).status);
    expect(await Promise.all(statuses)).to.deep.equal([202, 202, 202, 202, 401, 401, 401, 401, 401, 401, 401, 401]);
  });

  it('is refused with the member and the rule, and no value', async () => {
    site = await start({ allowUnsigned: true });
    const bad: [unknown, RegExp][] = [
      [[], /no JSON object/],
      [{}, /time is missing.*type is missing|type is missing.*time is missing/],
      [{ ...userEvent, type: 7 }, /type must be string/],
      [{ ...adminEvent, operationType: 'hunter2' }, /operationType must be equal to one of the allowed values/],
      [{ ...userEvent, type: 'LOGIN', details: 'hunter2' }, /details must be object/],
      [{ ...userEvent, type: 'LOGIN', userId: null }, /user lacks id or lacks username/],
    ];
    for (const [said, words] of bad) {
      const answer = await site.post('/keycloak', JSON.stringify(said));
      expect(answer.status).to.equal(400);
      expect(JSON.parse(answer.body).detail).to.match(words);
      expect(answer.body).to.not.include('hunter2');
    }
  });
});

import { expect } from 'chai';
import { type Operated, operated } from '../support/operated.js';

describe('setwire verify', () => {
  let place: Operated;

  beforeEach(() => {
    place = operated();
  });
  afterEach(() => place.end());

  const stateIn = (body: Buffer): unknown => {
    const { events } = JSON.parse(body.toString('utf8')) as { events: Record<string, { state: unknown }> };
    return events['https://schemas.openid.net/secevent/ssf/event-type/verification']?.state;
  };

  it('sends the verification event with a state, and shows the answer', async () => {
    const receiver = await place.receiver();
    place.write({ endpoints: { crm: { url: receiver.url } } });
    const { code, out } = await place.setwire(['verify', 'crm', '--state', 'a-state']);
    const [request] = receiver.requests;
    expect(stateIn(request?.body ?? Buffer.from('{}'))).to.equal('a-state');
    const { jti } = JSON.parse(request?.body.toString() ?? '{}') as { jti: string };
    expect(out).to.match(new RegExp(`^verify crm: state a-state, jti ${jti}\nanswered 202`));
    expect(code).to.equal(0);
  });

  it('makes a state up where none is given', async () => {
    const receiver = await place.receiver();
    place.write({ endpoints: { crm: { url: receiver.url } } });
    await place.setwire(['verify', 'crm']);
    await place.setwire(['verify', 'crm']);
    const states = receiver.requests.map(({ body }) => stateIn(body));
    expect(new Set(states)).to.have.lengthOf(2);
    for (const state of states) expect(state).to.match(/^[0-9a-f-]{36}$/);
  });

  it('fails where it is not taken, and sends nothing again', async () => {
    const receiver = await place.receiver({ always: { status: 503 } });
    place.write({ endpoints: { crm: { url: receiver.url } } });
    const { code, out } = await place.setwire(['verify', 'crm']);
    expect([code, receiver.requests.length]).to.deep.equal([1, 1]);
    expect(out).to.include('503');
  });

  describe('at an endpoint that answers each SET on its own', () => {
    type AnswerTo = (jti: string) => unknown;
    const answers: [name: string, code: number, words: string, answerTo: AnswerTo][] = [
      ['acknowledges it', 0, 'answered 202 (T), it acknowledges the SET: ', (jti) => ({ ack: [jti] })],
      [
        'refuses it',
        1,
        'answered 202 (T), it refuses the SET: invalid_issuer: ',
        (jti) => ({ ack: [], setErrs: { [jti]: { err: 'invalid_issuer', description: 'who?' } } }),
      ],
      [
        'acknowledges and refuses it',
        1,
        'answered 202 (T), it refuses the SET: jws: ',
        (jti) => ({ ack: [jti], setErrs: { [jti]: { err: 'jws' } } }),
      ],
      ['answers later', 1, 'answered 202 (T), it has not acknowledged the SET yet: ', () => ({ ack: [] })],
      [
        'acknowledges another one',
        1,
        'answered 202 (T), it has not acknowledged the SET yet: ',
        () => ({ ack: ['another'] }),
      ],
      ['says nothing of it', 1, 'answered 202 (T), it does not say what of the SET: ', () => ({})],
    ];
    for (const [name, expected, words, answerTo] of answers)
      for (const command of ['verify', 'check --ping'] as const)
        it(`ends with code ${expected} where it ${name}: ${command}`, async () => {
          const receiver = await place.receiver({
            always({ body }) {
              const [jti = ''] = Object.keys((JSON.parse(body.toString('utf8')) as { sets: object }).sets);
              return { body: JSON.stringify(answerTo(jti)) };
            },
          });
          const partner = { url: receiver.url, profile: 'ssf', audience: 'partner', delivery: 'multi-push' };
          place.write({ issuer: 'https://id.example.com', signing: { keys: 'keys' }, endpoints: { partner } });
          const args = command === 'verify' ? ['verify', 'partner'] : ['check', '--ping'];
          const { code, out } = await place.setwire(args);
          expect(out.replace(/\(\d+ ms\)/, '(T)')).to.include(words);
          expect([code, receiver.requests.length]).to.deep.equal([expected, 1]);
        });
  });

  it('says which endpoints there are', async () => {
    place.write({ endpoints: { crm: { url: 'http://127.0.0.1:9/' }, siem: { url: 'http://127.0.0.1:9/' } } });
    const { code, err } = await place.setwire(['verify', 'crn']);
    expect(code).to.equal(1);
    expect(err).to.include('there is no endpoint "crn"; there are: crm, siem');
  });

  it('wants one endpoint', async () => {
    expect((await place.setwire(['verify'])).code).to.equal(2);
    expect((await place.setwire(['verify', 'a', 'b'])).code).to.equal(2);
  });
});

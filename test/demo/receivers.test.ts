import { createHmac, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import { type Receiver, startCrm, startSiem } from '../../src/demo/receivers.js';

const setOf = (jti: string) =>
  JSON.stringify({ jti, iat: 1751705149662, events: { 'urn:example:locked': { user: { id: 'José' } } } });

/** The status of the answer; `reset` where there was none. */
async function post(url: string, body: string, headers: Record<string, string>): Promise<number | 'reset'> {
  try {
    const response = await fetch(url, { method: 'POST', body, headers });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 'reset';
  }
}

describe('the receiver crm', () => {
  const secret = 'a-secret-of-32-characters-or-so!';
  const sign = (body: string): Record<string, string> => ({
    'content-type': 'application/json',
    'x-wso2-event-signature': `sha256=${createHmac('sha256', secret).update(body, 'utf8').digest('hex')}`,
  });
  let crm: Receiver;
  beforeEach(async () => {
    crm = await startCrm(secret);
  });
  afterEach(() => crm.close());

  it('answers 202 to what is signed over the raw bytes', async () => {
    expect(await post(crm.url, setOf('1'), sign(setOf('1')))).to.equal(202);
    expect(crm.received.map(({ jti, eventTypeUri }) => [jti, eventTypeUri])).to.deep.equal([
      ['1', 'urn:example:locked'],
    ]);
  });

  it('drops a jti that came before', async () => {
    await post(crm.url, setOf('1'), sign(setOf('1')));
    expect(await post(crm.url, setOf('1'), sign(setOf('1')))).to.equal(202);
    expect(crm.received).to.have.length(1);
    expect(crm.repeated()).to.equal(1);
  });

  for (const [what, headers] of [
    ['is signed for another body', sign(setOf('2'))],
    ['has no signature', {}],
  ] as const) {
    it(`refuses what ${what}`, async () => {
      expect(await post(crm.url, setOf('1'), headers)).to.equal(401);
      expect(crm.received).to.deep.equal([]);
      expect(crm.refused()).to.equal(1);
    });
  }
});

describe('the receiver siem', () => {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const headersOf = (body: string, { token = 'the-token', age = 0 } = {}): Record<string, string> => {
    const date = new Date(Date.now() - age);
    return {
      authorization: `Bearer ${token}`,
      'webhook-id': 'batch-1',
      'webhook-timestamp': String(Math.floor(date.getTime() / 1000)),
      'webhook-signature': `v1,b3RoZXI= ${new Webhook(secret).sign('batch-1', date, body)}`,
    };
  };

  /** Tries until the receiver's faults let one through. */
  async function untilAnswered(url: string, body: string, headers: Record<string, string>): Promise<number> {
    for (;;) {
      const status = await post(url, body, headers);
      if (status !== 503 && status !== 'reset') return status;
    }
  }

  let siem: Receiver;
  beforeEach(async () => {
    siem = await startSiem({ secret, token: 'the-token', seed: 7 });
  });
  afterEach(() => siem.close());

  for (const [format, body] of [
    ['an array', `[${setOf('1')},${setOf('2')}]`],
    ['a SET per line', `${setOf('1')}\n${setOf('2')}\n`],
  ] as const) {
    it(`takes ${format}`, async () => {
      expect(await untilAnswered(siem.url, body, headersOf(body))).to.equal(202);
      expect(siem.received.map(({ jti }) => jti)).to.deep.equal(['1', '2']);
    });
  }

  it('refuses another token, another body and an old signature', async () => {
    expect(await untilAnswered(siem.url, setOf('1'), headersOf(setOf('1'), { token: 'x' }))).to.equal(401);
    expect(await untilAnswered(siem.url, setOf('1'), headersOf(setOf('2')))).to.equal(401);
    expect(await untilAnswered(siem.url, setOf('1'), headersOf(setOf('1'), { age: 3_600_000 }))).to.equal(401);
    expect(siem.received).to.deep.equal([]);
  });

  it('fails in both ways, never three times in a row, and in the same places for the same seed', async () => {
    const answersOf = async (receiver: Receiver): Promise<(number | 'reset')[]> => {
      const answers: (number | 'reset')[] = [];
      for (let n = 0; n < 60; n++) answers.push(await post(receiver.url, setOf('1'), headersOf(setOf('1'))));
      return answers;
    };
    const twin = await startSiem({ secret, token: 'the-token', seed: 7 });
    try {
      const answers = await answersOf(siem);
      expect(answers).to.include.members([202, 503, 'reset']);
      expect(answers.map((answer) => (answer === 202 ? '.' : 'x')).join('')).to.not.contain('xxx');
      expect(await answersOf(twin)).to.deep.equal(answers);
    } finally {
      await twin.close();
    }
  });
});

import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import { Secret } from '../../src/secret.js';
import { deliverWith } from '../../src/transmitter/deliver.js';
import type { Answer, Auth, Deliver, Endpoint } from '../../src/transmitter/endpoint.js';
import { batchOf, endpointTo } from '../support/endpoint.js';
import { type Receiver, type ReceiverOptions, type ScriptedAnswer, startReceiver } from '../support/receiver.js';
import { testSealer } from '../support/sealer.js';

const never = (): AbortSignal => new AbortController().signal;
const text = '{"jti":"jti-1","name":"José 日本 🔑"}';
const newSecret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const oldSecret = `whsec_${Buffer.alloc(24, 2).toString('base64')}`;

describe('an attempt', () => {
  let closing: (() => unknown)[];

  beforeEach(() => {
    closing = [];
  });
  afterEach(async () => {
    for (const close of closing) await close();
  });

  async function receiver(options?: ReceiverOptions): Promise<Receiver> {
    const started = await startReceiver(options);
    closing.push(() => started.stop());
    return started;
  }

  function delivererTo(url: string, members: Partial<Endpoint> = {}, now: () => number = Date.now): Deliver {
    const { deliver, close } = deliverWith(endpointTo(url, members), { now });
    closing.unshift(close);
    return deliver;
  }

  describe('carries', () => {
    it('one SET as it is', async () => {
      const { url, requests } = await receiver();
      expect(await delivererTo(url)(batchOf(text), never())).to.include({
        kind: 'answer',
        status: 202,
        bytes: Buffer.byteLength(text),
      });
      expect(requests[0]?.body.equals(Buffer.from(text, 'utf8'))).to.equal(true);
      expect(requests[0]?.headers).to.include({ 'content-type': 'application/json', accept: 'application/json' });
    });

    it('an array', async () => {
      const { url, requests } = await receiver();
      const batch = { format: 'array', maxEvents: 10, maxBytes: 1000, maxWaitMs: 10 } as const;
      await delivererTo(url, { batch })(batchOf(text, '{}'), never());
      expect(JSON.parse(requests[0]?.body.toString('utf8') ?? '')).to.deep.equal([JSON.parse(text), {}]);
      expect(requests[0]?.headers).to.include({ 'content-type': 'application/json' });
    });

    it('lines', async () => {
      const { url, requests } = await receiver();
      const batch = { format: 'ndjson', maxEvents: 10, maxBytes: 1000, maxWaitMs: 10 } as const;
      await delivererTo(url, { batch })(batchOf(text, '{}'), never());
      expect(requests[0]?.body.toString('utf8')).to.equal(`${text}\n{}\n`);
      expect(requests[0]?.headers).to.include({ 'content-type': 'application/x-ndjson' });
    });

    it('a token as Splunk wants it', async () => {
      const { url, requests } = await receiver();
      await delivererTo(url, { auth: { type: 'splunk', token: new Secret('a-token') } })(batchOf(text), never());
      expect(requests[0]?.headers).to.include({ authorization: 'Splunk a-token' });
    });

    it('the headers of the config, but not in the place of ours', async () => {
      const { url, requests } = await receiver();
      const headers = { 'X-Tenant': new Secret('acme'), 'Content-Type': new Secret('text/plain') };
      await delivererTo(url, { headers })(batchOf(text), never());
      expect(requests[0]?.headers).to.include({ 'x-tenant': 'acme', 'content-type': 'application/json' });
    });
  });

  describe('of SETs that are sealed', () => {
    const claims = '{"iss":"https://id.example.com","jti":"jti-1"}';

    function sealedTo(url: string, members: Partial<Endpoint>, sealer = testSealer()) {
      const { deliver, close } = deliverWith(endpointTo(url, members), { now: Date.now, sealer });
      closing.unshift(close);
      return { deliver, sealer };
    }

    it('is the compact JWT alone, as RFC 8935 has it', async () => {
      const { url, requests } = await receiver();
      const headers = { Accept: new Secret('text/html') };
      const { deliver, sealer } = sealedTo(url, { delivery: 'push', headers });
      await deliver(batchOf(claims), never());
      expect(requests[0]?.method).to.equal('POST');
      expect(requests[0]?.headers).to.include({
        'content-type': 'application/secevent+jwt',
        accept: 'application/json',
      });
      expect(sealer.claimsOf(requests[0]?.body.toString() ?? '')).to.deep.equal(JSON.parse(claims));
    });

    for (const [wire, type] of [
      ['draft-02', 'application/json'],
      ['secevents', 'application/secevents+json'],
    ] as const) {
      it(`is many of them by their jti (${wire})`, async () => {
        const { url, requests } = await receiver();
        const { deliver, sealer } = sealedTo(url, { delivery: 'multi-push', wire });
        await deliver(batchOf(claims, '{}'), never());
        await deliver(batchOf(), never());
        expect(requests[0]?.headers).to.include({ 'content-type': type, accept: 'application/json' });
        const [first, second] = requests.map(
          ({ body }) => JSON.parse(body.toString()) as { sets: Record<string, string> },
        );
        expect(Object.keys(first?.sets ?? {})).to.deep.equal(['jti-1', 'jti-2']);
        expect(sealer.claimsOf(first?.sets['jti-1'] ?? '')).to.deep.equal(JSON.parse(claims));
        expect(second).to.deep.equal({ sets: {} });
      });
    }

    it('is sealed anew with the key that is current then', async () => {
      const { url, requests } = await receiver();
      const { deliver, sealer } = sealedTo(url, { delivery: 'push' });
      await deliver(batchOf(claims), never());
      sealer.rotate('key-2');
      await deliver(batchOf(claims), never());
      const kids = requests.map(
        ({ body }) =>
          (JSON.parse(Buffer.from(body.toString().split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid,
      );
      expect(kids).to.deep.equal(['key-1', 'key-2']);
    });

    it('is not made where they cannot be sealed', async () => {
      const { url, requests } = await receiver();
      const { deliver, sealer } = sealedTo(url, { delivery: 'push' });
      sealer.broken = true;
      const answer = await deliver(batchOf(claims), never());
      expect(answer).to.include({ kind: 'failure', code: 'SIGNING_FAILED' });
      expect(requests).to.have.lengthOf(0);
    });

    const unsealed: [what: string, outcome: readonly string[]][] = [
      ['too few', []],
      ['claims', [claims]],
      ['a JWT with an empty signature', ['eyJ0.eyJ1.']],
      ['nothing', ['']],
    ];
    for (const [what, outcome] of unsealed) {
      for (const delivery of ['push', 'multi-push', 'webhook'] as const) {
        it(`is not made where the sealer gives ${what} (${delivery})`, async () => {
          const { url, requests } = await receiver();
          const sealer = { ...testSealer(), seal: async () => outcome };
          const { deliver } = sealedTo(url, { delivery }, sealer);
          expect(await deliver(batchOf(claims), never())).to.include({ kind: 'failure', code: 'SIGNING_FAILED' });
          expect(requests).to.have.lengthOf(0);
        });
      }
    }

    for (const delivery of ['push', 'multi-push'] as const) {
      it(`is not made without a sealer (${delivery})`, async () => {
        const { url, requests } = await receiver();
        const answer = await delivererTo(url, { delivery })(batchOf(claims), never());
        expect(answer).to.include({ kind: 'failure', code: 'SIGNING_FAILED' });
        expect(requests).to.have.lengthOf(0);
      });
    }

    it('reads as much of an answer as it may take to say something of each', async () => {
      const body = JSON.stringify({ ack: Array.from({ length: 5000 }, (_, n) => `${n}-${'x'.repeat(36)}`) });
      const { url } = await receiver({ always: { body } });
      const batch = { format: 'single', maxEvents: 5000, maxBytes: 1_000_000, maxWaitMs: 10 } as const;
      const { deliver } = sealedTo(url, { delivery: 'multi-push', batch });
      const answer = await deliver(batchOf(claims), never());
      expect(answer.kind === 'answer' && answer.body.length).to.equal(body.length);
    });
  });

  describe('is signed', () => {
    for (const [scheme, header] of [
      ['wso2', 'x-wso2-event-signature'],
      ['hub', 'x-hub-signature'],
    ] as const) {
      it(`in the scheme ${scheme}, over the bytes that arrive`, async () => {
        const { url, requests } = await receiver();
        await delivererTo(url, { signature: { scheme, secret: new Secret('a shared secret') } })(
          batchOf(text),
          never(),
        );
        const [request] = requests;
        const sum = createHmac('sha256', 'a shared secret').update(request?.body ?? '');
        expect(request?.headers[header]).to.equal(`sha256=${sum.digest('hex')}`);
      });
    }

    it('in the scheme standard-webhooks, as its own package verifies, with either secret', async () => {
      const { url, next } = await receiver();
      const signature = {
        scheme: 'standard-webhooks',
        secret: new Secret(newSecret),
        previousSecret: new Secret(oldSecret),
      } as const;
      await delivererTo(url, { signature })(batchOf(text), never());
      const { body, headers } = await next();
      for (const secret of [newSecret, oldSecret]) {
        expect(new Webhook(secret).verify(body, headers as Record<string, string>)).to.deep.equal(JSON.parse(text));
      }
      expect(headers['webhook-id']).to.equal('jti-1');
    });

    it('with the id of the batch where it has several SETs', async () => {
      const { url, requests } = await receiver();
      const batch = { format: 'array', maxEvents: 10, maxBytes: 1000, maxWaitMs: 10 } as const;
      const signature = { scheme: 'standard-webhooks', secret: new Secret(newSecret) } as const;
      await delivererTo(url, { batch, signature })(batchOf(text, '{}'), never());
      expect(requests[0]?.headers['webhook-id']).to.equal('batch-1');
    });

    it('anew each time, under the same id', async () => {
      const { url, requests } = await receiver({ always: { status: 503 } });
      let time = Date.now();
      const signature = { scheme: 'standard-webhooks', secret: new Secret(newSecret) } as const;
      const deliver = delivererTo(url, { signature }, () => time);
      await deliver(batchOf(text), never());
      time += 60_000;
      await deliver(batchOf(text), never());
      const [first, second] = requests.map(({ headers }) => headers);
      expect(Number(second?.['webhook-timestamp']) - Number(first?.['webhook-timestamp'])).to.equal(60);
      expect(second?.['webhook-signature']).to.not.equal(first?.['webhook-signature']);
      expect(second?.['webhook-id']).to.equal(first?.['webhook-id']);
    });

    it('or not made', async () => {
      const { url, requests } = await receiver();
      const signature = { scheme: 'standard-webhooks', secret: new Secret('whsec_') } as const;
      const answer = await delivererTo(url, { signature })(batchOf(text), never());
      expect(answer).to.include({ kind: 'failure', code: 'SIGNING_FAILED' });
      expect(requests).to.have.length(0);
    });
  });

  describe('shows who it is', () => {
    it('by a bearer token', async () => {
      const { url, requests } = await receiver();
      await delivererTo(url, { auth: { type: 'bearer', token: new Secret('t0ken') } })(batchOf(text), never());
      expect(requests[0]?.headers.authorization).to.equal('Bearer t0ken');
    });

    it('by name and password, in UTF-8', async () => {
      const { url, requests } = await receiver();
      const auth: Auth = { type: 'basic', username: 'josé', password: new Secret('pass:word é') };
      await delivererTo(url, { auth })(batchOf(text), never());
      const [kind, shown] = requests[0]?.headers.authorization?.split(' ') ?? [];
      expect(kind).to.equal('Basic');
      expect(Buffer.from(shown ?? '', 'base64').toString('utf8')).to.equal('josé:pass:word é');
    });

    it('to nobody where no auth is configured', async () => {
      const { url, requests } = await receiver();
      await delivererTo(url)(batchOf(text), never());
      expect(requests[0]?.headers).to.not.have.property('authorization');
    });
  });

  describe('with OAuth 2', () => {
    /** Grants token-1, token-2, ... */
    function granting(): ReceiverOptions {
      let count = 0;
      return {
        always() {
          count += 1;
          return {
            status: 200,
            body: JSON.stringify({ access_token: `token-${count}`, token_type: 'Bearer', expires_in: 3600 }),
          };
        },
      };
    }

    /** Takes only this token. */
    const taking = (token: string): ReceiverOptions => ({
      always: ({ headers }): ScriptedAnswer => ({ status: headers.authorization === `Bearer ${token}` ? 202 : 401 }),
    });

    const authAt = (tokenUrl: string): Auth => ({
      type: 'oauth2',
      tokenUrl,
      clientId: 'setwire',
      clientSecret: new Secret('s3cret'),
      clientAuth: 'basic',
    });

    it('fetches a token once for many attempts, side by side and one after another', async () => {
      const tokens = await receiver(granting());
      const { url, requests } = await receiver(taking('token-1'));
      const deliver = delivererTo(url, { auth: authAt(tokens.url) });
      await Promise.all(Array.from({ length: 8 }, () => deliver(batchOf(text), never())));
      expect(await deliver(batchOf(text), never())).to.include({ kind: 'answer', status: 202 });
      expect(requests).to.have.length(9);
      expect(tokens.requests).to.have.length(1);
    });

    it('renews the token after a 401, within the attempt', async () => {
      const tokens = await receiver(granting());
      const { url, requests } = await receiver(taking('token-2'));
      const deliver = delivererTo(url, { auth: authAt(tokens.url) });
      expect(await deliver(batchOf(text), never())).to.include({ kind: 'answer', status: 202 });
      expect(requests.map(({ headers }) => headers.authorization)).to.deep.equal(['Bearer token-1', 'Bearer token-2']);
      expect(requests[1]?.body.equals(requests[0]?.body ?? Buffer.of())).to.equal(true);
    });

    it('renews the token once for all that were refused with it', async () => {
      const tokens = await receiver(granting());
      const { url } = await receiver(taking('token-2'));
      const deliver = delivererTo(url, { auth: authAt(tokens.url), concurrency: 8 });
      const answers = await Promise.all(Array.from({ length: 8 }, () => deliver(batchOf(text), never())));
      expect(answers.map((answer) => answer.kind === 'answer' && answer.status)).to.deep.equal(Array(8).fill(202));
      expect(tokens.requests).to.have.length(2);
    });

    it('gives the second 401 as it is', async () => {
      const tokens = await receiver(granting());
      const { url, requests } = await receiver(taking('none'));
      const deliver = delivererTo(url, { auth: authAt(tokens.url) });
      expect(await deliver(batchOf(text), never())).to.include({ kind: 'answer', status: 401 });
      expect(requests).to.have.length(2);
      expect(tokens.requests).to.have.length(2);
    });

    it('does not renew after another answer', async () => {
      const tokens = await receiver(granting());
      const { url, requests } = await receiver({ always: { status: 403 } });
      const deliver = delivererTo(url, { auth: authAt(tokens.url) });
      expect(await deliver(batchOf(text), never())).to.include({ kind: 'answer', status: 403 });
      expect(requests).to.have.length(1);
      expect(tokens.requests).to.have.length(1);
    });

    const troubles: Record<string, { script: ScriptedAnswer; detail: string }> = {
      'answers 500': { script: { status: 500, body: 's3cret' }, detail: 'the token endpoint answered 500' },
      'answers 401': { script: { status: 401, body: 's3cret' }, detail: 'the token endpoint answered 401' },
      redirects: {
        script: { status: 302, headers: { location: 'http://127.0.0.1:9/' } },
        detail: 'the token endpoint answered 302',
      },
      'answers nonsense': {
        script: { status: 200, body: 's3cret' },
        detail: 'the token endpoint answered without a bearer token',
      },
      'answers 1 GB': {
        script: { status: 200, bodyBytes: 2 ** 30 },
        detail: 'the token endpoint answered without a bearer token',
      },
      'cuts the connection': {
        script: { reset: true },
        detail: 'the token endpoint: ECONNRESET, the connection was cut',
      },
      hangs: { script: { hang: true }, detail: 'the token endpoint: ETIMEDOUT, no complete answer in time' },
    };
    for (const [why, { script, detail }] of Object.entries(troubles)) {
      it(`sends nothing where the token endpoint ${why}`, async () => {
        const tokens = await receiver({ always: script });
        const { url, requests } = await receiver();
        const deliver = delivererTo(url, { auth: authAt(tokens.url), timeoutMs: 200 });
        const answer = await deliver(batchOf(text), never());
        expect(answer).to.include({ kind: 'failure', code: 'OAUTH2_TOKEN_FAILED', detail, bytes: 0 });
        expect(requests).to.have.length(0);
      });
    }

    it('is cut short while it waits for a token', async () => {
      const tokens = await receiver({ always: { hang: true } });
      const { url } = await receiver();
      const stopping = new AbortController();
      const delivering = delivererTo(url, { auth: authAt(tokens.url) })(batchOf(text), stopping.signal);
      await tokens.next();
      stopping.abort();
      expect(await delivering).to.include({ kind: 'failure', code: 'ABORTED' });
    });
  });

  describe('says nothing that is secret', () => {
    const secrets = [
      't0ken',
      'p4ssword',
      's3cret',
      'h3ader',
      'qu3ry',
      Buffer.from('alice:p4ssword').toString('base64'),
    ];
    const auths: Record<string, (tokenUrl: string) => Auth> = {
      bearer: () => ({ type: 'bearer', token: new Secret('t0ken') }),
      basic: () => ({ type: 'basic', username: 'alice', password: new Secret('p4ssword') }),
      oauth2: (tokenUrl) => ({
        type: 'oauth2',
        tokenUrl,
        clientId: 'setwire',
        clientSecret: new Secret('s3cret'),
        clientAuth: 'post',
      }),
    };
    const troubles: Record<string, ScriptedAnswer> = {
      'an answer': { status: 400 },
      silence: { hang: true },
      'a cut connection': { reset: true },
      garbage: { raw: 'garbage\r\n\r\n' },
    };
    for (const [kind, authOf] of Object.entries(auths)) {
      for (const [why, script] of Object.entries(troubles)) {
        it(`of ${kind}, after ${why}`, async () => {
          const { url } = await receiver({ always: script });
          const answers: Answer[] = [];
          for (const [to, token] of [
            [`${url}?key=qu3ry`, `${url}?key=qu3ry`],
            ['http://127.0.0.1:9/?key=qu3ry', 'http://127.0.0.1:9/?key=qu3ry'],
            ['nonsense qu3ry', 'nonsense qu3ry'],
          ] as const) {
            const headers = { 'x-key': new Secret('h3ader') };
            const deliver = delivererTo(to, { headers, auth: authOf(token), timeoutMs: 50 });
            answers.push(await deliver(batchOf(text), never()));
          }
          const broken = { 'x-key': new Secret('h3ader\r\nx-other: y') };
          const deliver = delivererTo(url, { headers: broken, auth: authOf(url), timeoutMs: 50 });
          answers.push(await deliver(batchOf(text), never()));
          const told = inspect(answers, { depth: null });
          for (const secret of secrets) expect(told).to.not.include(secret);
          expect(answers).to.have.length(4);
        });
      }
    }
  });
});

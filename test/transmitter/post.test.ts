import { getEventListeners } from 'node:events';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import type { Answer } from '../../src/transmitter/endpoint.js';
import { pooledPostWith } from '../../src/transmitter/pooled-post.js';
import { type Post, postWith } from '../../src/transmitter/post.js';

const clients = { 'a POST with undici': pooledPostWith, 'a POST with got': postWith } as const;

import { version } from '../../src/version.js';
import { type Receiver, type ReceiverOptions, startReceiver } from '../support/receiver.js';

const never = (): AbortSignal => new AbortController().signal;
const kB64 = 64 * 1024;

for (const [client, postVia] of Object.entries(clients))
  describe(client, () => {
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

    function poster(settings: { timeoutMs?: number; concurrency?: number } = {}): Post {
      const { post, close } = postVia({ timeoutMs: 2000, concurrency: 4, ...settings }, Date.now);
      closing.unshift(close);
      return post;
    }

    async function answerOf(options: ReceiverOptions, settings?: Parameters<typeof poster>[0]): Promise<Answer> {
      const { url } = await receiver(options);
      return await poster(settings)(url, '{}', {}, never());
    }

    it('carries the body to the byte, our headers and no others', async () => {
      const { url, requests } = await receiver();
      const body = Buffer.from('{"name":"José 日本 🔑"}', 'utf8');
      const answer = await poster()(url, body, { 'content-type': 'application/json', 'x-tenant': 'acme' }, never());
      expect(answer).to.deep.include({ kind: 'answer', status: 202, body: '', bytes: body.length });
      const [request] = requests;
      expect(request).to.include({ method: 'POST', path: '/events' });
      expect(request?.body.equals(body)).to.equal(true);
      expect(request?.headers).to.deep.equal({
        accept: 'application/json',
        'accept-encoding': 'identity',
        connection: 'keep-alive',
        'content-length': String(body.length),
        'content-type': 'application/json',
        host: new URL(url).host,
        'user-agent': `setwire/${version}`,
        'x-tenant': 'acme',
      });
    });

    it('gives the status, the headers in lower case and the body', async () => {
      const always = { status: 418, headers: { 'X-Reason': 'teapot', 'Retry-After': '7' }, body: 'short and stout: é' };
      const answer = await answerOf({ always });
      expect(answer).to.include({ kind: 'answer', status: 418, body: 'short and stout: é' });
      expect(answer).to.have.property('headers').that.includes({ 'x-reason': 'teapot', 'retry-after': '7' });
    });

    for (const status of [400, 401, 404, 408, 410, 413, 429, 500, 502, 503, 504]) {
      it(`is made once where ${status} is answered`, async () => {
        const { url, requests } = await receiver({ always: { status, headers: { 'retry-after': '0' } } });
        expect(await poster()(url, '{}', {}, never())).to.include({ kind: 'answer', status });
        expect(requests).to.have.length(1);
      });
    }

    for (const status of [301, 302, 303, 307, 308]) {
      it(`does not follow a ${status}`, async () => {
        const elsewhere = await receiver();
        const { url } = await receiver({ always: { status, headers: { location: elsewhere.url } } });
        expect(await poster()(url, '{}', {}, never())).to.include({ kind: 'answer', status });
        expect(elsewhere.requests).to.have.length(0);
      });
    }

    it('goes past an interim answer to the one that counts', async () => {
      const raw = 'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok';
      expect(await answerOf({ always: { raw } })).to.include({ kind: 'answer', status: 202, body: 'ok' });
    });

    it('ends where the receiver changes the protocol, with the connection closed', async () => {
      const raw = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: own\r\n\r\n';
      // undici closes it without saying what came; either way it is tried again.
      const expected = postVia === postWith ? { kind: 'answer', status: 101 } : { kind: 'failure', code: 'ECONNRESET' };
      expect(await answerOf({ always: { raw } })).to.include(expected);
    });

    it('takes no cookie along', async () => {
      const { url, requests } = await receiver({ always: { headers: { 'set-cookie': 'session=1' } } });
      const post = poster();
      await post(url, '{}', {}, never());
      await post(url, '{}', {}, never());
      expect(requests[1]?.headers).to.not.have.property('cookie');
    });

    it('goes straight to its host whatever proxy the environment names', async () => {
      const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'];
      const before = names.map((name) => process.env[name]);
      const proxy = await receiver({ always: { status: 500 } });
      try {
        for (const name of names) process.env[name] = proxy.url;
        expect(await answerOf({})).to.include({ status: 202 });
        expect(proxy.connections).to.equal(0);
      } finally {
        for (const [index, name] of names.entries()) {
          const value = before[index];
          if (value === undefined) delete process.env[name];
          else process.env[name] = value;
        }
      }
    });

    describe('whose answer is long', () => {
      it('counts with its status, and is cut after 64 KB', async () => {
        const { url, ...rest } = await receiver({ always: { status: 200, bodyBytes: 2 ** 30 } });
        const answer = await poster()(url, '{}', {}, never());
        expect(answer).to.include({ kind: 'answer', status: 200 });
        expect(answer.kind === 'answer' && answer.body).to.equal('x'.repeat(kB64));
        expect(rest.requests).to.have.length(1);
      });

      it('makes the receiver send next to nothing of 1 GB', async () => {
        const big = await receiver({ always: { status: 200, bodyBytes: 2 ** 30 } });
        await poster()(big.url, '{}', {}, never());
        await big.stop();
        // What the network's own buffers took before the connection was closed.
        expect(big.bytesSent).to.be.below(32 * 1024 * 1024);
      });

      it('is whole up to 64 KB', async () => {
        const body = 'y'.repeat(kB64 - 1);
        expect(await answerOf({ always: { status: 200, body } })).to.include({ kind: 'answer', status: 200, body });
      });

      it('is not unpacked', async () => {
        const packed = gzipSync(Buffer.alloc(10 * 1024 * 1024));
        const answer = await answerOf({ always: { headers: { 'content-encoding': 'gzip' }, body: packed } });
        expect(answer).to.include({ kind: 'answer', status: 202 });
        expect(answer.kind === 'answer' && answer.body.length).to.be.below(kB64);
        expect(answer.kind === 'answer' && answer.body.slice(0, 2)).to.equal(packed.toString('utf8', 0, 2));
      });
    });

    describe('that fails', () => {
      const late = { timeoutMs: 100 };
      const half = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf';
      const table: Record<string, { options: ReceiverOptions['always']; code: string; timeoutMs?: number }> = {
        'no answer comes': { options: { hang: true }, code: 'ETIMEDOUT', ...late },
        'the answer drips': { options: { status: 500, dripMs: 10 }, code: 'ETIMEDOUT', ...late },
        'the answer is a 2xx and drips': { options: { status: 200, dripMs: 10 }, code: 'ETIMEDOUT', ...late },
        'the connection is cut': { options: { reset: true }, code: 'ECONNRESET' },
        'the connection is cut in the answer': { options: { reset: 'in-body' }, code: 'ECONNRESET' },
        'the connection is closed without a word': { options: { raw: '' }, code: 'ECONNRESET' },
        'the answer is shorter than it says': { options: { raw: half }, code: 'ECONNRESET' },
        'the answer is garbage': { options: { raw: Buffer.from([0, 255, 10, 13, 7]) }, code: 'HPE_INVALID_CONSTANT' },
        'the answer is another protocol': { options: { raw: 'SSH-2.0-OpenSSH_9.9\r\n' }, code: 'HPE_INVALID_CONSTANT' },
        'a header is too large': {
          options: { raw: `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n` },
          code: 'HPE_HEADER_OVERFLOW',
        },
        'the length is no number': {
          options: { raw: 'HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n' },
          code: 'HPE_INVALID_CONTENT_LENGTH',
        },
      };
      for (const [why, { options, code, timeoutMs }] of Object.entries(table)) {
        it(`is a failure with ${code} where ${why}`, async () => {
          const answer = await answerOf({ always: options ?? {} }, timeoutMs === undefined ? {} : { timeoutMs });
          // undici's parser does not say which rule is broken.
          const said = postVia === pooledPostWith ? code.replace(/^HPE_INVALID_.*/, 'HPE_INVALID') : code;
          expect(answer).to.include({ kind: 'failure', code: said, bytes: 2 });
          expect(answer.kind === 'failure' && answer.detail).to.not.equal('the request failed');
        });
      }

      it('is a failure with ECONNREFUSED where nothing listens', async () => {
        const gone = await startReceiver();
        await gone.stop();
        expect(await poster()(gone.url, '{}', {}, never())).to.include({ kind: 'failure', code: 'ECONNREFUSED' });
      });

      it('is a failure, not a rejection, where it cannot be made at all', async () => {
        const { url } = await receiver();
        const post = poster();
        expect(await post('not a URL', '{}', {}, never())).to.include({ kind: 'failure', code: 'ERR_INVALID_URL' });
        const answer = await post(url, '{}', { 'x-tenant': 'acme\r\nx-admin: yes' }, never());
        expect(answer).to.include({ kind: 'failure', code: 'ERR_INVALID_CHAR' });
        expect(JSON.stringify(answer)).to.not.include('acme');
      });

      it('does no harm to the next one', async () => {
        const answers = [{ reset: true }, { raw: 'garbage' }, { bodyBytes: 2 ** 20 }, { reset: 'in-body' }] as const;
        const { url, requests } = await receiver({ answers });
        const post = poster();
        for (const _ of answers) await post(url, '{}', {}, never());
        expect(await post(url, '{}', {}, never())).to.include({ kind: 'answer', status: 202 });
        expect(requests).to.have.length(5);
      });
    });

    describe('that is cut short', () => {
      it('is a failure with ABORTED, before it is sent', async () => {
        const { url, requests } = await receiver();
        const post = poster();
        expect(await post(url, '{}', {}, AbortSignal.abort())).to.include({ kind: 'failure', code: 'ABORTED' });
        expect(await post(url, '{}', {}, never())).to.include({ kind: 'answer' });
        expect(requests, 'the second alone').to.have.length(1);
      });

      it('is a failure with ABORTED, while it waits for an answer', async () => {
        const { url, next } = await receiver({ always: { hang: true } });
        const stopping = new AbortController();
        const posting = poster()(url, '{}', {}, stopping.signal);
        await next();
        stopping.abort();
        expect(await posting).to.include({ kind: 'failure', code: 'ABORTED' });
      });

      it('is a failure with ABORTED, while it reads an answer', async () => {
        const { url, next } = await receiver({ always: { dripMs: 5 } });
        const stopping = new AbortController();
        const posting = poster()(url, '{}', {}, stopping.signal);
        await next();
        stopping.abort();
        expect(await posting).to.include({ kind: 'failure', code: 'ABORTED' });
      });

      it('leaves no listener on its signal, however it ended', async () => {
        const { url } = await receiver({ answers: [{}, { reset: true }, { raw: 'garbage' }, { bodyBytes: 2 ** 20 }] });
        const { signal } = new AbortController();
        const post = poster();
        for (let count = 0; count < 4; count += 1) await post(url, '{}', {}, signal);
        expect(getEventListeners(signal, 'abort')).to.have.length(0);
      });
    });

    describe('after another', () => {
      it('goes over a connection that is there', async () => {
        const { url, requests } = await receiver({ always: { status: 200, body: '{"setErrs":{}}' } });
        const post = poster();
        for (let count = 0; count < 20; count += 1) await post(url, '{}', {}, never());
        // undici's becomes free a moment after the answer is there.
        const most = postVia === pooledPostWith ? 2 : 1;
        expect(new Set(requests.map(({ connection }) => connection)).size).to.be.at.most(most);
      });

      it('goes over another connection where the answer was cut', async () => {
        const { url, requests } = await receiver({ answers: [{ bodyBytes: 2 ** 20 }] });
        const post = poster();
        await post(url, '{}', {}, never());
        await post(url, '{}', {}, never());
        const [first, second] = requests.map(({ connection }) => connection);
        // undici may open one for nothing while it closes the first.
        expect(second).to.be.greaterThan(first ?? Number.POSITIVE_INFINITY);
      });

      it('waits for a connection where `concurrency` of them are taken', async () => {
        const all = await receiver();
        const post = poster({ concurrency: 3 });
        const answers = await Promise.all(Array.from({ length: 30 }, () => post(all.url, '{}', {}, never())));
        expect(answers.every(({ kind }) => kind === 'answer')).to.equal(true);
        expect(all.requests).to.have.length(30);
        expect(all.connections).to.equal(3);
      });
    });
  });

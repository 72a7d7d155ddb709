import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Secret } from '../../src/secret.js';
import type { Answer, Endpoint } from '../../src/transmitter/endpoint.js';
import { pooledPostWith } from '../../src/transmitter/pooled-post.js';
import { postWith } from '../../src/transmitter/post.js';
import { type Receiver, startReceiver } from '../support/receiver.js';

const pem = (name: string): string => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8');
const served = (name: string): { cert: string; key: string } => ({ cert: pem(`${name}.pem`), key: pem(`${name}.key`) });
const ca = pem('authority.pem');

const clients = { undici: pooledPostWith, got: postWith } as const;

for (const [client, postVia] of Object.entries(clients))
  describe(`a POST over TLS with ${client}`, () => {
    let receiver: Receiver | undefined;

    afterEach(async () => {
      await receiver?.stop();
      receiver = undefined;
    });

    async function start(tls: Parameters<typeof startReceiver>[0] & object): Promise<Receiver> {
      receiver = await startReceiver(tls);
      return receiver;
    }

    async function postTo({ url }: Receiver, tls?: Endpoint['tls']): Promise<Answer> {
      const { post, close } = postVia({ timeoutMs: 2000, concurrency: 1, ...(tls && { tls }) }, Date.now);
      try {
        return await post(url, '{}', {}, new AbortController().signal);
      } finally {
        close();
      }
    }

    it('trusts the authority of the config', async () => {
      const answer = await postTo(await start({ tls: served('server') }), { ca });
      expect(answer).to.include({ kind: 'answer', status: 202 });
    });

    const refused = [
      {
        why: 'an authority that the system does not know',
        name: 'server',
        tls: undefined,
        code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      },
      {
        why: 'another authority',
        name: 'server',
        tls: { ca: pem('other-authority.pem') },
        code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      },
      { why: 'a certificate that has expired', name: 'expired', tls: { ca }, code: 'CERT_HAS_EXPIRED' },
      { why: 'a certificate for another host', name: 'elsewhere', tls: { ca }, code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    ];
    for (const { why, name, tls, code } of refused) {
      it(`refuses ${why}`, async () => {
        const started = await start({ tls: served(name) });
        const answer = await postTo(started, tls);
        expect(answer).to.include({ kind: 'failure', code });
        expect(answer.kind === 'failure' && answer.detail).to.match(/^the (certificate|authority)/);
        expect(started.requests).to.have.length(0);
      });
    }

    it('refuses them too where the environment turns checks off', async () => {
      const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      const started = await start({ tls: served('server') });
      try {
        process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
        expect(await postTo(started)).to.include({ kind: 'failure', code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
      } finally {
        if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
        else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
      }
      expect(started.requests).to.have.length(0);
    });

    it('is a failure where the receiver speaks plain HTTP', async () => {
      const plain = await start({});
      const answer = await postTo({ ...plain, url: plain.url.replace('http:', 'https:') }, { ca });
      expect(answer).to.include({ kind: 'failure', detail: 'no TLS connection came about' });
    });

    it('is a failure where the receiver speaks TLS and http is written', async () => {
      const started = await start({ tls: served('server') });
      const answer = await postTo({ ...started, url: started.url.replace('https:', 'http:') });
      expect(answer).to.include({ kind: 'failure' });
      expect(started.requests).to.have.length(0);
    });

    describe('to a receiver that wants a client certificate', () => {
      const wanting = { tls: { ...served('server'), ca, requestCert: true, rejectUnauthorized: true } };
      const cert = pem('client.pem');

      it('shows the one of the config', async () => {
        const tls = { ca, cert, key: new Secret(pem('client.key')) };
        expect(await postTo(await start(wanting), tls)).to.include({ kind: 'answer', status: 202 });
      });

      it('shows it where its key is under a passphrase', async () => {
        const tls = { ca, cert, key: new Secret(pem('client-encrypted.key')), passphrase: new Secret('open-sesame') };
        expect(await postTo(await start(wanting), tls)).to.include({ kind: 'answer', status: 202 });
      });

      it('is a failure without one', async () => {
        const started = await start(wanting);
        expect(await postTo(started, { ca })).to.include({ kind: 'failure' });
        expect(started.requests).to.have.length(0);
      });

      const unusable = [
        { why: 'the passphrase is wrong', key: pem('client-encrypted.key'), passphrase: 'wrong-sesame' },
        { why: 'the key is of another certificate', key: pem('server.key'), passphrase: undefined },
        { why: 'the key is none', key: 'no key at all', passphrase: undefined },
      ];
      for (const { why, key, passphrase } of unusable) {
        it(`is a failure, said without the key, where ${why}`, async () => {
          const started = await start(wanting);
          const tls = { ca, cert, key: new Secret(key), ...(passphrase && { passphrase: new Secret(passphrase) }) };
          const answer = await postTo(started, tls);
          expect(answer).to.include({ kind: 'failure', detail: 'the certificate or key of `tls` cannot be used' });
          expect(JSON.stringify(answer)).to.not.include('sesame').and.not.include('PRIVATE KEY');
          expect(started.requests).to.have.length(0);
        });
      }
    });
  });

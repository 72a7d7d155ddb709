import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Secret } from '../../src/secret.js';
import { ReceiverKeyError } from '../../src/set/receiver-key.js';
import type { Endpoint } from '../../src/transmitter/endpoint.js';
import { fetchJwksWith } from '../../src/transmitter/get.js';
import { version } from '../../src/version.js';
import { type Receiver, type ReceiverOptions, startReceiver } from '../support/receiver.js';

const pem = (name: string): string => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8');

describe("a GET of a receiver's JWK Set", () => {
  let receiver: Receiver;

  afterEach(() => receiver.stop());

  async function fetched(
    options: ReceiverOptions,
    { tls, signal }: { tls?: Endpoint['tls']; signal?: AbortSignal } = {},
  ): Promise<string> {
    receiver = await startReceiver(options);
    return await fetchJwksWith({ timeoutMs: 1000, ...(tls && { tls }) }, Date.now)(receiver.url, signal);
  }

  async function refusalOf(...given: Parameters<typeof fetched>): Promise<string> {
    const error = await fetched(...given).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(ReceiverKeyError);
    return (error as ReceiverKeyError).message;
  }

  it('gives the text, and says nothing but who asks', async () => {
    expect(await fetched({ always: { status: 200, body: '{"keys":[]}' } })).to.equal('{"keys":[]}');
    const [request] = receiver.requests;
    expect(request).to.include({ method: 'GET' });
    expect(request?.body.length).to.equal(0);
    expect(request?.headers).to.deep.equal({
      accept: 'application/jwk-set+json, application/json',
      'accept-encoding': 'identity',
      connection: 'close',
      host: new URL(receiver.url).host,
      'user-agent': `setwire/${version}`,
    });
  });

  it('follows no redirect', async () => {
    const always = { status: 302, headers: { location: '/elsewhere' } };
    expect(await refusalOf({ always })).to.equal('its JWKS URL answered 302');
    expect(receiver.requests).to.have.length(1);
  });

  for (const status of [202, 204, 304, 401, 404, 500]) {
    it(`takes no ${status} for a JWK Set, and asks once`, async () => {
      expect(await refusalOf({ always: { status } })).to.equal(`its JWKS URL answered ${status}`);
      expect(receiver.requests).to.have.length(1);
    });
  }

  it('reads no more than 64 KB', async () => {
    expect(await refusalOf({ always: { status: 200, bodyBytes: 64 * 1024 * 1024 } })).to.equal(
      'its JWK Set is larger than 64 KB',
    );
    expect(receiver.bytesSent).to.be.lessThan(16 * 1024 * 1024);
  });

  for (const [why, always] of [
    ['hangs', { hang: true }],
    ['never ends', { status: 200, dripMs: 20 }],
  ] as const) {
    it(`ends in time where the answer ${why}`, async () => {
      expect(await refusalOf({ always })).to.equal('its JWKS URL: ETIMEDOUT, no complete answer in time');
    });
  }

  it('is cut short by its signal', async () => {
    const stopping = new AbortController();
    const always = () => {
      stopping.abort();
      return { hang: true };
    };
    expect(await refusalOf({ always }, { signal: stopping.signal })).to.match(/ABORTED/);
  });

  it('trusts the authority of the endpoint and no other, and shows its client certificate', async () => {
    const tls = { cert: pem('server.pem'), key: pem('server.key') };
    const asking = { ...tls, ca: pem('authority.pem'), requestCert: true, rejectUnauthorized: true };
    const always = { status: 200, body: '{}' };
    const client = { ca: pem('authority.pem'), cert: pem('client.pem'), key: new Secret(pem('client.key')) };
    expect(await fetched({ always, tls: asking }, { tls: client })).to.equal('{}');
    await receiver.stop();
    const other = { ca: pem('other-authority.pem') };
    expect(await refusalOf({ always, tls }, { tls: other })).to.match(/UNABLE_TO_VERIFY_LEAF_SIGNATURE/);
  });
});

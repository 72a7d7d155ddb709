import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import sinon from 'sinon';
import { jwksHandlerOf } from '../../src/set/jwks-handler.js';

const jwks = { keys: [{ kty: 'EC', kid: 'k1', use: 'sig', alg: 'ES256', crv: 'P-256', x: 'x', y: 'y' }] };

describe('the handler of the JWK Set', () => {
  let server: Server;
  const onFailure = sinon.stub();

  async function ask(method: string, ring = { jwks: () => Promise.resolve(jwks) }): Promise<Response> {
    server = createServer(jwksHandlerOf(ring, onFailure));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/any/path?x`, { method });
  }

  afterEach(() => {
    onFailure.reset();
    server.close();
    server.closeAllConnections();
  });

  it('serves it with its media type, to be kept for five minutes', async () => {
    const response = await ask('GET');
    expect(response.status).to.equal(200);
    expect(response.headers.get('content-type')).to.equal('application/jwk-set+json');
    expect(response.headers.get('cache-control')).to.equal('public, max-age=300');
    expect(await response.json()).to.deep.equal(jwks);
  });

  it('answers HEAD without a body', async () => {
    const response = await ask('HEAD');
    expect(response.status).to.equal(200);
    expect(Number(response.headers.get('content-length'))).to.equal(JSON.stringify(jwks).length);
    expect(await response.text()).to.equal('');
  });

  it('takes no other method', async () => {
    const response = await ask('POST');
    expect(response.status).to.equal(405);
    expect(response.headers.get('allow')).to.equal('GET, HEAD');
  });

  it('says no more than that there are none now where they cannot be read', async () => {
    const response = await ask('GET', { jwks: () => Promise.reject(new Error('hunter2')) });
    expect(response.status).to.equal(503);
    expect(await response.text()).to.equal('');
    sinon.assert.calledOnce(onFailure);
  });
});

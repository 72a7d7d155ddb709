import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import sinon from 'sinon';
import { accepted } from '../../src/sources/answer.js';
import { type IntakeServer, startServer } from '../../src/sources/server.js';

describe("the intake's server", () => {
  let server: IntakeServer;
  afterEach(() => server.stop(1000));

  const anywhere = { host: '127.0.0.1', port: 0 };
  const quick = { headersTimeout: 50, requestTimeout: 60, connectionsCheckingInterval: 10 };

  async function connected(): Promise<Socket> {
    const socket = connect(Number(new URL(server.address).port), '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  }

  /** All that comes until the other side ends the connection. */
  async function untilClosed(socket: Socket): Promise<string> {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    await once(socket, 'close');
    return text;
  }

  async function bodyOf(request: AsyncIterable<Buffer>): Promise<void> {
    for await (const _ of request);
  }

  it('ends a connection whose headers do not come to an end', async () => {
    server = await startServer(anywhere, () => Promise.resolve(accepted), sinon.stub(), quick);
    const socket = await connected();
    socket.write('POST / HTTP/1.1\r\nhost: x\r\nx-slow:');
    expect(await untilClosed(socket)).to.match(/^HTTP\/1\.1 408 /);
  });

  it('ends a connection whose body does not come to an end, and it is no fault', async () => {
    const onFault = sinon.stub();
    server = await startServer(anywhere, (request) => bodyOf(request).then(() => accepted), onFault, quick);
    const socket = await connected();
    socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nslow');
    expect(await untilClosed(socket)).to.not.include('202');
    expect(onFault.callCount).to.equal(0);
  });

  it('answers a fault of ours with 500 and no word of it, and tells it', async () => {
    const onFault = sinon.stub();
    server = await startServer(anywhere, () => Promise.reject(new Error('hunter2')), onFault);
    const answer = await fetch(server.address, { method: 'POST' });
    expect(answer.status).to.equal(500);
    expect(await answer.text()).to.not.include('hunter2');
    expect(onFault.args[0]?.[0]).to.be.an('error');
  });

  it('waits no longer for a request than it is told when it stops', async () => {
    server = await startServer(anywhere, () => new Promise(() => undefined), sinon.stub());
    const socket = await connected();
    socket.write('POST / HTTP/1.1\r\nhost: x\r\n\r\n');
    const [, closed] = await Promise.all([server.stop(20), untilClosed(socket)]);
    expect(closed).to.equal('');
  });
});

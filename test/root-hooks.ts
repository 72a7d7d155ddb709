import net from 'node:net';
import sinon from 'sinon';

const loopback = new Set(['127.0.0.1', '::1', 'localhost', '::ffff:127.0.0.1']);
const connect = net.Socket.prototype.connect;

/** A test that tried to leave this machine is a wrong test: the connection is refused before it is made. */
function guardedConnect(this: net.Socket, ...args: unknown[]): net.Socket {
  const first = Array.isArray(args[0]) ? args[0][0] : args[0];
  const options = typeof first === 'object' && first !== null ? (first as net.NetConnectOpts) : undefined;
  const host =
    options === undefined
      ? typeof args[1] === 'string'
        ? args[1]
        : undefined
      : 'host' in options
        ? options.host
        : undefined;
  if (host !== undefined && host !== null && !loopback.has(host) && !host.endsWith('.invalid')) {
    queueMicrotask(() =>
      this.destroy(Object.assign(new Error(`a test tried to connect to ${host}`), { code: 'EOUTSIDE' })),
    );
    return this;
  }
  return Reflect.apply(connect, this, args) as net.Socket;
}

export const mochaHooks = {
  beforeAll(): void {
    net.Socket.prototype.connect = guardedConnect as typeof connect;
  },
  afterEach(): void {
    sinon.restore();
  },
  afterAll(): void {
    net.Socket.prototype.connect = connect;
  },
};

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect as connectTo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { SetwireError } from '../../src/errors.js';
import type { ReportedEvent } from '../../src/events/identity-event.js';
import { leftBy, type Served, type ServedOptions, served } from '../support/served.js';
import { until } from '../support/until.js';

const token = 'a-token-of-sixteen';
const bearer = { authorization: `Bearer ${token}` };
const ndjson = { ...bearer, 'content-type': 'application/x-ndjson' };
const id = (n: number): string => `051f0c37-b689-44d4-b7d2-29b980ece${String(n).padStart(3, '0')}`;
const event = (n: number): ReportedEvent => ({
  type: 'account.locked',
  id: id(n),
  user: { id: `u${n}` },
  initiator: { type: 'admin' },
});

describe('the intake', () => {
  let site: Served;
  afterEach(() => site.end());

  const start = ({
    intake,
    ...more
  }: Partial<Omit<ServedOptions, 'intake'>> & { intake?: object } = {}): Promise<Served> =>
    served({ ...more, intake: { sources: { other: { type: 'identity-event', token } }, ...intake } });
  const usersLeft = (): unknown[] => leftBy(site.receiver).map(([, body]) => (body.user as { id: string }).id);

  describe('of identity events', () => {
    it('takes one, and answers when it is in the journal', async () => {
      site = await start({ endpoint: { enabled: false } });
      const answer = await site.post('/other', JSON.stringify(event(1), null, 2), bearer);
      expect(answer).to.deep.include({ status: 202, body: '' });
      expect(site.adapter.status().journal?.events).to.equal(1);
    });

    it('takes many, one a line, and each once however often they come', async () => {
      site = await start({ endpoint: { order: 'none', concurrency: 1 } });
      const lines = [1, 2, 3].map((n) => JSON.stringify(event(n)));
      for (const type of ['application/x-ndjson', 'application/ndjson', 'application/jsonl; charset=utf-8']) {
        const answer = await site.post('/other', `${lines.join('\r\n')}\n\n`, { ...bearer, 'content-type': type });
        expect(answer.status).to.equal(202);
      }
      await site.settle();
      expect(usersLeft()).to.deep.equal(['u1', 'u2', 'u3']);
    });

    it('takes more than waits in memory, without losing any', async () => {
      site = await start({ config: { buffer: { maxEvents: 10 } }, endpoint: { enabled: false } });
      const lines = Array.from({ length: 200 }, (_, n) => JSON.stringify(event(n)));
      expect((await site.post('/other', lines.join('\n'), ndjson)).status).to.equal(202);
      expect(site.adapter.status()).to.deep.include({ losses: {} });
      expect(site.adapter.status().journal?.events).to.equal(200);
    });

    it('takes none of many where some are wrong, and says what is wrong in which line', async () => {
      site = await start();
      const lines = [event(1), { ...event(2), user: undefined }, 'x', { ...event(4), secret: 'hunter2' }, event(5)];
      const body = lines.map((line) => (line === 'x' ? 'hunter2' : JSON.stringify(line))).join('\n');
      const answer = await site.post('/other', body, ndjson);
      expect(answer.status).to.equal(400);
      const { detail, errors } = JSON.parse(answer.body);
      expect(detail).to.equal('3 lines are wrong: none was taken');
      expect(errors.map(({ line }: { line: number }) => line)).to.deep.equal([2, 3, 4]);
      expect(errors[0].detail).to.include('user is missing');
      expect(errors[2].detail).to.include('secret is no member of an identity event');
      await site.settle();
      expect(site.receiver.requests).to.have.lengthOf(0);
      expect(answer.body + JSON.stringify(site.report.args)).to.not.include('hunter2');
    });

    it('refuses what is no event, is no text, or tries to reach what all objects share', async () => {
      site = await start();
      const bad = [
        '',
        'null',
        '[]',
        '"x"',
        '{"type":"login.success"}',
        '{"__proto__":{"type":"login.success"}}',
        Buffer.from([0xff, 0xfe]),
      ];
      for (const body of bad) expect((await site.post('/other', body, bearer)).status, String(body)).to.equal(400);
      expect((await site.post('/other', `[${'['.repeat(200_000)}`, bearer)).status).to.equal(400);
    });
  });

  it('answers what it does not take, and why', async () => {
    site = await start({ intake: { maxBytes: '1KB' } });
    const body = JSON.stringify(event(1));
    const tries: [number, string, string, Record<string, string>][] = [
      [404, 'POST', '/nothing', bearer],
      [404, 'POST', '/other/', bearer],
      [405, 'GET', '/other', bearer],
      [405, 'PUT', '/other', bearer],
      [401, 'POST', '/other', {}],
      [401, 'POST', '/other', { authorization: 'Bearer another' }],
      [401, 'POST', '/other', { authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` }],
      [415, 'POST', '/other', { ...bearer, 'content-type': 'text/plain' }],
      [415, 'POST', '/other', { ...bearer, 'content-type': 'application/json; charset=iso-8859-1' }],
      [415, 'POST', '/other', { ...bearer, 'content-encoding': 'gzip' }],
      [202, 'POST', '/other?x=1', bearer],
    ];
    for (const [status, method, path, headers] of tries) {
      const answer = await site.send(method, path, method === 'GET' ? '' : body, headers);
      expect(answer.status, `${method} ${path}`).to.equal(status);
      if (status !== 202) {
        expect(answer.headers['content-type']).to.equal('application/problem+json');
        expect(JSON.parse(answer.body)).to.include({ status, type: 'about:blank' });
      }
    }
    expect((await site.send('GET', '/other', '', bearer)).headers.allow).to.equal('POST');
  });

  it('reads no more of a body than it takes, whether or not its length is said', async () => {
    site = await start({ intake: { maxBytes: '1KB' } });
    expect((await site.post('/other', 'x'.repeat(1024), bearer)).status).to.equal(400);
    expect((await site.post('/other', 'x'.repeat(1025), bearer)).status).to.equal(413);
    const socket = await connected();
    socket.write(
      `POST /other HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ntransfer-encoding: chunked\r\n\r\n`,
    );
    for (let n = 0; n < 3; n += 1) socket.write(`200\r\n${'x'.repeat(512)}\r\n`);
    expect(await answered(socket)).to.match(/^HTTP\/1\.1 413 /);
  });

  it('lets the sender come again while the journal is behind, and takes then what it sends once', async () => {
    let trouble: 'behind' | 'overloaded' | 'slow' | undefined;
    let isWritten: (() => void) | undefined;
    site = await start({
      answerWithinMs: 200,
      keeper: (adapter) => ({
        async emit(reported) {
          if (trouble === 'overloaded') throw new SetwireError('SETWIRE_OVERLOADED', 'no room');
          if (trouble === 'slow') await new Promise<void>((resolve) => (isWritten = resolve));
          await adapter.emit(reported);
        },
        get isBehind() {
          return trouble === 'behind';
        },
      }),
    });
    const body = JSON.stringify(event(1));
    for (trouble of ['behind', 'overloaded', 'slow'] as const) {
      const answer = await site.post('/other', body, bearer);
      expect(answer.status).to.equal(429);
      expect(answer.headers['retry-after']).to.equal('5');
    }
    trouble = undefined;
    isWritten?.();
    expect((await site.post('/other', body, bearer)).status).to.equal(202);
    await site.settle();
    expect(usersLeft()).to.deep.equal(['u1']);
  });

  it('is behind as soon as so much waits for the journal as `buffer` allows, before anything is lost', async () => {
    site = await start({ config: { buffer: { maxEvents: 2 } } });
    expect(site.adapter.isBehind).to.equal(false);
    const emitted = [1, 2].map((n) => site.adapter.emit(event(n)));
    expect(site.adapter.isBehind).to.equal(true);
    await Promise.all(emitted);
    expect(site.adapter.isBehind).to.equal(false);
    expect(site.adapter.status().losses).to.deep.equal({});
  });

  it('ends a connection that says nothing more, and answers a request that it cannot read', async () => {
    site = await start();
    const socket = await connected();
    socket.write('this is not HTTP\r\n\r\n');
    expect(await answered(socket)).to.match(/^HTTP\/1\.1 400 /);
    const long = await connected();
    long.write(`POST /other HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(await answered(long)).to.match(/^HTTP\/1\.1 431 /);
  });

  it('survives senders that go away', async () => {
    site = await start();
    const socket = await connected();
    socket.write(
      `POST /other HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-length: 100\r\n\r\n{"type"`,
    );
    await once(socket.setTimeout(1), 'timeout');
    socket.resetAndDestroy();
    expect((await site.post('/other', JSON.stringify(event(1)), bearer)).status).to.equal(202);
    expect(site.report.args.filter(([level]) => level === 'error')).to.deep.equal([]);
  });

  it('answers what it has begun before it stops, and takes no more', async () => {
    let written: (() => void) | undefined;
    site = await start({
      keeper: (adapter) => ({
        async emit(reported) {
          await new Promise<void>((resolve) => (written = resolve));
          await adapter.emit(reported);
        },
        isBehind: false,
      }),
    });
    const answer = site.post('/other', JSON.stringify(event(1)), { ...bearer, connection: 'keep-alive' });
    await until(() => written !== undefined);
    const stopped = site.settle();
    written?.();
    expect(await answer).to.deep.include({ status: 202 });
    expect((await answer).headers.connection).to.equal('close');
    await stopped;
    expect(usersLeft()).to.deep.equal(['u1']);
    expect(
      (await site.post('/other', '', bearer).catch((error: NodeJS.ErrnoException) => error)) as object,
    ).to.have.property('code', 'ECONNREFUSED');
  });

  it('listens on a Unix socket, also where a process has left one behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'setwire-socket-'));
    const socket = join(folder, 's');
    // What a kill -9 leaves: the file, and nobody who listens.
    const listening = `require('net').createServer().listen(${JSON.stringify(socket)}, () => console.log('listens'))`;
    const left = spawn(process.execPath, ['-e', listening]);
    await once(left.stdout, 'data');
    left.kill('SIGKILL');
    await once(left, 'exit');
    expect(existsSync(socket)).to.equal(true);
    site = await start({ intake: { listen: `unix:${socket}` } });
    expect((await site.post('/other', JSON.stringify(event(1)), bearer)).status).to.equal(202);
    await site.settle();
    expect(existsSync(socket)).to.equal(false);
    rmSync(folder, { recursive: true });
  });

  /** A connection to the intake. */
  async function connected(): Promise<Socket> {
    const socket = connectTo(Number(new URL(site.base).port), '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  async function answered(socket: Socket): Promise<string> {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return chunk.toString('latin1');
  }
});

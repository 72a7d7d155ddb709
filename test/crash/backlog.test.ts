import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import sinon from 'sinon';
import { type Adapter, createAdapter } from '../../src/adapter.js';
import { until } from '../log/folder.js';
import { type Workplace, workplace } from '../support/settings.js';

// 200,000 SETs are made, checked and sent: a quarter of a minute on two cores. With 100,000 events it takes ten times as long.
const events = Number(process.env.SETWIRE_BACKLOG_EVENTS ?? 10_000);
const names = Array.from({ length: 20 }, (_, n) => `endpoint-${n}`);
const [down = '', ...up] = names;

describe('a backlog', function () {
  this.timeout(60_000 + events * 20);

  let place: Workplace;
  let server: Server;
  let adapter: Adapter | undefined;
  const got = new Map(names.map((name) => [name, new Uint8Array(events)]));
  let isDown = true;
  let failed = 0;

  beforeEach(async () => {
    place = workplace();
    // Counts rather than keeps: 100,000 events to 20 endpoints are more than a gigabyte.
    failed = 0;
    isDown = true;
    server = createServer((request, response) => {
      const name = request.url?.slice(1) ?? '';
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (name === down && isDown) {
          failed += 1;
          response.writeHead(503).end();
          return;
        }
        const seen = got.get(name);
        for (const [, n] of Buffer.concat(chunks)
          .toString('latin1')
          .matchAll(/"rci":"(\d+)"/g)) {
          if (seen !== undefined) seen[Number(n)] = (seen[Number(n)] ?? 0) + 1;
        }
        response.writeHead(202).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    await adapter?.detach();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    place.remove();
  });

  it(`of ${events} events reaches 19 endpoints while one of 20 is down, and that one later`, async () => {
    const report = sinon.stub();
    const { port } = server.address() as AddressInfo;
    const endpoint = (name: string) => ({
      url: `http://127.0.0.1:${port}/${name}`,
      // So long an answer waits only if it does not get its turn.
      timeout: '1m',
      batch: { format: 'ndjson', maxEvents: 2000, maxBytes: '4MB', maxWait: '50ms' },
      retry: { initial: '50ms', max: '200ms' },
      circuit: { probe: '50ms', maxProbe: '200ms' },
    });
    const config = {
      stopTimeout: '100ms',
      dataDir: 'data',
      durability: 'commit',
      endpoints: Object.fromEntries(names.map((name) => [name, endpoint(name)])),
    };
    const source = createAdapter(place.settings({ ...config, transmitter: 'none' }), { report });
    await source.ready;
    for (let n = 0; n < events; n += 1000) {
      const some = Array.from({ length: Math.min(1000, events - n) }, (_, m) => n + m);
      await Promise.all(
        some.map((m) => source.emit({ type: 'account.deleted', correlationId: String(m), user: { id: `u${m}` } })),
      );
    }
    expect(source.status().endpoints?.[down]?.lag.events).to.equal(events);
    await source.detach();

    const running = createAdapter(place.settings(config), { report });
    adapter = running;
    const deliveredTo = (name: string): number => running.status().endpoints?.[name]?.delivered ?? 0;
    await until(() => deliveredTo(up[0] ?? '') > 0);
    const missing = (name: string): number => got.get(name)?.filter((times) => times === 0).length ?? 0;
    await until(() => up.every((name) => deliveredTo(name) === events));
    expect(up.filter((name) => got.get(name)?.some((times) => times !== 1))).to.deep.equal([]);
    const tried = up.filter((name) => running.status().endpoints?.[name]?.retries !== 0);
    expect(tried, 'reading on leaves the answers their turn').to.deep.equal([]);
    expect(failed, 'the one that is down was tried').to.be.greaterThan(0);
    expect(running.status().endpoints?.[down]).to.deep.include({ delivered: 0, dead: 0 });
    expect(running.status().endpoints?.[down]?.lag.events, 'and all of it is kept').to.equal(events);
    expect(running.status().endpoints?.[down]?.unsettled, 'most of it not in memory').to.be.at.most(32_000);
    isDown = false;
    await until(() => deliveredTo(down) === events);
    expect(missing(down)).to.equal(0);
    expect(running.status().losses).to.deep.equal({});
  });
});

import { existsSync, readFileSync, renameSync } from 'node:fs';
import { expect } from 'chai';
import { type Host, startHost } from '../crash/hosts.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Workplace, workplace } from '../support/settings.js';
import { until } from '../support/until.js';

describe('a process with a delivery thread', function () {
  this.timeout(30_000);
  let place: Workplace;
  let crm: Receiver;
  let hosts: Host[];

  beforeEach(async () => {
    place = workplace();
    crm = await startReceiver();
    hosts = [];
    place.settings({ transmitter: 'worker', endpoints: { crm: { url: crm.url, retry: { initial: '10ms' } } } });
  });

  afterEach(async () => {
    for (const host of hosts) host.kill();
    await crm.stop();
    place.remove();
  });

  async function begin(): Promise<Host> {
    const host = startHost(place.path('setwire.json'));
    hosts.push(host);
    await host.begun;
    return host;
  }

  const got = (): Set<number> =>
    new Set(crm.requests.map(({ body }) => Number((JSON.parse(body.toString('utf8')) as { rci: string }).rci)));

  it('goes on in a new delivery log at SIGHUP, as logrotate has it', async () => {
    const [log, moved] = [place.path('setwire-delivery.log'), place.path('setwire-delivery.log.1')];
    const linesOf = (file: string): number =>
      existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
    const host = await begin();
    host.emit(10);
    await until(() => linesOf(log) === 10);
    renameSync(log, moved);
    process.kill(host.pid, 'SIGHUP');
    await until(() => existsSync(log));
    host.emit(5);
    await until(() => crm.requests.length === 15);
    expect((await host.detach()).end).to.equal('0');
    expect([linesOf(moved), linesOf(log)]).to.deep.equal([10, 5]);
  });

  it('that ends itself without `detach`, in the turn in which it emits, loses nothing', async () => {
    const first = await begin();
    expect(await first.leave(500)).to.equal('0');
    const second = await begin();
    await until(() => got().size === 500);
    expect((await second.detach()).end).to.equal('0');
  });
});

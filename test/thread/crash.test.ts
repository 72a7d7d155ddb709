import { rmSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { type Host, startHost } from '../crash/hosts.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Workplace, workplace } from '../support/settings.js';
import { until } from '../support/until.js';

const crashing = new URL('./crashing.mjs', import.meta.url).href;

describe('a delivery thread that crashes', function () {
  // Each thread compiles what it imports.
  this.timeout(120_000);
  let place: Workplace;
  let crm: Receiver;
  let host: Host;

  beforeEach(async () => {
    place = workplace();
    crm = await startReceiver();
  });

  afterEach(async () => {
    host.kill();
    await crm.stop();
    place.remove();
  });

  const got = (): number[] =>
    crm.requests.map(({ body }) => Number((JSON.parse(body.toString('utf8')) as { rci: string }).rci));
  const crashes = (): Host['reports'] => host.reports.filter(({ message }) => message.includes('has crashed'));

  it('is replaced: the host goes on, nothing is lost, and no word of the error is repeated', async () => {
    const file = place.path('crash');
    writeFileSync(file, '');
    place.settings({
      transmitter: 'worker',
      endpoints: { crm: { url: crm.url, retry: { initial: '10ms' }, concurrency: 4 } },
    });
    const env = { SETWIRE_TEST_CRASH: file, SETWIRE_TEST_CRASH_WITHIN_MS: '300' };
    host = startHost(place.path('setwire.json'), env, crashing);
    await host.begun;
    let emitted = 0;
    while (crashes().length < 2) {
      host.emit(20);
      emitted += 20;
      await until(() => host.kept.size === emitted, 60_000);
    }
    rmSync(file);
    await until(() => new Set(got()).size === emitted, 60_000);
    const jtis = new Map<string, string>();
    for (const { body } of crm.requests) {
      const { rci, jti } = JSON.parse(body.toString('utf8')) as { rci: string; jti: string };
      expect(jtis.get(rci) ?? jti, 'what comes again has the same jti').to.equal(jti);
      jtis.set(rci, jti);
    }
    const { status, end } = await host.detach();
    expect(end).to.equal('0');
    expect(status.losses).to.deep.equal({});
    expect(status.endpoints?.crm?.dead).to.equal(0);
    expect(JSON.stringify(host.reports)).to.not.include('alice');
    expect(crashes().every(({ fields }) => 'why' in JSON.parse(fields))).to.equal(true);
  });
});

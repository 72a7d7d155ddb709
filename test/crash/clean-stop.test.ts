import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { until } from '../log/folder.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Workplace, workplace } from '../support/settings.js';
import { type Host, startHost } from './hosts.js';

const events = 150;

describe('a clean stop', function () {
  this.timeout(30_000);

  let place: Workplace;
  let crm: Receiver;
  let hosts: Host[];

  beforeEach(async () => {
    place = workplace();
    // More than a second of the stop is not enough for all of them.
    crm = await startReceiver({ always: { delayMs: 40 } });
    hosts = [];
  });

  afterEach(async () => {
    for (const host of hosts) host.kill();
    await crm.stop();
    place.remove();
  });

  function begin(): Host {
    const host = startHost(place.path('setwire.json'));
    hosts.push(host);
    return host;
  }

  for (const transmitter of ['worker', 'inline']) {
    it(`by SIGTERM, in the middle of it, sends nothing twice: what is left comes after the next start (${transmitter})`, async () => {
      const endpoints = { crm: { url: crm.url, retry: { initial: '10ms' } } };
      writeFileSync(
        place.path('setwire.json'),
        JSON.stringify({ transmitter, stopTimeout: '2s', log: { level: 'silent' }, endpoints }),
      );
      const first = begin();
      await first.begun;
      first.emit(events);
      await until(() => first.kept.size === events && crm.requests.length > 20);
      expect(await first.terminate()).to.equal('0');
      const before = crm.requests.length;
      expect(before).to.be.lessThan(events);
      const second = begin();
      await second.begun;
      await until(() => crm.requests.length >= events);
      expect((await second.detach()).end).to.equal('0');
      const jtis = crm.requests.map(({ body }) => JSON.parse(body.toString('utf8')).jti as string);
      expect(jtis).to.have.length(events);
      expect(new Set(jtis).size).to.equal(events);
    });
  }
});

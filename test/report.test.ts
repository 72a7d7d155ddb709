import { expect } from 'chai';
import sinon from 'sinon';
import { tallyWith } from '../src/report.js';

describe('a tally', () => {
  it('counts every time and reports each kind once', () => {
    const report = sinon.stub();
    const tally = tallyWith(report, 'not mapped');
    tally.add('server_error', 'a fault of the host');
    tally.add('server_error', 'a fault of the host');
    tally.add('device', 'not covered');
    expect(tally.counts()).to.deep.equal({ server_error: 2, device: 1 });
    expect(report.args.map(([level, message]) => [level, message])).to.deep.equal([
      ['warn', 'not mapped: server_error'],
      ['warn', 'not mapped: device'],
    ]);
  });

  it('is bounded when a host makes up kinds', () => {
    const tally = tallyWith(sinon.stub(), 'not mapped');
    for (let n = 0; n < 10_000; n += 1) tally.add(`kind-${n}`, 'made up');
    expect(Object.keys(tally.counts())).to.have.length(201);
    expect(tally.counts()).to.have.property('other', 9_800);
  });
});

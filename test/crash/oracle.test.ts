import { expect } from 'chai';
import { runOracle } from './oracle.js';

describe('the oracle', function () {
  const seed = Number(process.env.SETWIRE_ORACLE_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const kills = Number(process.env.SETWIRE_ORACLE_KILLS ?? 20);
  const sealedKills = Number(process.env.SETWIRE_ORACLE_KILLS ?? 6);
  // So many times a process starts; what has piled up until then is waited for as long as it moves.
  this.timeout(300_000 + kills * 12_000);

  const modes = {
    inline: 'a host and a transmitter, whatever was killed',
    worker: 'two hosts that deliver in threads, whatever was killed and whatever thread crashed',
  } as const;
  async function find(run: Omit<Parameters<typeof runOracle>[0], 'seed'>): Promise<void> {
    const { faults, ...counts } = await runOracle({ ...run, seed });
    const told = [`${faults.length} faults`, ...faults.slice(0, 20), JSON.stringify(counts)].join('\n');
    expect(faults.length, told).to.equal(0);
    expect(counts.kept).to.be.greaterThan(run.kills);
    console.log(
      `        ${Object.entries(counts)
        .map(([name, count]) => `${count} ${name}`)
        .join(', ')}`,
    );
  }

  for (const transmitter of ['inline', 'worker'] as const)
    it(`finds every event that was kept, in order, signed: ${modes[transmitter]} (seed ${seed}, ${kills} kills)`, () =>
      find({ transmitter, endpoints: ['single', 'batches'], kills }));

  it(`finds the same by push and multi-push, verified by what is published (seed ${seed}, ${sealedKills} kills)`, () =>
    find({ transmitter: 'worker', endpoints: ['push', 'multi-push', 'secevents'], paceMs: 250, kills: sealedKills }));
});

import { expect } from 'chai';
import { runOracle } from './oracle.js';

describe('the oracle', function () {
  const seed = Number(process.env.SETWIRE_ORACLE_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const kills = Number(process.env.SETWIRE_ORACLE_KILLS ?? 20);
  // So many times a process starts; what has piled up until then is waited for as long as it moves.
  this.timeout(300_000 + kills * 12_000);

  it(`finds every event that was kept, in order, signed, whatever was killed (seed ${seed}, ${kills} kills)`, async () => {
    const { faults, ...counts } = await runOracle({ kills, seed });
    const told = [`${faults.length} faults`, ...faults.slice(0, 20), JSON.stringify(counts)].join('\n');
    expect(faults.length, told).to.equal(0);
    expect(counts.kept).to.be.greaterThan(kills);
    console.log(
      `        ${Object.entries(counts)
        .map(([name, count]) => `${count} ${name}`)
        .join(', ')}`,
    );
  });
});

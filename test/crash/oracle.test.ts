import { expect } from 'chai';
import { runOracle } from './oracle.js';

describe('the oracle', function () {
  const seed = Number(process.env.SETWIRE_ORACLE_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const kills = Number(process.env.SETWIRE_ORACLE_KILLS ?? 20);
  // So many times a process starts; what has piled up until then is waited for as long as it moves.
  this.timeout(300_000 + kills * 12_000);

  const modes = {
    inline: 'a host and a transmitter, whatever was killed',
    worker: 'two hosts that deliver in threads, whatever was killed and whatever thread crashed',
  } as const;
  for (const transmitter of ['inline', 'worker'] as const)
    it(`finds every event that was kept, in order, signed: ${modes[transmitter]} (seed ${seed}, ${kills} kills)`, async () => {
      const { faults, ...counts } = await runOracle({ transmitter, kills, seed });
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

// What Setwire costs an identity server: its token endpoint with and without it, in turns.
import { once } from 'node:events';
import { median, type Receiver, said, start } from './processes.js';

export interface HostCost {
  readonly without: { readonly perSecond: number; readonly p99Ms: number };
  readonly attached: { readonly perSecond: number; readonly p99Ms: number };
  /** Of each pair of turns: what is left of the throughput, and how p99 grows. */
  readonly throughputRatio: number;
  readonly p99Ratio: number;
  /** At the median, in us: the call that the emitter makes; everything that the host's thread does, at 1,000 events/s. */
  readonly capture: { readonly callUs: number; readonly loopUs: number };
}

export async function measureHostCost(receiver: Receiver, rounds: number, ms: number): Promise<HostCost> {
  const [bare, attached, load] = [start('host.ts'), start('host.ts', receiver.url), start('load.ts')];
  const ports = { without: await said<number>(bare), attached: await said<number>(attached) };
  const turn = async (port: number, time = ms) => {
    load.send({ port, ms: time });
    return await said<HostCost['without']>(load);
  };
  await turn(ports.without, ms / 2);
  await turn(ports.attached, ms / 2);
  const turns: { readonly without: HostCost['without']; readonly attached: HostCost['without'] }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Whoever comes second finds the machine as the first has left it: in turns.
    if (round % 2 === 0) turns.push({ without: await turn(ports.without), attached: await turn(ports.attached) });
    else {
      const second = await turn(ports.attached);
      turns.push({ without: await turn(ports.without), attached: second });
    }
  }
  attached.send('capture');
  const capture = await said<HostCost['capture']>(attached);
  for (const child of [bare, attached]) {
    const ended = once(child, 'exit');
    child.send('end');
    await ended;
  }
  load.disconnect();
  const of = (which: 'without' | 'attached') => ({
    perSecond: median(turns.map((each) => each[which].perSecond)),
    p99Ms: median(turns.map((each) => each[which].p99Ms)),
  });
  return {
    without: of('without'),
    attached: of('attached'),
    throughputRatio: median(turns.map((each) => each.attached.perSecond / each.without.perSecond)),
    p99Ratio: median(turns.map((each) => each.attached.p99Ms / each.without.p99Ms)),
    capture,
  };
}

// What Setwire costs an identity server: its token endpoint with and without it, in turns.
import { once } from 'node:events';
import type { Answered, Load } from './load.js';
import { median, type Receiver, said, start } from './processes.js';

/** The same load with and without; of each pair of turns what is left of the throughput, and how the times grow. */
export interface Compared {
  readonly without: Answered;
  readonly attached: Answered;
  readonly throughputRatio: number;
  readonly p50Ratio: number;
  readonly p99Ratio: number;
}

export interface HostCost {
  /** Asked as fast as it answers: the machine has nothing left, and all that Setwire does comes off it. */
  readonly saturated: Compared;
  /** At 1,000 requests/s. */
  readonly steady: Compared;
  /**
   * At the median, in us: the call that the emitter makes, at 1,000 events/s; everything that the host's thread does for an
   * event, at that rate, and where many come in one turn of its event loop.
   */
  readonly capture: { readonly callUs: number; readonly inARowUs: number; readonly loopUs: number };
}

const steadyRate = 1000;

export async function measureHostCost(receiver: Receiver, rounds: number, ms: number): Promise<HostCost> {
  const [bare, attached, load] = [start('host.ts'), start('host.ts', receiver.url), start('load.ts')];
  const ports = { without: await said<number>(bare), attached: await said<number>(attached) };

  async function turn(port: number, time: number, perSecond?: number): Promise<Answered> {
    load.send({ port, ms: time, ...(perSecond !== undefined && { perSecond }) } satisfies Load);
    return await said<Answered>(load);
  }

  async function compare(perSecond?: number): Promise<Compared> {
    const turns: { readonly without: Answered; readonly attached: Answered }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      // Whoever comes second finds the machine as the first has left it: in turns.
      const first = round % 2 === 0 ? 'without' : 'attached';
      const one = await turn(ports[first], ms, perSecond);
      const other = await turn(ports[first === 'without' ? 'attached' : 'without'], ms, perSecond);
      turns.push(first === 'without' ? { without: one, attached: other } : { without: other, attached: one });
    }
    const of = (which: 'without' | 'attached'): Answered => ({
      perSecond: median(turns.map((each) => each[which].perSecond)),
      p50Ms: median(turns.map((each) => each[which].p50Ms)),
      p99Ms: median(turns.map((each) => each[which].p99Ms)),
    });
    const ratio = (member: keyof Answered): number =>
      median(turns.map((each) => each.attached[member] / each.without[member]));
    return {
      without: of('without'),
      attached: of('attached'),
      throughputRatio: ratio('perSecond'),
      p50Ratio: ratio('p50Ms'),
      p99Ratio: ratio('p99Ms'),
    };
  }

  await turn(ports.without, ms);
  await turn(ports.attached, ms);
  const saturated = await compare();
  const steady = await compare(steadyRate);
  attached.send('capture');
  const capture = await said<HostCost['capture']>(attached);
  for (const child of [bare, attached]) {
    const ended = once(child, 'exit');
    child.send('end');
    await ended;
  }
  load.disconnect();
  return { saturated, steady, capture };
}

import type { Drain, FanOut, Latency } from './endurance.js';
import type { HostCost } from './host-cost.js';
import type { Row } from './throughput.js';

export interface Figures {
  readonly machine: {
    readonly cpus: number;
    readonly model: string | undefined;
    readonly memoryGb: number;
    readonly node: string;
    /** Of the last minute, at the end: more than `cpus` means that others were at work. */
    readonly loadAverage: number | undefined;
  };
  readonly throughput?: readonly Row[];
  readonly host?: HostCost;
  readonly latency?: readonly Latency[];
  readonly fanOut?: readonly FanOut[];
  readonly drain?: Drain;
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');
const ms = (value: number): string => `${value.toFixed(1)} ms`;
const share = (value: number): string => `${(value * 100).toFixed(0)} %`;

/** What each is measured against, and what the issue of the bench asks for. */
function ratiosOf(rows: readonly Row[]): string[] {
  const rate = (start: string): number | undefined => rows.find(({ name }) => name.startsWith(start))?.perSecond;
  const pairs: readonly (readonly [string, string])[] = [
    ['setwire, wso2, HMAC, batch 100', 'PostgreSQL'],
    ['setwire, wso2, HMAC, batch 100', 'BullMQ'],
    ['setwire, wso2, HMAC, batch 1', 'BullMQ'],
    ['setwire, wso2, HMAC, batch 1', 'undici alone, HMAC, batch 1'],
    ['setwire, wso2, HMAC, batch 1', 'got alone, HMAC, batch 1'],
    ['setwire, wso2, HMAC, batch 100', 'undici alone, HMAC, batch 100'],
    ['setwire, ssf, ES256, multi-push 100', 'ES256 alone, four threads'],
    ['undici alone, HMAC, batch 1', 'got alone, HMAC, batch 1'],
  ];
  return pairs.flatMap(([one, other]) => {
    const otherRow =
      other === 'PostgreSQL' ? rows.find(({ name }) => /^PostgreSQL.*batch 100$/.test(name))?.perSecond : rate(other);
    const [a, b] = [rate(one), otherRow];
    return a === undefined || b === undefined ? [] : [`| ${one} / ${other} | ${(a / b).toFixed(2)} |`];
  });
}

/** The figures as Markdown. */
export function tableOf({ machine, throughput, host, latency, fanOut, drain }: Figures): string {
  const lines = [
    `${machine.cpus} × ${machine.model}, ${machine.memoryGb} GB, Node ${machine.node}, load average ${machine.loadAverage?.toFixed(1)}`,
    '',
  ];
  if (throughput !== undefined) {
    lines.push('| to the 2xx, medians of 5 rounds in turns | durability | events/s | CPU of the sender, us an event |');
    lines.push('|---|---|---:|---:|');
    for (const { name, durability, perSecond, cpuUs } of throughput)
      lines.push(`| ${name} | ${durability} | ${whole(perSecond)} | ${cpuUs === undefined ? '' : whole(cpuUs)} |`);
    lines.push('', '| ratio | |', '|---|---:|', ...ratiosOf(throughput), '');
  }
  lines.push('| | |', '|---|---:|');
  if (host !== undefined) {
    const { saturated, steady, capture } = host;
    for (const [how, { without, attached, throughputRatio, p50Ratio, p99Ratio }] of [
      ['asked as fast as it answers', saturated],
      ['asked 1,000 times a second', steady],
    ] as const) {
      const answered = ({ perSecond, p50Ms, p99Ms }: typeof without): string =>
        `${whole(perSecond)}/s, p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}`;
      lines.push(`| token endpoint ${how}: without Setwire | ${answered(without)} |`);
      lines.push(`| with it, delivering signed SETs | ${answered(attached)} |`);
      lines.push(
        `| with / without: throughput; p50; p99 | ${share(throughputRatio)}; ${share(p50Ratio)}; ${share(p99Ratio)} |`,
      );
    }
    lines.push(`| capturing an event, at 1,000/s: the call, median | ${capture.callUs.toFixed(1)} us |`);
    lines.push(`| everything on the host's thread, then | ${capture.loopUs.toFixed(1)} us an event |`);
    lines.push(`| the same, with 500 in one turn of its loop | ${capture.inARowUs.toFixed(1)} us an event |`);
  }
  for (const { perSecond, maxWait, p50Ms, p99Ms } of latency ?? [])
    lines.push(`| emit to receipt at ${perSecond}/s, maxWait ${maxWait} | p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)} |`);
  for (const { endpoints, eventsPerSecond, setsPerSecond } of fanOut ?? [])
    lines.push(
      `| ${endpoints} endpoints, batch 100 | ${whole(eventsPerSecond)} events/s, ${whole(setsPerSecond)} SETs/s |`,
    );
  if (drain !== undefined) {
    lines.push(`| ${whole(drain.events)} waiting events, batch 100 | ${whole(drain.perSecond)}/s |`);
    lines.push(`| anonymous memory meanwhile | ${drain.anonymousMbBefore} to ${drain.anonymousMbMost} MB |`);
  }
  return lines.join('\n');
}

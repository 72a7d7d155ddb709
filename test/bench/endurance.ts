// How long an event takes at a low rate, what a backlog costs, and how the cost grows with the number of endpoints.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anonymousMb, percentile, type Receiver, said, start, startContender } from './processes.js';

export interface Latency {
  readonly perSecond: number;
  readonly maxWait: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** From `emit` to the receiver: batches of up to 100, or what 5 ms bring. */
export async function measureLatency(receiver: Receiver, seconds: number): Promise<Latency[]> {
  const rows: Latency[] = [];
  for (const perSecond of [100, 500]) {
    const maxWait = '5ms';
    const contender = await startContender('./setwire.ts', { batch: 100, maxWait, perSecond }, receiver);
    await contender.run(perSecond);
    const { latencies } = await contender.run(perSecond * seconds);
    await contender.end();
    rows.push({ perSecond, maxWait, p50Ms: percentile(latencies, 0.5), p99Ms: percentile(latencies, 0.99) });
  }
  return rows;
}

export interface FanOut {
  readonly endpoints: number;
  readonly eventsPerSecond: number;
  readonly setsPerSecond: number;
}

export async function measureFanOut(receiver: Receiver, scale: number): Promise<FanOut[]> {
  const rows: FanOut[] = [];
  for (const endpoints of [1, 10, 100]) {
    const contender = await startContender('./setwire.ts', { batch: 100, endpoints }, receiver, endpoints);
    const count = Math.max(200, (10_000 / endpoints) * scale);
    await contender.run(count / 2);
    const { perSecond } = await contender.run(count);
    await contender.end();
    rows.push({ endpoints, eventsPerSecond: perSecond, setsPerSecond: perSecond * endpoints });
  }
  return rows;
}

export interface Drain {
  readonly events: number;
  readonly perSecond: number;
  /** The process's own memory, what is mapped from the journal's file not counted: when it begins, and at its most. */
  readonly anonymousMbBefore: number | undefined;
  readonly anonymousMbMost: number | undefined;
}

/** A journal full of events is sent in batches of 100 by a process that has just been started. */
export async function measureDrain(receiver: Receiver, events: number): Promise<Drain> {
  const folder = mkdtempSync(join(tmpdir(), 'setwire-drain-'));
  try {
    const loading = start('drain.ts', 'load', folder, receiver.url, String(events));
    await said(loading);
    const complete = receiver.expect(events);
    const sending = start('drain.ts', 'send', folder, receiver.url, String(events));
    const beganAt = await said<string>(sending);
    const pid = sending.pid ?? 0;
    const before = anonymousMb(pid);
    let most = before ?? 0;
    const looking = setInterval(() => {
      most = Math.max(most, anonymousMb(pid) ?? 0);
    }, 200);
    const { at } = await complete;
    clearInterval(looking);
    sending.send('end');
    await said(sending);
    const seconds = Number(BigInt(at) - BigInt(beganAt)) / 1e9;
    return { events, perSecond: events / seconds, anonymousMbBefore: before, anonymousMbMost: most };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

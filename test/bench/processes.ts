// How the bench speaks to the processes that it runs.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ReceiverNews } from './receiver.js';

const tsx = import.meta.resolve('tsx');
const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export function start(name: string, ...args: readonly string[]): ChildProcess {
  return fork(file(name), args, { execArgv: ['--import', tsx], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

/** The next thing that a process says. */
export async function said<T>(child: ChildProcess): Promise<T> {
  const over = new AbortController();
  const { signal } = over;
  const gone = once(child, 'exit', { signal }).then(() =>
    Promise.reject(new Error('a process of the bench has ended')),
  );
  gone.catch(() => undefined);
  const [news] = (await Promise.race([once(child, 'message', { signal }), gone])) as [T];
  over.abort();
  return news;
}

export interface Receiver {
  readonly url: string;
  /** Resolves when so many events more have come: when the last did, in nanoseconds, and how long each took (milliseconds). */
  expect(count: number): Promise<Extract<ReceiverNews, { kind: 'complete' }>>;
  stop(): void;
}

export async function startReceiver(): Promise<Receiver> {
  const child = start('receiver.ts');
  const { port } = await said<Extract<ReceiverNews, { kind: 'port' }>>(child);
  return {
    url: `http://127.0.0.1:${port}/events`,
    expect(count) {
      child.send(count);
      return said(child);
    },
    stop: () => void child.disconnect(),
  };
}

export interface Running {
  readonly pid: number;
  /** Lets it send so many; resolves with the events per second that came to the receiver, and its CPU time per event in us. */
  run(count: number): Promise<Measured>;
  end(): Promise<void>;
}

export interface Measured {
  readonly perSecond: number;
  /** CPU of the contender's process until the last event came, in us an event. */
  readonly cpuUs: number;
  /** Milliseconds, where events carry the time. */
  readonly latencies: readonly number[];
}

/** @param copies how often each event comes to the receiver */
export async function startContender(
  module: string,
  options: Readonly<Record<string, unknown>>,
  receiver: Receiver,
  copies = 1,
): Promise<Running> {
  const url = new URL(module, import.meta.url).href;
  const child = start('contender.ts', url, JSON.stringify({ ...options, url: receiver.url }));
  await said(child);
  return {
    pid: child.pid ?? 0,
    async run(count) {
      const complete = receiver.expect(count * copies);
      child.send(count);
      const beganAt = await said<string>(child);
      const { at, latencies } = await complete;
      child.send('cpu');
      const cpuMs = await said<number>(child);
      const seconds = Number(BigInt(at) - BigInt(beganAt)) / 1e9;
      return { perSecond: count / seconds, cpuUs: (cpuMs * 1000) / count, latencies };
    },
    async end() {
      const ended = once(child, 'exit');
      child.send('end');
      await ended;
    },
  };
}

/** Memory of a process that is not a file's, in MB. */
export function anonymousMb(pid: number | 'self'): number | undefined {
  const [, kb] = /RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return kb === undefined ? undefined : Math.round(Number(kb) / 1024);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

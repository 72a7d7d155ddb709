import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export type Order =
  /** So many events at once: `<prefix>-0`, `<prefix>-1`, ... */
  | { readonly kind: 'append'; readonly prefix: string; readonly count: number }
  /** Events until it is killed. */
  | { readonly kind: 'flood'; readonly prefix: string }
  /** Answered with the ids of all events. */
  | { readonly kind: 'ids' }
  /** Done once it has the lead. */
  | { readonly kind: 'lead' }
  | { readonly kind: 'close' };

export type Message =
  | { readonly kind: 'begun' }
  | { readonly kind: 'kept'; readonly id: string; readonly offset: number }
  | { readonly kind: 'report'; readonly level: string; readonly message: string; readonly code: string }
  | { readonly kind: 'lost' }
  | { readonly kind: 'done'; readonly number: number; readonly result?: unknown };

type Report = Extract<Message, { kind: 'report' }>;

/** A process that keeps a journal: what becomes of it becomes of no test. */
export interface Keeper {
  readonly pid: number;
  /** Resolves once it could be told something. */
  readonly begun: Promise<void>;
  /** Resolves with the answer; rejects when the process ends before. */
  ask(order: Order): Promise<unknown>;
  /** What it was told is stored. */
  readonly kept: readonly { readonly id: string; readonly offset: number }[];
  readonly reports: readonly Report[];
  /** Whether it has heard that it has lost the lead. */
  readonly hasLost: boolean;
  kill(signal: NodeJS.Signals): void;
  /** How it has ended: `0`, or a signal, or what it said last. */
  readonly ended: Promise<string>;
}

const program = fileURLToPath(new URL('./keeper.ts', import.meta.url));
const tsx = import.meta.resolve('tsx');

/** @param userId whom it runs as; left out: as this process */
export function startKeeper(dataDir: string, userId?: number): Keeper {
  const args = userId === undefined ? [dataDir] : [dataDir, String(userId)];
  const child = fork(program, args, { execArgv: ['--import', tsx], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const kept: { id: string; offset: number }[] = [];
  const reports: Report[] = [];
  const asked = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  let said = '';
  let hasLost = false;
  let number = 0;
  child.stderr?.on('data', (chunk) => {
    said += String(chunk);
  });
  const begun = once(child, 'message').then(() => undefined);
  child.on('message', (message: Message) => {
    if (message.kind === 'kept') kept.push({ id: message.id, offset: message.offset });
    if (message.kind === 'report') reports.push(message);
    if (message.kind === 'lost') hasLost = true;
    if (message.kind !== 'done') return;
    asked.get(message.number)?.resolve(message.result);
    asked.delete(message.number);
  });
  const ended = once(child, 'close').then(([code, signal]) => {
    for (const { reject } of asked.values()) reject(new Error(`the process has ended: ${signal ?? code} ${said}`));
    return signal !== null ? String(signal) : code === 0 ? '0' : `${code}: ${said}`;
  });
  return {
    pid: child.pid ?? 0,
    begun,
    async ask(order) {
      await begun;
      number += 1;
      const own = number;
      const answer = new Promise((resolve, reject) => asked.set(own, { resolve, reject }));
      child.send({ number: own, order });
      return await answer;
    },
    kept,
    reports,
    get hasLost() {
      return hasLost;
    },
    kill: (signal) => void child.kill(signal),
    ended,
  };
}

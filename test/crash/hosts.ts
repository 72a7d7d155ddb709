import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AdapterStatus } from '../../src/adapter.js';

export type HostMessage =
  | { readonly kind: 'begun' }
  | { readonly kind: 'report'; readonly message: string; readonly code: string; readonly fields: string }
  /** The n-th event is in the journal. */
  | { readonly kind: 'kept'; readonly number: number }
  | { readonly kind: 'status'; readonly status: AdapterStatus };

/** A host with Setwire in it, in a process of its own. */
export interface Host {
  readonly pid: number;
  readonly begun: Promise<void>;
  readonly codes: readonly string[];
  readonly reports: readonly { readonly message: string; readonly fields: string }[];
  readonly kept: ReadonlySet<number>;
  emit(count: number): void;
  status(): Promise<AdapterStatus>;
  /** Detaches; resolves with the last status, and how the process has ended: `0`, a signal, or what it said last. */
  detach(): Promise<{ readonly status: AdapterStatus; readonly end: string }>;
  /** By SIGTERM, upon which it detaches; resolves with how it has ended. */
  terminate(): Promise<string>;
  /** Emits so many and ends itself in the same turn, without `detach`; resolves with how it has ended. */
  leave(count: number): Promise<string>;
  kill(): void;
}

const program = fileURLToPath(new URL('./host.ts', import.meta.url));
const tsx = import.meta.resolve('tsx');

/** @param first what is loaded before it, in every thread */
export function startHost(config: string, env: Readonly<Record<string, string>> = {}, ...first: string[]): Host {
  const child = fork(program, [config], {
    execArgv: ['--max-old-space-size=256', '--import', tsx, ...first.flatMap((module) => ['--import', module])],
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const codes: string[] = [];
  const reports: Host['reports'][number][] = [];
  const kept = new Set<number>();
  let said = '';
  let answered = (_: AdapterStatus): void => undefined;
  const begun = once(child, 'message').then(() => undefined);
  child.stderr?.on('data', (chunk) => {
    said += String(chunk);
  });
  child.on('message', (message: HostMessage) => {
    if (message.kind === 'report' && message.code !== '') codes.push(message.code);
    if (message.kind === 'report') reports.push(message);
    if (message.kind === 'kept') kept.add(message.number);
    if (message.kind === 'status') answered(message.status);
  });
  const ended = once(child, 'close').then(
    ([code, signal]) => (signal ?? (code === 0 ? '0' : `${code}: ${said}`)) as string,
  );

  async function ask(order: 'status' | 'detach'): Promise<AdapterStatus> {
    const answer = new Promise<AdapterStatus>((resolve) => {
      answered = resolve;
    });
    child.send(order);
    const gone = ended.then((end) => Promise.reject(new Error(`the host has ended: ${end}`)));
    // Looked at while the answer is waited for only.
    gone.catch(() => undefined);
    return await Promise.race([answer, gone]);
  }

  return {
    pid: child.pid ?? 0,
    begun,
    codes,
    reports,
    kept,
    emit: (count) => void child.send(count),
    status: () => ask('status'),
    async detach() {
      const status = await ask('detach');
      return { status, end: await ended };
    },
    async terminate() {
      child.kill('SIGTERM');
      return await ended;
    },
    async leave(count) {
      child.send({ leaving: count });
      return await ended;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

import { AsyncLocalStorage } from 'node:async_hooks';

const owner = new AsyncLocalStorage<(reason: unknown) => void>();

function onUnhandledRejection(reason: unknown): void {
  const report = owner.getStore();
  if (report !== undefined) report(reason);
  // Not an extension's. A lone listener would hide it, where Node.js by default ends the process: let it.
  else if (process.listenerCount('unhandledRejection') === 1) throw reason;
}

let watching = 0;

/**
 * Runs `work`; a promise that it leaves rejected and unhandled meanwhile goes to `report`, where it would end the process.
 * Exceptions thrown in timers and callbacks cannot be caught like this.
 */
export async function withRejectionsReported<T>(report: (reason: unknown) => void, work: () => Promise<T>): Promise<T> {
  if (watching++ === 0) process.on('unhandledRejection', onUnhandledRejection);
  try {
    return await owner.run(report, work);
  } finally {
    // Node.js looks for unhandled rejections after the microtasks of a turn: the last ones are still to come.
    await new Promise((resolve) => setImmediate(resolve));
    if (--watching === 0) process.off('unhandledRejection', onUnhandledRejection);
  }
}

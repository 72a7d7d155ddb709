import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';

const askAgainMs = 5;
/** Less than the time limit of a test, so that what failed to come true is named. */
const patienceMs = 7500;

/** Resolves as soon as something is so; for what no event tells. */
export async function until(isSo: () => boolean | Promise<boolean>, limitMs = patienceMs): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`it never came true: ${isSo}`);
    await pause(askAgainMs);
  }
}

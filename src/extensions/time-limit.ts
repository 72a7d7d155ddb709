import { SetwireError } from '../errors.js';
import { within } from '../within.js';

const stillGoing = Symbol('still going');

/**
 * Waits for `work`, but no longer than `ms`.
 *
 * @param overdue the error's message
 * @param late what to do with its result if it comes after all
 * @throws SetwireError `SETWIRE_TIMEOUT`
 */
export async function withinTime<T>(
  work: Promise<T>,
  ms: number,
  overdue: string,
  late: (result: PromiseSettledResult<T>) => void = () => undefined,
): Promise<T> {
  const result = await within<T | typeof stillGoing>(ms, work, stillGoing);
  if (result !== stillGoing) return result;
  void Promise.allSettled([work]).then(([settled]) => late(settled));
  throw new SetwireError('SETWIRE_TIMEOUT', overdue);
}

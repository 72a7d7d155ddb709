import { SetwireError } from '../errors.js';

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
  let over = false;
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      over = true;
      reject(new SetwireError('SETWIRE_TIMEOUT', overdue));
    }, ms);
  });
  work.then(
    (value) => over && late({ status: 'fulfilled', value }),
    (reason) => over && late({ status: 'rejected', reason }),
  );
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

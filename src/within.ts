/**
 * What the work comes to, or `late` when it takes longer than so many milliseconds; it goes on all the same. Rejects where
 * the work does so in time. Keeps the process alive until then.
 */
export function within<T>(ms: number, work: Promise<T>, late: T): Promise<T>;
export function within<T>(ms: number, work: Promise<T>): Promise<T | undefined>;
export async function within<T>(ms: number, work: Promise<T>, late?: T): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<T | undefined>((resolve) => {
    timer = setTimeout(resolve, ms, late);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

import { mergeMap, type OperatorFunction } from 'rxjs';

/**
 * The isolating operator: an event for which `project` throws goes to `onFailure`, and the next one passes.
 * What comes of an event comes out before `next` returns.
 *
 * @param project what becomes of one event: none, one or several
 * @param onFailure must not throw
 */
export function eachEvent<A, B>(
  project: (event: A) => readonly B[],
  onFailure: (error: unknown, event: A) => void,
): OperatorFunction<A, B> {
  return mergeMap((event) => {
    try {
      return project(event);
    } catch (error) {
      onFailure(error, event);
      return [];
    }
  });
}

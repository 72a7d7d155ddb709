import { randomUUID } from 'node:crypto';
import type { Progress, Request } from './request.js';
import type { Store } from './store.js';

export type { Progress, Request, Wish } from './request.js';

/** What operators have asked for, in the order of asking. */
export interface Requests {
  ask(request: Request): Promise<void>;
  all(): readonly Request[];
  get(id: string): Request | undefined;
  /** Only while the request is still there: an operator may have taken it back. */
  report(id: string, progress: Progress): Promise<void>;
  remove(id: string): Promise<void>;
}

/** A new id for something that an operator asks for: in the order of asking. `at`: milliseconds. */
export const newRequestId = (at: number): string => `${at.toString(36).padStart(9, '0')}-${randomUUID().slice(0, 8)}`;

export function requestsIn(store: Store): Requests {
  return {
    ask: (request) => store.write(({ requests }) => requests.put(request.id, request)),
    all: () => [...(store.tables()?.requests.range({}) ?? [])].map(({ value }) => value),
    get: (id) => store.tables()?.requests.get(id),
    report: (id, progress) =>
      store.write(({ requests }) => {
        const request = requests.get(id);
        if (request !== undefined) requests.put(id, { ...request, progress });
      }),
    remove: (id) => store.write(({ requests }) => requests.remove(id)),
  };
}

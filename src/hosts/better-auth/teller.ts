import type { ReportedEvent } from '../../events/identity-event.js';
import { within } from '../../within.js';
import { draftsOf, eventOf } from './events.js';
import { areKnown, lookUp, type People, peopleOf } from './people.js';
import type { Draft, Trail } from './trail.js';

/** So long a look-up may take; then what is known has to do. */
const lookUpLimitMs = 2000;

/** What was found; something else in its place where the search takes too long or fails. */
export const foundWithin = <T>(limitMs: number, search: Promise<T>, otherwise: T): Promise<T> =>
  within(
    limitMs,
    search.catch(() => otherwise),
    otherwise,
  );

export interface Teller {
  /**
   * Tells what a request came to, after everything that was to be told before it. Never rejects.
   */
  tell(trail: Trail): Promise<void>;
  /** Resolves when all has been told. */
  settled(): Promise<void>;
}

/**
 * Tells requests in the order in which they were answered. Where nothing has to be looked up, that is at once.
 *
 * @param emit takes an event; what it returns is waited for only by whoever waits for `tell`
 * @param failed is called for what could not be told
 */
export function tellerWith(
  emit: (event: ReportedEvent) => Promise<void> | void,
  failed: (kind: string, why: string) => void,
): Teller {
  /** Told when this resolves; undefined: all has been. */
  let last: Promise<unknown> | undefined;

  function emitAll(drafts: readonly Draft[], trail: Trail, people: People, time: number): unknown[] {
    return drafts.map((draft) => {
      if (draft.userId === undefined && draft.typed === undefined && draft.event.type === 'credential.updated') {
        failed('credential.updated', 'whose credential it is could not be found out');
        return undefined;
      }
      return emit(eventOf(draft, trail, people, time));
    });
  }

  /** Everything that is looked up begins at once; only the telling is in order. */
  async function tellInTurn(trail: Trail, time: number, before: Promise<unknown> | undefined): Promise<unknown[]> {
    await foundWithin(lookUpLimitMs, Promise.all(trail.seeking), []);
    const known = peopleOf(trail.people);
    const drafts = draftsOf(trail, time);
    const people = async (about: readonly Draft[]): Promise<People> => {
      const { context } = trail;
      if (context === undefined || areKnown(about, trail.people)) return known;
      return foundWithin(lookUpLimitMs, lookUp(about, trail.people, context), known);
    };
    const [found, ...later] = await Promise.all([
      people(drafts),
      ...trail.later.map((part) => foundWithin<readonly Draft[]>(lookUpLimitMs, part, [])),
    ]);
    const more = later.flat();
    const others = await people(more);
    await before;
    return [...emitAll(drafts, trail, found, time), ...emitAll(more, trail, others, time)];
  }

  function tell(trail: Trail): unknown[] | Promise<unknown[]> {
    const time = Date.now();
    if (last === undefined && trail.seeking.length === 0 && trail.later.length === 0) {
      const drafts = draftsOf(trail, time);
      if (areKnown(drafts, trail.people)) return emitAll(drafts, trail, peopleOf(trail.people), time);
    }
    const turn = tellInTurn(trail, time, last).catch(() => {
      failed('request', 'what it came to could not be told');
      return [];
    });
    last = turn;
    void turn.then(() => {
      if (last === turn) last = undefined;
    });
    return turn;
  }

  return {
    async tell(trail) {
      try {
        await Promise.allSettled(await tell(trail));
      } catch {
        failed('request', 'what it came to could not be told');
      }
    },
    async settled() {
      await last;
    },
  };
}

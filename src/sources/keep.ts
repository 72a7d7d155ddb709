import { messageOf, SetwireError } from '../errors.js';
import type { ReportedEvent } from '../events/identity-event.js';
import { EventRefused } from '../events/intake.js';
import type { Fault, Reading } from './source.js';

/** What takes events into the journal: an adapter. */
export interface Keeper {
  emit(event: ReportedEvent): Promise<void>;
  readonly isBehind: boolean;
  /** Throws EventRefused for what would not be taken. */
  check(event: ReportedEvent): void;
}

export type Kept =
  | { readonly kind: 'kept' }
  | { readonly kind: 'wrong'; readonly faults: readonly Fault[] }
  /** Not now: to be tried again. */
  | { readonly kind: 'later'; readonly why: string };

const passing: ReadonlySet<string> = new Set([
  'SETWIRE_OVERLOADED',
  'SETWIRE_JOURNAL_UNWRITABLE',
  'SETWIRE_NOT_RUNNING',
]);

/** Why an event cannot be taken; undefined: it can. */
export function faultIn(event: ReportedEvent, { check }: Keeper): string | undefined {
  try {
    check(event);
    return undefined;
  } catch (error) {
    if (error instanceof EventRefused) return error.message;
    throw error;
  }
}

/**
 * Resolves when all events are in the journal; takes none of them where one is wrong. What could not be kept may be in the
 * journal later all the same: whoever tries again has to give the same ids.
 */
export async function keep(
  { events, lines, faults: unread = [] }: Extract<Reading, { kind: 'events' }>,
  keeper: Keeper,
): Promise<Kept> {
  const refused = events.flatMap((event, index) => {
    const detail = faultIn(event, keeper);
    const line = lines?.[index];
    return detail === undefined ? [] : [{ detail, ...(line !== undefined && { line }) }];
  });
  const faults = [...unread, ...refused].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  if (faults.length > 0) return { kind: 'wrong', faults };
  const behind = { kind: 'later', why: 'the journal is behind' } as const;
  let emitted: Promise<void>[] = [];
  try {
    for (const event of events) {
      if (keeper.isBehind) {
        // There may be room again when those of this request are written.
        await Promise.all(emitted);
        emitted = [];
        if (keeper.isBehind) return behind;
      }
      emitted.push(keeper.emit(event));
    }
    await Promise.all(emitted);
    return { kind: 'kept' };
  } catch (error) {
    if (error instanceof SetwireError && passing.has(error.code)) return { kind: 'later', why: messageOf(error) };
    throw error;
  }
}

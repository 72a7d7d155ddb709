import { firstValueFrom, fromEvent, takeUntil, timer } from 'rxjs';
import { matchesPattern } from '../events/type-pattern.js';
import type { Journal, JournalEntry, Offset } from '../journal/journal.js';
import type { Progress, Request, Wish } from '../journal/requests.js';
import type { EntryAgain } from './parcel.js';
import type { Resending, Transmission } from './pipeline.js';

/** Entries that are looked at together. */
const maxRead = 500;
/** How often a second entries are handed over. */
const handOvers = 10;

/** Whether an event of the journal is one that an operator wants to be sent again. */
export function isMeant({ event }: JournalEntry, wish: Extract<Wish, { kind: 'replay' }>): boolean {
  const { events, subject, since, until } = wish;
  if (events !== undefined && !events.some((pattern) => matchesPattern(pattern, event.type))) return false;
  if (subject !== undefined && event.user?.id !== subject && event.user?.username !== subject) return false;
  return event.acceptedAt >= (since ?? event.acceptedAt) && event.acceptedAt < (until ?? Number.POSITIVE_INFINITY);
}

/** What an operator has asked for, as entries to be sent again, and how far it is. */
export function resendOf(
  { endpoint, wish, rate, askedAt, progress }: Request,
  journal: Journal,
  { isDone }: Pick<Transmission, 'isDone'>,
): Resending & { readonly progress: Progress } {
  const counts = { delivered: progress.delivered, dead: progress.dead, skipped: progress.skipped };
  const underWay = new Set<Offset>();
  let cursor = progress.cursor;

  async function* replayed(range: Extract<Wish, { kind: 'replay' }>): AsyncGenerator<readonly JournalEntry[]> {
    cursor = Math.max(cursor, range.from);
    while (cursor < range.to) {
      const read = await journal.read(cursor, Math.min(maxRead, range.to - cursor));
      const last = read.at(-1);
      if (last === undefined) return;
      const meant = read.filter((entry) => entry.offset < range.to && isMeant(entry, range));
      // What is still to be delivered for the first time is on its way.
      const again = meant.filter(({ offset }) => isDone(offset));
      counts.skipped += meant.length - again.length;
      yield* inPieces(again);
      cursor = last.offset + 1;
      // Reading is quick and does not wait: whoever shares the thread has a turn between.
      await firstValueFrom(timer(0));
    }
  }

  async function* retried(ids: readonly string[]): AsyncGenerator<readonly EntryAgain[]> {
    for (let start = 0; start < ids.length; start += maxRead) {
      const letters = ids.slice(start, start + maxRead).map((id) => journal.deadLetters.get(id));
      // Who has died again since has had its retry.
      const left = letters.filter(
        (letter) => letter?.endpoint === endpoint && Date.parse(letter.diedAt) <= askedAt,
      ) as NonNullable<(typeof letters)[number]>[];
      counts.skipped += letters.length - left.length;
      yield* inPieces(
        // A letter of an event of which no SET could be made bears the event's id, and is about all of them.
        left.map(({ offset, event, jti }) => ({ offset, event, ...(jti !== event.id && { only: [jti] }) })),
      );
    }
    cursor = ids.length;
  }

  function* inPieces<E>(entries: readonly E[]): Generator<readonly E[]> {
    const size = Math.max(1, Math.round(rate / handOvers));
    for (let start = 0; start < entries.length; start += size) yield entries.slice(start, start + size);
  }

  return {
    async *entries(signal) {
      for await (const entries of wish.kind === 'replay' ? replayed(wish) : retried(wish.ids)) {
        if (signal.aborted) return;
        for (const { offset } of entries) underWay.add(offset);
        yield entries;
        const pace = timer((entries.length / rate) * 1000).pipe(takeUntil(fromEvent(signal, 'abort')));
        if (!signal.aborted) await firstValueFrom(pace, { defaultValue: undefined });
      }
    },
    settle(entries, fate) {
      for (const { offset } of entries) underWay.delete(offset);
      counts[fate === 'unwanted' ? 'skipped' : fate] += entries.length;
    },
    get progress(): Progress {
      // A process that takes over begins again with the first that is not settled.
      const from = wish.kind === 'replay' ? Math.min(cursor, ...underWay) : cursor;
      return { state: 'running', cursor: from, ...counts };
    },
  };
}

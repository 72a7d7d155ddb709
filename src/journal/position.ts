import type { Offset } from './journal.js';

/** What a reader may call finished when its entries are settled out of order: everything before the first that is not. */
export interface Watermark {
  /** First offset that is not settled. */
  readonly position: Offset;
  /** Settles an offset, and says the position that follows. Settling twice does nothing. */
  settle(offset: Offset): Offset;
  /** Entries before `offset` are no more: what of them was not settled counts as settled. */
  skipTo(offset: Offset): void;
}

/** Holds at most as many offsets as are settled ahead of the first unsettled one. */
export function watermarkFrom(start: Offset): Watermark {
  let position = start;
  const ahead = new Set<Offset>();
  const advance = (): void => {
    while (ahead.delete(position)) position += 1;
  };
  return {
    get position() {
      return position;
    },
    settle(offset) {
      if (offset >= position) ahead.add(offset);
      advance();
      return position;
    },
    skipTo(offset) {
      for (; position < offset; position += 1) ahead.delete(position);
      advance();
    },
  };
}

import { once } from 'node:events';

/** Writing to a pipe or a terminal whose other end may be slow or gone. */
export interface Output {
  /** Waits while the other end is slow; does nothing once it is gone. */
  write(text: string): Promise<void>;
  /** Aborted by the given signal, and when the other end is gone (`| head`). */
  readonly signal: AbortSignal;
  /** Why nothing can be written any more; `EPIPE`: nobody reads on, which is no failure. */
  readonly error: NodeJS.ErrnoException | undefined;
}

export function outputTo(stream: NodeJS.WritableStream, signal: AbortSignal): Output {
  const gone = new AbortController();
  const either = AbortSignal.any([signal, gone.signal]);
  let failure: NodeJS.ErrnoException | undefined;
  // Stays: the news of a closed pipe may come after the last write, and an error without a listener ends the process.
  stream.on('error', (error) => {
    failure ??= error;
    gone.abort();
  });
  return {
    async write(text) {
      if (gone.signal.aborted || stream.write(text)) return;
      await once(stream, 'drain', { signal: either }).catch((error: unknown) => {
        if (!either.aborted) throw error;
      });
    },
    signal: either,
    get error() {
      return failure;
    },
  };
}

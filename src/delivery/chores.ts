/** What is done every now and then; one that is still at it is not begun again. */
export interface Chores {
  /** Begins at once, and does it again every so many milliseconds. What it rejects with is reported as a fault. */
  every(ms: number, what: string, act: () => void | Promise<void>): void;
  /** Begins none of them again. */
  stop(): void;
}

export function choresWith(fault: (what: string, error: unknown) => void): Chores {
  let timers: NodeJS.Timeout[] = [];
  return {
    every(ms, what, act) {
      let busy = false;
      const run = async (): Promise<void> => {
        if (busy) return;
        busy = true;
        try {
          await act();
        } catch (error) {
          fault(what, error);
        } finally {
          busy = false;
        }
      };
      const begin = (): void => void run();
      timers.push(setInterval(begin, ms).unref());
      begin();
    },
    stop() {
      for (const timer of timers) clearInterval(timer);
      timers = [];
    },
  };
}

import { type Stats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { ConfigError, type ErrorCode, messageOf, SetwireError } from '../errors.js';
import type { Report } from '../report.js';
import type { Settings } from './settings.js';

/** How often is looked: whether a file was written, replaced by another of its name, or is behind another link. */
const lookEveryMs = 1000;

export interface WatchDeps {
  /** Reads the config anew. */
  readonly load: () => Settings;
  readonly apply: (settings: Settings) => void;
  readonly report: Report;
  readonly intervalMs?: number;
}

/**
 * Takes over a config whenever one of the files changes that it is made of: the file itself, and those that it names for
 * secrets. A config that cannot be used is refused with everything that is wrong in it, and the running one stays.
 *
 * It asks the file system rather than being told: that works with editors that replace a file, with links that are
 * turned round (Kubernetes), and on network file systems.
 *
 * @returns what ends it
 */
export function watchConfig(
  settings: Settings,
  { load, apply, report, intervalMs = lookEveryMs }: WatchDeps,
): () => void {
  let running = settings.sources;
  let marks = new Map(running.map((file) => [file, markNow(file)]));
  let refused = '';
  let isLooking = false;
  let isEnded = false;

  function changed(): void {
    try {
      const next = load();
      running = next.sources;
      follow(running);
      apply(next);
      refused = '';
      report('info', 'the changed config is in use', { file: settings.file });
    } catch (error) {
      // It can become usable by a file that only the refused one names.
      follow([...running, ...(error instanceof ConfigError ? error.sources : [])]);
      const why = messageOf(error);
      // Several looks at the same mistake.
      if (why === refused) return;
      refused = why;
      const code: ErrorCode = error instanceof SetwireError ? error.code : 'SETWIRE_CONFIG_INVALID';
      report('error', 'the changed config is refused, the running one stays', { code, why });
    }
  }

  function follow(files: readonly string[]): void {
    marks = new Map(files.map((file) => [file, marks.get(file) ?? markNow(file)]));
  }

  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    const seen = new Map(
      await Promise.all(Array.from(marks.keys(), async (file) => [file, await markOf(file)] as const)),
    );
    isLooking = false;
    if (isEnded || [...seen].every(([file, mark]) => mark === marks.get(file))) return;
    marks = seen;
    changed();
  }

  const timer = setInterval(() => void look(), intervalMs).unref();
  return () => {
    isEnded = true;
    clearInterval(timer);
  };
}

/** Differs when a file was written, or is another one; the same for all that cannot be looked at. Reading changes nothing. */
const markBy = ({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string => [dev, ino, size, mtimeMs, ctimeMs].join(' ');

const markOf = (file: string): Promise<string> => stat(file).then(markBy, () => '');

/** At once: what is written in the next moment is a change. */
function markNow(file: string): string {
  try {
    return markBy(statSync(file));
  } catch {
    return '';
  }
}

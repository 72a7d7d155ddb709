import { type StatsListener, unwatchFile, watchFile } from 'node:fs';
import { type ErrorCode, messageOf, SetwireError } from '../errors.js';
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
  let watched: readonly string[] = [];
  let refused = '';

  function changed(): void {
    try {
      const next = load();
      watch(next.sources);
      apply(next);
      refused = '';
      report('info', 'the changed config is in use', { file: settings.file });
    } catch (error) {
      const why = messageOf(error);
      // Several looks at the same mistake.
      if (why === refused) return;
      refused = why;
      const code: ErrorCode = error instanceof SetwireError ? error.code : 'SETWIRE_CONFIG_INVALID';
      report('error', 'the changed config is refused, the running one stays', { code, why });
    }
  }

  const listener: StatsListener = (now, before) => {
    // Opening it to read changes nothing.
    const isSame = now.ino === before.ino && now.mtimeMs === before.mtimeMs && now.size === before.size;
    if (!isSame || now.ctimeMs !== before.ctimeMs) changed();
  };

  function watch(files: readonly string[]): void {
    for (const file of watched) if (!files.includes(file)) unwatchFile(file, listener);
    for (const file of files) {
      if (!watched.includes(file)) watchFile(file, { persistent: false, interval: intervalMs }, listener);
    }
    watched = files;
  }

  watch(settings.sources);
  return () => watch([]);
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.js';
import type { Settings } from '../../src/config/settings.js';

/** A folder for one test: a config file in it, the delivery log beside it. */
export interface Workplace {
  readonly folder: string;
  /** Writes the config and loads it as an operator's would be; delivery runs inline, unless the config says otherwise. */
  settings(config: Record<string, unknown>): Settings;
  /** Path of a file in the folder. */
  path(name: string): string;
  remove(): void;
}

export function workplace(): Workplace {
  const folder = mkdtempSync(join(tmpdir(), 'setwire-test-'));
  return {
    folder,
    path: (name) => join(folder, name),
    settings(config) {
      const file = join(folder, 'setwire.json');
      writeFileSync(file, JSON.stringify({ log: { level: 'silent' }, transmitter: 'inline', ...config }));
      return loadConfig(file, { env: {} });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

import { msOf } from '../config/units.js';
import { visible } from '../log/visible.js';

/** What a command has to do with the world. */
export interface Io {
  readonly stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  readonly stderr: NodeJS.WritableStream;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Whether to colour: on a terminal, unless NO_COLOR is set (https://no-color.org). */
export function coloured({ stdout, env }: Io): boolean {
  return stdout.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}

/** A command line that cannot be understood: exit code 2. */
export class UsageError extends Error {}

/**
 * The config file that a command line names.
 *
 * @throws UsageError for more than one
 */
export function onlyFile(positionals: readonly string[]): string {
  const [file = 'setwire.yaml', ...more] = positionals;
  if (more.length > 0) throw new UsageError(`one file at most: what is ${JSON.stringify(more[0])}?`);
  return file;
}

/**
 * A time on the command line: so long ago, or a date and time (local, unless it says otherwise).
 *
 * @returns milliseconds
 * @throws UsageError
 */
export function timeOf(option: string, text: string, now: number): number {
  if (/^\d{1,9}(ms|s|m|h|d)$/.test(text)) return now - msOf(text);
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw new UsageError(`${option} ${visible(text)}: a time such as 10m, 2h, 3d or 2026-11-23T14:00:00Z is wanted`);
  return time;
}

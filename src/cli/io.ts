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

/** Every code that an error of Setwire can carry; each is explained in the README. */
export type ErrorCode =
  | 'SETWIRE_CONFIG_INVALID'
  | 'SETWIRE_CONFIG_UNREADABLE'
  | 'SETWIRE_EVENT_INVALID'
  | 'SETWIRE_EXTENSION_INVALID'
  | 'SETWIRE_HOST_UNSUPPORTED'
  | 'SETWIRE_JOURNAL_CORRUPT'
  | 'SETWIRE_JOURNAL_UNWRITABLE'
  | 'SETWIRE_KEY_UNUSABLE'
  | 'SETWIRE_LOG_UNWRITABLE'
  | 'SETWIRE_NOT_RUNNING'
  | 'SETWIRE_OVERLOADED'
  | 'SETWIRE_SECRET_MISSING'
  | 'SETWIRE_TIMEOUT';

/** Any error that Setwire throws or rejects with: a stable `code`, and a message that says what was found, what is allowed and what to do. */
export class SetwireError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SetwireError';
    this.code = code;
  }
}

/** One thing that is wrong in a config file. `found` never holds a secret. */
export interface ConfigProblem {
  readonly file: string;
  /** Counted from 1; absent where the file could not be read at all. */
  readonly line?: number;
  /** Counted from 1. */
  readonly column?: number;
  /** Dotted, as in `endpoints.crm.url`; empty for the whole file. */
  readonly path: string;
  readonly found: string;
  readonly allowed: string;
}

/** A config that cannot be used, with everything that is wrong in it. */
export class ConfigError extends SetwireError {
  readonly problems: readonly ConfigProblem[];
  /** Absolute paths of the files that it was made of, as far as they are known; some may not be there. */
  readonly sources: readonly string[];

  constructor(
    code: 'SETWIRE_CONFIG_INVALID' | 'SETWIRE_CONFIG_UNREADABLE' | 'SETWIRE_SECRET_MISSING',
    message: string,
    problems: readonly ConfigProblem[],
    { sources = [], ...options }: ErrorOptions & { readonly sources?: readonly string[] } = {},
  ) {
    super(code, message, options);
    this.name = 'ConfigError';
    this.problems = problems;
    this.sources = sources;
  }
}

/** An error's own words without its stack, for a log; never throws, whatever was thrown. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'an error that cannot be printed';
  }
}

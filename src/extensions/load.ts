import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SetwireError } from '../errors.js';
import type { Report } from '../report.js';
import type { ExtensionAttachment } from './attachment.js';
import { checkExtension } from './check.js';
import { discover, find } from './discover.js';
import type { Finding } from './manifest.js';
import { reasonOf, startExtension, tooSlow } from './start.js';
import { withinTime } from './time-limit.js';

export interface LoadOptions {
  /**
   * The extensions to load, by id, and the options of each: `true` for none. What is not named here, or is `false`, is
   * never run, whether it lies in the directory or not.
   */
  readonly enabled: Readonly<Record<string, unknown>>;
  /** true: reject if any extension cannot be loaded. Default false: report it and go on without it. */
  readonly mustLoad?: boolean;
  /** How long each extension may take to start, in milliseconds. Default 10,000. */
  readonly startTimeoutMs?: number;
  /** How long each extension may take to stop, in milliseconds. Default 15,000. */
  readonly stopTimeoutMs?: number;
  /** Where failures are told, besides `failed`. Default: a line each on standard error. */
  readonly report?: Report;
}

export interface LoadedExtension {
  readonly id: string;
  readonly version: string;
  readonly attachment: ExtensionAttachment;
}

export interface FailedExtension {
  readonly id: string;
  /** `SETWIRE_EXTENSION_INVALID`, `SETWIRE_TIMEOUT`, or the code of the extension's own error. */
  readonly code: string;
  /** What was found, what is allowed, what to do. */
  readonly reason: string;
}

export interface Extensions {
  /** In the order in which they were started. */
  readonly loaded: readonly LoadedExtension[];
  readonly failed: readonly FailedExtension[];
  /** The attachment of a loaded extension. */
  get(id: string): ExtensionAttachment | undefined;
  /** Detaches all, the last one first, each within `stopTimeoutMs`. Never rejects; a second call waits for the first. */
  stop(): Promise<void>;
}

const toStandardError: Report = (level, message) => {
  process.stderr.write(`[extensions] ${level}: ${message}\n`);
};

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'SETWIRE_EXTENSION_INVALID';

/** An extension's options as `attach` gets them; undefined: it is not enabled. */
function optionsOf(value: unknown): object | undefined {
  if (value === undefined || value === false) return undefined;
  if (value === true) return {};
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  const found = value === null ? 'nothing' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
  throw new SetwireError(
    'SETWIRE_EXTENSION_INVALID',
    `it is enabled with ${found}; allowed are true (no options), false (not loaded) and an object (its options)`,
  );
}

/**
 * Loads the extensions of a directory into an identity server that has no loader of its own.
 *
 * An extension is a sub-folder whose package.json has an `identityServer` manifest
 * (`schemas/extension-manifest.schema.json`); it runs only if `enabled` names its id. They are started one after the
 * other, in the order of their folders' names. One that is missing, broken, wrong, or too slow is reported by name and
 * reason, and the others are loaded.
 *
 * @param directory relative to the working directory
 * @param host handed to each extension's `attach`
 * @throws SetwireError `SETWIRE_EXTENSION_INVALID` with every reason, only with `mustLoad`; what had started is stopped
 */
export async function loadExtensions(directory: string, host: unknown, options: LoadOptions): Promise<Extensions> {
  const {
    enabled,
    mustLoad = false,
    startTimeoutMs = 10_000,
    stopTimeoutMs = 15_000,
    report = toStandardError,
  } = options;
  const loaded: LoadedExtension[] = [];
  const failed: FailedExtension[] = [];

  const fail = (id: string, error: unknown): void => {
    const failure = { id, code: codeOf(error), reason: reasonOf(error) };
    failed.push(failure);
    report('error', `extension ${id} is not loaded: ${failure.reason}`, { id, code: failure.code });
  };

  let stopping: Promise<void> | undefined;
  const stopAll = async (): Promise<void> => {
    for (const { id, attachment } of loaded.toReversed()) {
      try {
        await withinTime(Promise.resolve(attachment.detach()), stopTimeoutMs, tooSlow('stop', stopTimeoutMs));
      } catch (error) {
        report('error', `extension ${id} did not stop cleanly: ${reasonOf(error)}`, { id, code: codeOf(error) });
      }
    }
  };
  const stop = (): Promise<void> => (stopping ??= stopAll());

  for (const { id, finding, given } of found(resolve(directory), enabled, fail)) {
    try {
      const entry = checkExtension(id, finding.extension, given, { nodeVersion: process.versions.node, report });
      const importModule = (): Promise<unknown> => import(pathToFileURL(entry).href);
      const attachment = await startExtension(id, {
        importModule,
        host,
        options: given,
        timeoutMs: startTimeoutMs,
        report,
      });
      const { version } = finding.extension;
      loaded.push({ id, version, attachment });
      report('info', `extension ${id} ${version} is loaded`, { id, version, folder: finding.folder });
    } catch (error) {
      fail(id, error);
    }
  }

  if (mustLoad && failed.length > 0) {
    await stop();
    const reasons = failed.map(({ id, reason }) => `${id}: ${reason}`).join('\n');
    throw new SetwireError('SETWIRE_EXTENSION_INVALID', `extensions that must be loaded are not:\n${reasons}`);
  }
  return { loaded, failed, get: (id) => loaded.find((one) => one.id === id)?.attachment, stop };
}

interface Found {
  readonly id: string;
  readonly finding: Extract<Finding, { kind: 'extension' }>;
  readonly given: object;
}

/** The enabled extensions that are there, in the order of their folders. */
function found(
  directory: string,
  enabled: LoadOptions['enabled'],
  fail: (id: string, error: unknown) => void,
): Found[] {
  const wanted: { id: string; given: object }[] = [];
  for (const [id, value] of Object.entries(enabled)) {
    try {
      const given = optionsOf(value);
      if (given !== undefined) wanted.push({ id, given });
    } catch (error) {
      fail(id, error);
    }
  }
  if (wanted.length === 0) return [];
  let findings: Finding[];
  try {
    findings = discover(directory);
  } catch (error) {
    for (const { id } of wanted) fail(id, error);
    return [];
  }
  const all: Found[] = [];
  for (const { id, given } of wanted) {
    try {
      all.push({ id, given, finding: find(id, findings) });
    } catch (error) {
      fail(id, error);
    }
  }
  return all.sort((a, b) => (a.finding.folder < b.finding.folder ? -1 : 1));
}

import { readFileSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { messageOf, SetwireError } from '../errors.js';
import type { Report } from '../report.js';
import { type Validator, validatorFor } from '../schemas.js';
import { nodeSatisfies } from './engines.js';
import type { Extension } from './manifest.js';

const invalid = (reason: string, cause?: unknown): SetwireError =>
  new SetwireError('SETWIRE_EXTENSION_INVALID', reason, { cause });

/** The real path of a file that an extension names; it must lie in the extension's own folder, links followed. */
function ownFile(extension: Extension, what: string, path: string): string {
  const folder = realpathSync(extension.path);
  const escapes = (to: string): boolean => {
    const way = relative(folder, to);
    return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
  };
  const refusal = invalid(`its ${what} ${path} leads out of its folder; it must name a file inside`);
  if (isAbsolute(path) || escapes(resolve(folder, path))) throw refusal;
  let real: string;
  try {
    real = realpathSync(resolve(folder, path));
  } catch (error) {
    throw invalid(`its ${what} ${path} is not there; unpack the extension again, or build it`, error);
  }
  if (escapes(real)) throw refusal;
  if (!statSync(real).isFile()) throw invalid(`its ${what} ${path} is not a file`);
  return real;
}

function checkEngine({ node }: Extension, id: string, nodeVersion: string, report: Report): void {
  if (node === undefined) return;
  const satisfied = nodeSatisfies(node, nodeVersion);
  if (satisfied === false) {
    throw invalid(`it needs Node.js ${node}, this server runs on ${nodeVersion}; change one of them`);
  }
  if (satisfied === undefined) {
    report('warn', `extension ${id}: cannot check that Node.js ${nodeVersion} is in the range ${node}; going on`, {
      id,
    });
  }
}

function optionsValidator(extension: Extension): Validator {
  const named = extension.manifest.configSchema;
  if (named === undefined) return () => [];
  const file = ownFile(extension, 'configSchema', named);
  try {
    return validatorFor(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw invalid(`its configSchema ${named} is not a JSON Schema that can be used (${messageOf(error)})`, error);
  }
}

function checkOptions(extension: Extension, options: object): void {
  const violations = optionsValidator(extension)(options);
  if (violations.length === 0) return;
  const words = violations.map(({ pointer, message }) => `${pointer.slice(1).replaceAll('/', '.')} ${message}`.trim());
  throw invalid(
    `its options are not what its configSchema allows: ${words.join('; ')}; correct them in the server's config`,
  );
}

/**
 * Checks all that can be checked before any of an extension's code runs.
 *
 * @returns real path of the module to run
 * @throws SetwireError `SETWIRE_EXTENSION_INVALID`
 */
export function checkExtension(
  id: string,
  extension: Extension,
  options: object,
  { nodeVersion, report }: { readonly nodeVersion: string; readonly report: Report },
): string {
  checkEngine(extension, id, nodeVersion, report);
  if (extension.entry === undefined) {
    throw invalid(
      'it names no module to run; allowed: `entry` in its manifest, or `exports` or `main` in its package.json',
    );
  }
  const entry = ownFile(extension, 'entry', extension.entry);
  checkOptions(extension, options);
  return entry;
}

import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, SetwireError } from '../errors.js';
import { type Finding, readExtension } from './manifest.js';

function isFolder(directory: string, entry: Dirent): boolean {
  if (entry.isDirectory()) return true;
  return (
    entry.isSymbolicLink() && statSync(join(directory, entry.name), { throwIfNoEntry: false })?.isDirectory() === true
  );
}

/**
 * What lies in an extensions directory: its sub-folders (or links to folders) by name; files and dot-folders are ignored.
 *
 * @throws SetwireError `SETWIRE_EXTENSION_INVALID` if the directory cannot be read
 */
export function discover(directory: string): Finding[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    throw new SetwireError(
      'SETWIRE_EXTENSION_INVALID',
      `the extensions directory ${directory} cannot be read (${messageOf(error)}); create it, or correct its path`,
      { cause: error },
    );
  }
  return entries
    .filter((entry) => !entry.name.startsWith('.') && isFolder(directory, entry))
    .map((entry) => entry.name)
    .sort()
    .map((folder) => readExtension(directory, folder));
}

const invalid = (reason: string): SetwireError => new SetwireError('SETWIRE_EXTENSION_INVALID', reason);

/**
 * The one extension that carries an id.
 *
 * @throws SetwireError `SETWIRE_EXTENSION_INVALID` if there is none, several, or one that cannot be used
 */
export function find(id: string, findings: readonly Finding[]): Extract<Finding, { kind: 'extension' }> {
  const claims = findings.filter((finding) => finding.kind !== 'none' && (finding.id ?? finding.folder) === id);
  const [only] = claims;
  if (claims.length > 1) {
    const folders = claims.map(({ folder }) => folder).join(', ');
    throw invalid(`the folders ${folders} all say that they are ${id}; only one may: remove the others`);
  }
  if (only?.kind === 'extension') return only;
  if (only?.kind === 'broken') throw invalid(`folder ${only.folder}: ${only.reason}`);
  const namesake = findings.find((finding) => finding.kind === 'none' && finding.folder === id);
  if (namesake?.kind === 'none') throw invalid(`folder ${id} is no extension: ${namesake.reason}`);
  const there = findings.flatMap((finding) => (finding.kind === 'extension' ? [finding.id] : []));
  const unreadable = findings.flatMap((finding) =>
    finding.kind === 'broken' ? [`${finding.folder}: ${finding.reason}`] : [],
  );
  throw invalid(
    [
      'it is enabled but no folder has an extension with this id',
      there.length > 0 ? `; there are: ${there.join(', ')}` : '; the directory has no extension at all',
      unreadable.length > 0 ? `; not usable are: ${unreadable.join('; ')}` : '',
      '; unpack it there, or take it out of the config',
    ].join(''),
  );
}

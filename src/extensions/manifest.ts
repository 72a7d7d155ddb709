import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../errors.js';
import type { ExtensionManifest } from '../schema-types.js';
import { type Violation, validatorOf } from '../schemas.js';

/** What a sub-folder of an extensions directory is. */
export type Finding =
  /** Nothing that says it is an extension. */
  | { readonly kind: 'none'; readonly folder: string; readonly reason: string }
  /** An extension that cannot be used; `id` where at least that could be read. */
  | { readonly kind: 'broken'; readonly folder: string; readonly id?: string; readonly reason: string }
  | { readonly kind: 'extension'; readonly folder: string; readonly id: string; readonly extension: Extension };

export interface Extension {
  /** Absolute path of its folder. */
  readonly path: string;
  readonly version: string;
  readonly manifest: ExtensionManifest;
  /** Relative path of the module to run; undefined where package.json names none. */
  readonly entry?: string;
  /** `engines.node`. */
  readonly node?: string;
}

type Members = Readonly<Record<string, unknown>>;

const checkManifest = validatorOf('extension-manifest.schema.json');

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function wordsOf({ pointer, keyword, message, params }: Violation, manifest: Members): string {
  const member = pointer.slice(1);
  if (keyword === 'const') {
    const advice = member === 'apiVersion' ? '; install a version of the extension that was made for it' : '';
    return `${member} is ${shown(manifest[member])}, this server knows ${shown(params.allowedValue)}${advice}`;
  }
  return `${member} ${message}`.trim();
}

/** The module behind `exports` or `main`, as Node resolves it for `import`. */
function exportedEntry(exported: unknown): string | undefined {
  if (Array.isArray(exported)) return exported.map(exportedEntry).find((entry) => entry !== undefined);
  if (!isObject(exported)) return textOf(exported);
  for (const [condition, target] of Object.entries(exported)) {
    if (!['.', 'node', 'import', 'module-sync', 'default'].includes(condition)) continue;
    const entry = exportedEntry(target);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

/** Reads what a folder says of itself; runs none of its code. */
export function readExtension(directory: string, folder: string): Finding {
  const path = join(directory, folder);
  let text: string;
  try {
    text = readFileSync(join(path, 'package.json'), 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'none', folder, reason: 'it has no package.json' };
    return { kind: 'broken', folder, reason: `its package.json cannot be read (${messageOf(error)})` };
  }
  let read: unknown;
  try {
    read = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return { kind: 'broken', folder, reason: 'its package.json is not JSON; unpack the extension again' };
  }
  if (!isObject(read) || read.identityServer === undefined) {
    return { kind: 'none', folder, reason: 'its package.json has no `identityServer` manifest' };
  }
  const found = read.identityServer;
  const violations = checkManifest(found);
  if (!isObject(found) || violations.length > 0) {
    const id = isObject(found) ? textOf(found.id) : undefined;
    const words = violations.map((violation) => wordsOf(violation, isObject(found) ? found : {})).join('; ');
    return {
      kind: 'broken',
      folder,
      ...(id && { id }),
      reason: `its \`identityServer\` manifest cannot be used: ${words}`,
    };
  }
  const manifest = found as unknown as ExtensionManifest;
  const entry = manifest.entry ?? exportedEntry(read.exports) ?? textOf(read.main);
  const node = isObject(read.engines) ? textOf(read.engines.node) : undefined;
  const version = textOf(read.version) ?? 'unknown';
  return {
    kind: 'extension',
    folder,
    id: manifest.id,
    extension: { path, version, manifest, ...(entry && { entry }), ...(node && { node }) },
  };
}

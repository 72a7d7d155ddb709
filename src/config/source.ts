import { extname } from 'node:path';
import { type Document, isMap, isPair, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import { ConfigError, messageOf } from '../errors.js';
import { readText, UnusableText } from './read-text.js';
import type { Json } from './secrets.js';
import { syntaxFaults } from './syntax.js';

const maxFileBytes = 1024 * 1024;
const maxDepth = 64;
const maxValues = 100_000;

/** A config file as it was read. */
export interface Source {
  readonly value: Json;
  /** Where the value at a JSON pointer stands, or else what is nearest above it; `key`: where its name stands. */
  placeOf(pointer: string, key?: boolean): { readonly line: number; readonly column: number };
}

function unreadable(file: string, found: string, allowed: string, cause: unknown): ConfigError {
  return new ConfigError(
    'SETWIRE_CONFIG_UNREADABLE',
    `${file}: found ${found}, allowed: ${allowed}`,
    [{ file, path: '', found, allowed }],
    { cause },
  );
}

function textOf(file: string): string {
  try {
    return readText(file, maxFileBytes);
  } catch (error) {
    if (error instanceof UnusableText)
      throw unreadable(file, error.message, 'a config file in UTF-8, of at most 1 MB', error);
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw unreadable(file, 'no such file', 'a config file; `setwire init` writes a first one', error);
    if (code === 'EISDIR') throw unreadable(file, 'a folder', 'a config file', error);
    throw unreadable(file, `a file that cannot be read (${code ?? messageOf(error)})`, 'a config file', error);
  }
}

/** Whether a value is small enough to be walked through; an alias may hold itself. */
function isModest(value: unknown): boolean {
  let values = 0;
  const within = (part: unknown, depth: number): boolean => {
    values += 1;
    if (depth > maxDepth || values > maxValues) return false;
    if (typeof part !== 'object' || part === null) return true;
    return Object.values(part).every((member) => within(member, depth + 1));
  };
  return within(value, 0);
}

/**
 * Reads YAML, or JSON where the file is called so.
 *
 * @throws ConfigError
 */
export function readSource(file: string): Source {
  const text = textOf(file);
  const lines = new LineCounter();
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const invalid = (faults: readonly { offset: number; found: string; allowed: string }[], cause?: unknown) => {
    const problems = faults.map(({ offset, found, allowed }) => ({ file, ...at(offset), path: '', found, allowed }));
    const message = problems.map(({ line, found }) => `${file}:${line} found ${found}`).join('\n');
    return new ConfigError('SETWIRE_CONFIG_INVALID', message, problems, { cause });
  };
  const nothing = (): ConfigError =>
    invalid([{ offset: 0, found: 'nothing', allowed: 'settings, `endpoints` at least' }]);
  const tooMuch = (cause?: unknown): ConfigError => {
    const allowed = `at most ${maxDepth} levels, ${maxValues} values and 100 uses of an alias`;
    return invalid([{ offset: 0, found: 'more than a config holds', allowed }], cause);
  };

  const document: Document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  if (document.errors.some(({ code }) => code === 'RESOURCE_EXHAUSTION')) throw tooMuch();
  if (text.trim() === '') throw nothing();
  const faults = syntaxFaults(file, text, document);
  if (faults.length > 0) throw invalid(faults);
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) throw nothing();

  function plainValue(): Json {
    try {
      if (extname(file).toLowerCase() === '.json') return JSON.parse(text) as Json;
      // Aliases may multiply (the "billion laughs"): so many, and no more.
      return document.toJS({ maxAliasCount: 100 }) as Json;
    } catch (error) {
      throw tooMuch(error);
    }
  }

  const value = plainValue();
  if (!isModest(value)) throw tooMuch();
  return { value, placeOf: (pointer, key = false) => at(offsetOf(document.contents, pointer, key)) };
}

function offsetOf(contents: Node | null, pointer: string, key: boolean): number {
  let node = contents;
  let offset = node?.range?.[0] ?? 0;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replace(/~1/g, '/').replace(/~0/g, '~');
    const pair = isMap(node)
      ? (node.items.find((each) => isPair(each) && isScalar(each.key) && String(each.key.value) === name) as
          | Pair<Node, Node | null>
          | undefined)
      : undefined;
    const next = isSeq(node) ? (node.items[Number(name)] as Node | undefined) : pair?.value;
    if (pair === undefined && next === undefined) break;
    offset = (key ? pair?.key.range?.[0] : undefined) ?? next?.range?.[0] ?? pair?.key.range?.[0] ?? offset;
    node = next ?? null;
  }
  return offset;
}

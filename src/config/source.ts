import { readFileSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import { ConfigError, type ConfigProblem, messageOf } from '../errors.js';
import type { Json } from './secrets.js';

const maxFileBytes = 1024 * 1024;

/** A config file as it was read. */
export interface Source {
  readonly value: Json;
  /** Where the value at a JSON pointer stands, or else what is nearest above it; `key`: where its name stands. */
  placeOf(pointer: string, key?: boolean): { readonly line: number; readonly column: number };
}

function unreadable(file: string, found: string, allowed: string, cause?: unknown): ConfigError {
  return new ConfigError(
    'SETWIRE_CONFIG_UNREADABLE',
    `${file}: found ${found}, allowed: ${allowed}`,
    [{ file, path: '', found, allowed }],
    { cause },
  );
}

function textOf(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > maxFileBytes) throw unreadable(file, `a file of ${size} bytes`, 'a config file of at most 1 MB');
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw unreadable(file, 'no such file', 'a config file; `setwire init` writes a first one', error);
    if (code === 'EISDIR') throw unreadable(file, 'a folder', 'a config file', error);
    throw unreadable(file, `a file that cannot be read (${code ?? messageOf(error)})`, 'a config file', error);
  }
}

/**
 * Reads YAML, or JSON where the file is called so.
 *
 * @throws ConfigError
 */
export function readSource(file: string): Source {
  const text = textOf(file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const invalid = (problems: readonly ConfigProblem[]): ConfigError =>
    new ConfigError(
      'SETWIRE_CONFIG_INVALID',
      problems.map(({ line, found }) => `${file}:${line} ${found}`).join('\n'),
      problems,
    );

  const allowed = extname(file) === '.json' ? 'valid JSON' : 'valid YAML';
  if (document.errors.length > 0) {
    throw invalid(
      document.errors.map(({ message, pos }) => ({ file, ...at(pos[0]), path: '', found: message, allowed })),
    );
  }
  if (extname(file) === '.json') {
    try {
      JSON.parse(text);
    } catch (error) {
      const offset = Number(/position (\d+)/.exec(messageOf(error))?.[1] ?? 0);
      throw invalid([{ file, ...at(offset), path: '', found: 'what is YAML but no JSON', allowed }]);
    }
  }
  if (document.contents === null)
    throw invalid([
      { file, line: 1, column: 1, path: '', found: 'nothing', allowed: 'settings, `endpoints` at least' },
    ]);

  function plainValue(): Json {
    try {
      // Aliases may multiply (the "billion laughs"): so many, and no more.
      return document.toJS({ maxAliasCount: 100 }) as Json;
    } catch (error) {
      throw invalid([{ file, line: 1, column: 1, path: '', found: messageOf(error), allowed }]);
    }
  }

  return {
    value: plainValue(),
    placeOf(pointer, key = false) {
      let node = document.contents as Node | null;
      let offset = node?.range?.[0] ?? 0;
      for (const name of pointer
        .split('/')
        .slice(1)
        .map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'))) {
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
      return at(offset);
    },
  };
}

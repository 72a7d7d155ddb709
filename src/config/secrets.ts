import { dirname, resolve } from 'node:path';
import { messageOf } from '../errors.js';
import { readText, UnusableText } from './read-text.js';

/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** A `${…}` that could not be filled in. */
export interface Unfilled {
  /** JSON pointer. */
  readonly pointer: string;
  readonly found: string;
  readonly allowed: string;
  /** It is written as it should be; what it names is not there. */
  readonly missing: boolean;
}

export interface Filled {
  readonly value: Json;
  /** Places whose text came, in part at least, from outside the file: it is never shown. */
  readonly pointers: ReadonlySet<string>;
  readonly unfilled: readonly Unfilled[];
  /** Absolute paths of the files that were asked for. */
  readonly files: ReadonlySet<string>;
}

/** No secret is longer. */
const maxFileBytes = 1024 * 1024;

/** A JSON pointer's step (RFC 6901, section 3). */
export const step = (name: string | number): string => `/${String(name).replace(/~/g, '~0').replace(/\//g, '~1')}`;

type Sought = string | Omit<Unfilled, 'pointer'>;

/** A malformed one may be a piece of a secret that merely looks so: it is not shown. */
const malformed = (allowed: string): Sought => ({ found: 'a ${…} of another form', allowed, missing: false });

function variable(name: string, env: NodeJS.ProcessEnv): Sought {
  if (!/^[A-Za-z_][\w.-]*$/.test(name)) return malformed('${env:NAME}, with the name of an environment variable');
  const text = Object.hasOwn(env, name) ? env[name] : undefined;
  const allowed = `an environment variable ${name} that is set`;
  return text ?? { found: `\${env:${name}}`, allowed, missing: true };
}

function contents(name: string, folder: string, files: Set<string>): Sought {
  if (name === '') return malformed('${file:path}, with the path of a file');
  const absent = (allowed: string): Sought => ({ found: `\${file:${name}}`, allowed, missing: true });
  files.add(resolve(folder, name));
  try {
    return readText(resolve(folder, name), maxFileBytes).replace(/\r?\n$/, '');
  } catch (error) {
    if (error instanceof UnusableText) return absent(`a file ${name} in UTF-8, of at most 1 MB: ${error.message}`);
    return absent(`a file ${name} that can be read (${(error as NodeJS.ErrnoException).code ?? messageOf(error)})`);
  }
}

/**
 * Fills in `${env:NAME}` and `${file:path}` wherever a text has them; `$${` stands for `${`. A file's last line break goes.
 *
 * @param file the config file; paths are relative to its folder
 */
export function fillIn(value: Json, file: string, env: NodeJS.ProcessEnv): Filled {
  const pointers = new Set<string>();
  const unfilled: Unfilled[] = [];
  const files = new Set<string>();

  function sought(whole: string, inside: string): Sought {
    if (!whole.endsWith('}')) return malformed('a closing }');
    const [, kind, name = ''] = /^(\w+):(.*)$/s.exec(inside) ?? [];
    if (kind === 'env') return variable(name, env);
    if (kind === 'file') return contents(name, dirname(file), files);
    return malformed('${env:NAME} or ${file:path}; write $${ for the characters themselves');
  }

  function fillText(text: string, pointer: string): string {
    return text.replace(/\$?\$\{([^}]*)\}?/g, (whole, inside: string) => {
      if (whole.startsWith('$${')) return whole.slice(1);
      pointers.add(pointer);
      const source = sought(whole, inside);
      if (typeof source === 'string') return source;
      unfilled.push({ pointer, ...source });
      return whole;
    });
  }

  function fill(part: Json, pointer: string): Json {
    if (typeof part === 'string') return part.includes('${') ? fillText(part, pointer) : part;
    if (Array.isArray(part)) return part.map((entry, index) => fill(entry, pointer + step(index)));
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(
      Object.entries(part).map(([name, member]) => [name, fill(member as Json, pointer + step(name))]),
    );
  }

  return { value: fill(value, ''), pointers, unfilled, files };
}

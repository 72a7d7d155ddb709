import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** A `${…}` that could not be filled in. */
export interface Unfilled {
  /** JSON pointer. */
  readonly pointer: string;
  readonly found: string;
  readonly allowed: string;
}

export interface Filled {
  readonly value: Json;
  /** Places whose text came, in part at least, from outside the file: it is never shown. */
  readonly pointers: ReadonlySet<string>;
  readonly unfilled: readonly Unfilled[];
}

/** No secret is longer; a device or a mistaken path is not read for ever. */
const maxFileChars = 1024 * 1024;

/** A JSON pointer's step (RFC 6901, section 3). */
export const step = (name: string | number): string => `/${String(name).replace(/~/g, '~0').replace(/\//g, '~1')}`;

/**
 * Fills in `${env:NAME}` and `${file:path}` wherever a text has them; `$${` stands for `${`. A file's last line break goes.
 *
 * @param file the config file; paths are relative to its folder
 */
export function fillIn(value: Json, file: string, env: NodeJS.ProcessEnv): Filled {
  const pointers = new Set<string>();
  const unfilled: Unfilled[] = [];

  function sourceOf(kind: string, name: string): string | { readonly why: string } {
    if (kind === 'env') return env[name] ?? { why: `an environment variable ${name} that is set` };
    if (kind !== 'file') return { why: `\${env:NAME} or \${file:path}; write $\${ for the characters themselves` };
    try {
      const text = readFileSync(resolve(dirname(file), name), 'utf8');
      return text.length > maxFileChars ? { why: `a file ${name} of at most 1 MB` } : text.replace(/\r?\n$/, '');
    } catch (error) {
      return {
        why: `a file ${name} that can be read (${(error as NodeJS.ErrnoException).code ?? 'it cannot be read'})`,
      };
    }
  }

  function fillText(text: string, pointer: string): string {
    return text.replace(/\$?\$\{([^}]*)\}?/g, (whole, inside: string) => {
      if (whole.startsWith('$${')) return whole.slice(1);
      pointers.add(pointer);
      const [kind = '', ...name] = inside.split(':');
      const source = whole.endsWith('}') ? sourceOf(kind, name.join(':')) : { why: 'a closing }' };
      if (typeof source === 'string') return source;
      unfilled.push({ pointer, found: whole, allowed: source.why });
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

  return { value: fill(value, ''), pointers, unfilled };
}

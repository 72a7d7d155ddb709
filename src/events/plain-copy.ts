import { types } from 'node:util';
import { type MemberPath, memberName } from './member.js';

/** What JSON can say. */
export type Plain = string | number | boolean | null | Plain[] | { [name: string]: Plain };

/** Why a value is not copied. */
export type CopyRule = 'not_plain' | 'forbidden_name' | 'cycle' | 'too_deep' | 'too_large';

/** A value that cannot be copied; the message names the member, never what stands in it. */
export class CopyRefused extends Error {
  readonly rule: CopyRule;

  constructor(rule: CopyRule, path: MemberPath, why: string, options?: ErrorOptions) {
    super(`${memberName(path)} ${why}`, options);
    this.name = 'CopyRefused';
    this.rule = rule;
  }
}

/** How much a reported event may hold, whatever its schema would allow. */
export const copyLimits = {
  /** Members below members: the event itself is 1. */
  depth: 8,
  /** Values of any kind, the objects and lists counted too. */
  values: 5_000,
  /** UTF-16 units of all texts and member names together. */
  text: 65_536,
} as const;

const forbiddenNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

// Node 20 has it, the ES2023 types do not.
const wellFormed = (text: string): string => (text as string & { toWellFormed(): string }).toWellFormed();

/**
 * A copy of what somebody else reported: own enumerable members of plain objects, and lists; members that are
 * `undefined` are left out, lone surrogates become U+FFFD.
 *
 * None of the reporter's code runs: getters, Proxies and class instances are refused, `toJSON` is never called. The cost
 * is bounded by `copyLimits`, however large the value is.
 *
 * @throws CopyRefused
 */
export function plainCopy(value: unknown): Plain {
  const path: (string | number)[] = [];
  const above: object[] = [];
  let values = 0;
  let text = 0;

  const refuse = (rule: CopyRule, why: string): never => {
    throw new CopyRefused(rule, path, why);
  };

  function count(length: number): void {
    text += length;
    if (text > copyLimits.text)
      refuse('too_large', `goes past the ${copyLimits.text} characters that an event may hold`);
  }

  function copyOf(original: unknown): Plain {
    values += 1;
    if (values > copyLimits.values)
      refuse('too_large', `goes past the ${copyLimits.values} values that an event may hold`);
    switch (typeof original) {
      case 'string':
        count(original.length);
        return wellFormed(original);
      case 'number':
        return Number.isFinite(original) ? original : refuse('not_plain', 'is not a finite number');
      case 'boolean':
        return original;
      case 'object':
        return original === null ? null : copyOfObject(original);
      default:
        return refuse(
          'not_plain',
          `is of type ${typeof original}: allowed are text, numbers, booleans, lists and plain objects`,
        );
    }
  }

  function copyOfObject(original: object): Plain {
    if (types.isProxy(original)) refuse('not_plain', 'is a Proxy: allowed are plain objects');
    if (above.includes(original)) refuse('cycle', 'contains itself');
    if (above.length === copyLimits.depth)
      refuse('too_deep', `is deeper than the ${copyLimits.depth} levels that an event may have`);
    above.push(original);
    const copy = Array.isArray(original) ? copyOfList(original) : copyOfMembers(original);
    above.pop();
    return copy;
  }

  function copyOfList(original: readonly unknown[]): Plain {
    if (Object.getPrototypeOf(original) !== Array.prototype) refuse('not_plain', 'is not a plain list');
    if (original.length > copyLimits.values)
      refuse('too_large', `goes past the ${copyLimits.values} values that an event may hold`);
    const copy: Plain[] = [];
    for (let place = 0; place < original.length; place++) {
      path.push(place);
      copy.push(copyOf(own(original, place)));
      path.pop();
    }
    return copy;
  }

  function copyOfMembers(original: object): Plain {
    const prototype: unknown = Object.getPrototypeOf(original);
    if (prototype !== Object.prototype && prototype !== null) {
      refuse('not_plain', 'is an instance of a class: allowed are plain objects');
    }
    const copy: { [name: string]: Plain } = {};
    for (const name of Object.keys(original)) {
      path.push(name);
      count(name.length);
      if (forbiddenNames.has(name)) refuse('forbidden_name', 'has a name that no member may have');
      const member = own(original, name);
      if (member !== undefined) copy[wellFormed(name)] = copyOf(member);
      path.pop();
    }
    return copy;
  }

  /** The member's value; a getter would be somebody else's code on the host's thread, so it is not read. */
  function own(original: object, name: string | number): unknown {
    const descriptor = Object.getOwnPropertyDescriptor(original, name);
    return descriptor?.get || descriptor?.set
      ? refuse('not_plain', 'is a getter: allowed are values')
      : descriptor?.value;
  }

  try {
    return copyOf(value);
  } catch (error) {
    if (error instanceof CopyRefused) throw error;
    throw new CopyRefused('not_plain', path, 'could not be read', { cause: error });
  }
}

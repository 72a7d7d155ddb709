import type { Violation } from '../schemas.js';
import { memberName, pathOf } from './member.js';

const maxMembers = 5;

/** Says a violation of the identity event's schema: the member it is about, and what is allowed there. */
function wordsOf(
  violation: Violation,
  alternatives: ReadonlySet<string>,
  allowedMembers: readonly string[],
): { member: string; rule: string } {
  const path = pathOf(violation.pointer);
  const { missingProperty, additionalProperty, propertyName, pattern, limit } = violation.params;
  switch (violation.keyword) {
    case 'required':
      return alternatives.has(memberName(path))
        ? { member: memberName(path), rule: `lacks ${String(missingProperty)}` }
        : { member: memberName([...path, String(missingProperty)]), rule: 'is missing' };
    case 'additionalProperties': {
      const allowed = path.length === 0 ? `: allowed are ${allowedMembers.join(', ')}` : '';
      return {
        member: memberName([...path, String(additionalProperty)]),
        rule: `is no member of an identity event${allowed}`,
      };
    }
    case 'propertyNames':
      return {
        member: memberName([...path, String(propertyName)]),
        rule: 'has a name that is not allowed: 1 to 256 characters, no control characters',
      };
    case 'pattern':
      return {
        member: memberName(path),
        rule: String(pattern).startsWith('^[^\\u0000') ? 'must not hold control characters' : violation.message,
      };
    case 'minimum':
    case 'maximum':
      return {
        member: memberName(path),
        rule: `${violation.message}${Number(limit) >= 1e12 ? ', in milliseconds since 1970' : ''}`,
      };
    default:
      return { member: memberName(path), rule: violation.message };
  }
}

/**
 * What is wrong with an event, for whoever reported it: members and rules, never a value.
 *
 * @param allowedMembers the names that an event's own members may have
 */
export function refusalOf(violations: readonly Violation[], allowedMembers: readonly string[]): string {
  const alternatives = new Set(
    violations.filter(({ keyword }) => keyword === 'anyOf').map(({ pointer }) => memberName(pathOf(pointer))),
  );
  const rules = new Map<string, Set<string>>();
  for (const violation of violations) {
    // These two only say that what the others say was not met.
    if (violation.keyword === 'anyOf' || violation.keyword === 'if') continue;
    const { member, rule } = wordsOf(violation, alternatives, allowedMembers);
    const known = rules.get(member);
    if (known) known.add(rule);
    else if (rules.size < maxMembers) rules.set(member, new Set([rule]));
    else return `${textOf(rules, alternatives)}; and more`;
  }
  return textOf(rules, alternatives);
}

function textOf(rules: ReadonlyMap<string, ReadonlySet<string>>, alternatives: ReadonlySet<string>): string {
  return [...rules]
    .map(([member, words]) => `${member} ${[...words].join(alternatives.has(member) ? ' or ' : ', ')}`)
    .join('; ');
}

/** Way to a member, from the top: names, and places in lists. */
export type MemberPath = readonly (string | number)[];

const maxNameLength = 40;
const maxSteps = 10;

/** A name that somebody else chose, fit for a log: what is not a letter, digit or one of `_.:/-` becomes `?`, and it is cut. */
function printable(name: string): string {
  const cut = name.slice(0, maxNameLength).replace(/[^\w.:/-]/g, '?');
  return name.length > maxNameLength ? `${cut}...` : cut;
}

/** The member in words, as in `user.groups[3]`: names only, never a value. The event itself for an empty path. */
export function memberName(path: MemberPath): string {
  if (path.length === 0) return 'the event';
  const steps = path.slice(0, maxSteps).map((step) => (typeof step === 'number' ? `[${step}]` : `.${printable(step)}`));
  return `${steps.join('')}${path.length > maxSteps ? '...' : ''}`.replace(/^\./, '');
}

/** The path behind a JSON pointer (RFC 6901). */
export function pathOf(pointer: string): MemberPath {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => (/^\d{1,9}$/.test(step) ? Number(step) : step.replaceAll('~1', '/').replaceAll('~0', '~')));
}

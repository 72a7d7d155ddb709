type Version = readonly [number, number, number];

const comparator = /^(>=|>|<=|<|=|\^|~)?v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?$/;

const compare = (a: Version, b: Version): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

/** The parts of a range that were written as numbers: `20.x` has one, `20.19.0` three. */
function writtenParts(parts: readonly (string | undefined)[]): number[] {
  const wild = parts.findIndex((part) => part === undefined || /[xX*]/.test(part));
  return parts.slice(0, wild === -1 ? parts.length : wild).map(Number);
}

/** The first version past those that begin with `parts`. */
function nextAfter(parts: readonly number[]): Version {
  const [major = 0, minor = 0, patch = 0] = parts;
  if (parts.length >= 3) return [major, minor, patch + 1];
  return parts.length === 2 ? [major, minor + 1, 0] : [major + 1, 0, 0];
}

function nextAfterCaret([major = 0, minor = 0, patch = 0]: readonly number[], written: number): Version {
  if (major > 0 || written === 1) return [major + 1, 0, 0];
  return minor > 0 || written === 2 ? [0, minor + 1, 0] : [0, 0, patch + 1];
}

function meets(text: string, version: Version): boolean | undefined {
  const match = comparator.exec(text);
  if (match === null) return undefined;
  const [, operator = '', ...parts] = match;
  const written = writtenParts(parts);
  if (written.length === 0) return operator !== '<' && operator !== '>';
  const [major = 0, minor = 0, patch = 0] = written;
  const from: Version = [major, minor, patch];
  const atLeast = compare(version, from) >= 0;
  switch (operator) {
    case '>=':
      return atLeast;
    case '<':
      return !atLeast;
    case '>':
      return compare(version, nextAfter(written)) >= 0;
    case '<=':
      return compare(version, nextAfter(written)) < 0;
    case '^':
      return atLeast && compare(version, nextAfterCaret(from, written.length)) < 0;
    case '~':
      return atLeast && compare(version, nextAfter(written.slice(0, 2))) < 0;
    default:
      return atLeast && compare(version, nextAfter(written)) < 0;
  }
}

/**
 * Whether a version of Node.js lies in an `engines.node` range.
 *
 * @param range `>=20.19`, `^20.19 || >=22.12`, `>=20 <25`, `20.x`, `~20.19.1`, `*`
 * @param version as `process.versions.node`
 * @returns undefined where the range is written in a way that is not known here (hyphens, pre-releases)
 */
export function nodeSatisfies(range: string, version: string): boolean | undefined {
  const [major = 0, minor = 0, patch = 0] = version.replace(/^v/, '').split(/[.-]/).map(Number);
  const alternatives = range.split('||').map((alternative) => {
    const words = alternative
      .replace(/(>=|<=|>|<|=|\^|~)\s+/g, '$1')
      .trim()
      .split(/\s+/);
    const met = words.map((word) => (word === '' ? true : meets(word, [major, minor, patch])));
    return met.includes(undefined) ? undefined : met.every(Boolean);
  });
  if (alternatives.includes(true)) return true;
  return alternatives.includes(undefined) ? undefined : false;
}

import type { Violation } from '../schemas.js';

/** Where and which rule, never what stood there; a list with a mistake in each of its members is not told in full. */
export function detailOf(violations: readonly Violation[]): string {
  const told = violations.slice(0, 5).map(({ pointer, keyword, message }) => `${pointer} ${keyword}: ${message}`);
  const more = violations.length - told.length;
  return `${told.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

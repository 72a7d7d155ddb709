import module from 'sift';
import type { IdentityEvent } from '../events/identity-event.js';
import { matchesPattern } from '../events/type-pattern.js';
import type { Endpoint } from './endpoint.js';

// sift is a CommonJS module whose types describe an ES module: its function is one `default` further in.
const sift = module.default;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A member of the query that would run code, if there is one. */
function codeIn(query: unknown): string | undefined {
  if (typeof query === 'function') return 'a function';
  if (typeof query !== 'object' || query === null) return undefined;
  for (const [name, value] of Object.entries(query)) {
    if (name === '$where') return '$where';
    const inside = codeIn(value);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

/** Why a `where` query cannot be used; undefined: it can. Queries that would run code (`$where`) are refused. */
export function checkQuery(query: Readonly<Record<string, unknown>>): string | undefined {
  const code = codeIn(query);
  if (code !== undefined) return `${code} is not allowed: a query runs no code`;
  try {
    sift(query as Parameters<typeof sift>[0])({});
    return undefined;
  } catch (error) {
    return textOf(error);
  }
}

/**
 * Which events an endpoint wants: those that one of its `events` patterns and its `where` query match.
 *
 * @throws Error for a query that `checkQuery` refuses
 */
export function selectOf(endpoint: Pick<Endpoint, 'events' | 'where'>): (event: IdentityEvent) => boolean {
  const refused = checkQuery(endpoint.where);
  if (refused !== undefined) throw new Error(`where: ${refused}`);
  const matches = sift(endpoint.where as Parameters<typeof sift>[0]);
  const chosen = new Map<string, boolean>();
  const wants = (type: string): boolean => endpoint.events.some((pattern) => matchesPattern(pattern, type));
  return (event) => {
    // Types are few as a rule, but a host may make them up: what is remembered is bounded.
    let wanted = chosen.get(event.type);
    if (wanted === undefined) {
      wanted = wants(event.type);
      if (chosen.size < 256) chosen.set(event.type, wanted);
    }
    return wanted && matches(event);
  };
}

import type { SecurityEventToken } from '../../set/set.js';
import type { BatchedSet } from '../endpoint.js';

/** A SET, and what is sent of it: its claims, or the compact JWT that they have been sealed to. */
export interface OutgoingSet extends BatchedSet {
  readonly sent: string;
}

/** How SETs stand in the body of one request. */
export interface Format {
  readonly contentType: string;
  /** Whether a request holds one SET, and no more. */
  readonly isSingle: boolean;
  /** Whether a receiver takes the SETs of a request one after another. */
  readonly isOrdered: boolean;
  /** Length in UTF-8 of a body, at most, without its SETs. */
  readonly around: number;
  /** What a SET adds to it, at most, where `bytes` is the length of what is sent of it. */
  sizeOf(set: SecurityEventToken, bytes: number): number;
  bodyOf(sets: readonly OutgoingSet[]): string;
}

/** A SET as a JSON value: a compact JWT has no character that JSON would escape. */
export const jsonOf = (sent: string, isSealed: boolean): string => (isSealed ? `"${sent}"` : sent);

/** Length of that. */
export const jsonBytes = (bytes: number, isSealed: boolean): number => (isSealed ? bytes + 2 : bytes);

/** The issuer that a SET names; event systems want to be told a source in any case. */
export function sourceOf({ text }: Pick<SecurityEventToken, 'text'>): string {
  const { iss } = JSON.parse(text) as { iss?: string };
  return iss ?? 'setwire';
}

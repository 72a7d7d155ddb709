// Controls, line and paragraph separators, and what turns the direction of writing round.
const unsafe = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * A text that can be sent to a terminal: control characters appear as `\u001b`. Within a line of JSON, where a control
 * character can only stand in a string, the value stays the same.
 */
export function visible(text: string): string {
  return text.replace(unsafe, escaped);
}

/** At most `max` UTF-16 units, never half a character; what was cut ends in `…`. */
export function clipped(text: string, max: number): string {
  if (text.length <= max) return text;
  const cut = text.slice(0, max - 1);
  return `${/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}

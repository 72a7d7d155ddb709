/**
 * When a receiver wants to be asked again (RFC 9110, section 10.2.3): seconds, or an HTTP date.
 *
 * @param now milliseconds
 * @returns milliseconds from now, 0 for a time that has passed; undefined for anything else
 */
export function retryAfterOf(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // Date.parse takes much more than HTTP dates ("1", "2030"): only what looks like one is asked.
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d{2}:\d{2}:\d{2}( GMT| \d{4})$/.test(text)) return undefined;
  // Of the three forms of a date, asctime's names no zone: it is UTC (RFC 9110, section 5.6.7), not the machine's.
  const time = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(time) ? undefined : Math.max(0, time - now);
}

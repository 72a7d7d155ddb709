import type { SecurityEventToken } from '../../set/set.js';
import { type Format, jsonBytes, jsonOf, sourceOf } from './format.js';

/** @param time milliseconds; Splunk wants seconds */
function eventOf(set: SecurityEventToken, time: number, event: string): string {
  const known = { time: Math.round(time) / 1000, source: sourceOf(set), sourcetype: 'secevent' };
  return `${JSON.stringify(known).slice(0, -1)},"event":${event}}\n`;
}

/** No time has more digits. */
const longestTime = 8.64e15 - 1;

/** Splunk's HTTP event collector: objects one after another, for `/services/collector/event`. */
export const splunkHec = (isSealed: boolean): Format => ({
  contentType: 'application/json',
  isSingle: false,
  isOrdered: true,
  around: 0,
  sizeOf: (set, bytes) => Buffer.byteLength(eventOf(set, longestTime, '')) + jsonBytes(bytes, isSealed),
  bodyOf: (sets) => sets.map((set) => eventOf(set, set.time, jsonOf(set.sent, isSealed))).join(''),
});

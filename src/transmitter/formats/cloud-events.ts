import type { SecurityEventToken } from '../../set/set.js';
import { type Format, jsonBytes, jsonOf, sourceOf } from './format.js';

/** A CloudEvent with a SET in its `data` (CloudEvents 1.0, JSON format). */
function eventOf(set: SecurityEventToken, time: number, isSealed: boolean, data: string): string {
  const attributes = {
    specversion: '1.0',
    id: set.jti,
    source: sourceOf(set),
    type: set.eventTypeUri,
    time: new Date(time).toISOString(),
    datacontenttype: isSealed ? 'application/secevent+jwt' : 'application/json',
  };
  return `${JSON.stringify(attributes).slice(0, -1)},"data":${data}}`;
}

/** Every time is as long as another. */
const sizeOf = (set: SecurityEventToken, bytes: number, isSealed: boolean): number =>
  Buffer.byteLength(eventOf(set, 0, isSealed, '')) + jsonBytes(bytes, isSealed);

/** One SET in the structured content mode (CloudEvents 1.0, HTTP binding, section 3.2). */
export const cloudEvent = (isSealed: boolean): Format => ({
  contentType: 'application/cloudevents+json; charset=UTF-8',
  isSingle: true,
  isOrdered: true,
  around: 0,
  sizeOf: (set, bytes) => sizeOf(set, bytes, isSealed),
  bodyOf: (sets) => sets.map((set) => eventOf(set, set.time, isSealed, jsonOf(set.sent, isSealed))).join(''),
});

/** The batched content mode (section 3.3), for receivers that have asked for it. */
export const cloudEventBatch = (isSealed: boolean): Format => ({
  contentType: 'application/cloudevents-batch+json; charset=UTF-8',
  isSingle: false,
  isOrdered: true,
  around: 1,
  sizeOf: (set, bytes) => sizeOf(set, bytes, isSealed) + 1,
  bodyOf: (sets) => `[${sets.map((set) => eventOf(set, set.time, isSealed, jsonOf(set.sent, isSealed))).join(',')}]`,
});

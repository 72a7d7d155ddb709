import { type Format, jsonBytes, jsonOf } from './format.js';

/** One SET as it is: JSON, or the compact JWT of RFC 8935, section 2.1. */
export const single = (isSealed: boolean): Format => ({
  contentType: isSealed ? 'application/secevent+jwt' : 'application/json',
  isSingle: true,
  isOrdered: true,
  around: 0,
  sizeOf: (_set, bytes) => bytes,
  bodyOf: (sets) => sets.map(({ sent }) => sent).join(''),
});

/** A JSON array. */
export const array = (isSealed: boolean): Format => ({
  contentType: 'application/json',
  isSingle: false,
  isOrdered: true,
  around: 1,
  sizeOf: (_set, bytes) => jsonBytes(bytes, isSealed) + 1,
  bodyOf: (sets) => `[${sets.map(({ sent }) => jsonOf(sent, isSealed)).join(',')}]`,
});

/** A SET per line, each a JSON value. */
export const ndjson = (isSealed: boolean): Format => ({
  contentType: 'application/x-ndjson',
  isSingle: false,
  isOrdered: true,
  around: 0,
  sizeOf: (_set, bytes) => jsonBytes(bytes, isSealed) + 1,
  bodyOf: (sets) => sets.map(({ sent }) => `${jsonOf(sent, isSealed)}\n`).join(''),
});

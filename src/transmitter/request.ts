import type { Batch, BatchLimits } from './endpoint.js';

/** The media type of each format. */
const contentTypes = {
  single: 'application/json',
  array: 'application/json',
  ndjson: 'application/x-ndjson',
} as const satisfies Record<BatchLimits['format'], string>;

/** The body of a batch, in UTF-8: one SET as it is, a JSON array, or a SET per line. */
export function requestOf(batch: Batch, format: BatchLimits['format']): { body: Buffer; contentType: string } {
  const texts = batch.sets.map(({ text }) => text);
  const bodies = {
    single: () => texts.join(''),
    array: () => `[${texts.join(',')}]`,
    ndjson: () => texts.map((text) => `${text}\n`).join(''),
  };
  return { body: Buffer.from(bodies[format](), 'utf8'), contentType: contentTypes[format] };
}

const msPer = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const bytesPer = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 } as const;

function amountOf<U extends string>(text: string, units: Readonly<Record<U, number>>): number {
  const [, count, unit] = /^(\d+)([A-Za-z]+)$/.exec(text) ?? [];
  if (unit === undefined || !Object.hasOwn(units, unit)) throw new RangeError(`not an amount with a unit: ${text}`);
  return Number(count) * units[unit as U];
}

/** Milliseconds of a duration such as `500ms`, `30s`, `5m`, `24h` or `3d`. @throws RangeError */
export const msOf = (duration: string): number => amountOf(duration, msPer);

/** Bytes of a size such as `64B`, `256KB`, `1MB` or `2GB` (powers of 1024). @throws RangeError */
export const bytesOf = (size: string): number => amountOf(size, bytesPer);

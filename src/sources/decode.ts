const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The text of bytes in UTF-8; undefined: they are none. */
export function utf8Of(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * What a text of JSON says; undefined: it is no JSON. The parser's own words quote the text, so they are not passed on.
 *
 * @param textOf what each text within becomes; left out: it stays
 */
export function parsedJson(text: string, textOf?: (text: string) => string): unknown {
  const reviver = textOf && ((_name: string, value: unknown) => (typeof value === 'string' ? textOf(value) : value));
  try {
    return JSON.parse(text, reviver) as unknown;
  } catch {
    return undefined;
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

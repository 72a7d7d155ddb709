/**
 * The `err` of an error object (RFC 8935, section 2.3; RFC 9457 with the member as an extension), made safe to log;
 * undefined where there is none. Its `description` is left alone: a receiver may repeat in it what it was sent, and no
 * claim may stand in the log.
 */
export function errorCodeIn(error: unknown): string | undefined {
  const { err } = (error ?? {}) as { err?: unknown };
  return typeof err === 'string' && err !== '' ? err.slice(0, 64).replace(/\p{C}/gu, '\ufffd') : undefined;
}

/** The same, of an answer's body, whatever it is. */
export function errorCodeOf(body: string): string | undefined {
  try {
    return errorCodeIn(JSON.parse(body));
  } catch {
    return undefined;
  }
}

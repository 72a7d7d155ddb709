/**
 * A name as an event can hold it: somebody who types control characters or a whole book where a name is asked for must not
 * be able to keep the event from being taken. undefined for nothing.
 */
export function legible(name: string | undefined): string | undefined {
  return name?.slice(0, 1024).replace(/\p{Cc}|\p{Cs}/gu, '\ufffd') || undefined;
}

/** The same for a claim's value, which may have line breaks and tabs. */
export const legibleValue = (value: string): string =>
  value.slice(0, 8192).replace(/(?![\n\r\t])\p{Cc}|\p{Cs}/gu, '\ufffd');

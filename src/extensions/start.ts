import { messageOf, SetwireError } from '../errors.js';
import type { Report } from '../report.js';
import { attachmentOf, attachOf, type ExtensionAttachment } from './attachment.js';
import { withRejectionsReported } from './rejections.js';
import { withinTime } from './time-limit.js';

const maxReason = 2000;

/** An error's words on one line, for a log: an extension's may hold anything. */
export function reasonOf(error: unknown): string {
  const text = messageOf(error)
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
  if (text === '') return 'an error without a message';
  return text.length > maxReason ? `${text.slice(0, maxReason)}…` : text;
}

/** Why an extension was not waited for any longer. */
export const tooSlow = (what: 'start' | 'stop', ms: number): string =>
  `it did not ${what} within ${ms} ms; find out what it waits for, or allow more time (${what}TimeoutMs)`;

/**
 * Imports an extension, attaches it to the host and waits until it is ready.
 *
 * One that is too slow is given up: if it comes later, it is detached.
 *
 * @throws SetwireError `SETWIRE_TIMEOUT`, `SETWIRE_EXTENSION_INVALID`, or what the extension itself threw
 */
export async function startExtension(
  id: string,
  {
    importModule,
    host,
    options,
    timeoutMs,
    report,
  }: {
    readonly importModule: () => Promise<unknown>;
    readonly host: unknown;
    readonly options: object;
    readonly timeoutMs: number;
    readonly report: Report;
  },
): Promise<ExtensionAttachment> {
  let givenUp = false;
  let attachment: ExtensionAttachment | undefined;

  const detach = async (): Promise<void> => {
    const given = attachment;
    attachment = undefined;
    try {
      await given?.detach();
    } catch (error) {
      report('error', `extension ${id}: given up, and detaching it failed: ${reasonOf(error)}`, { id });
    }
  };

  const start = async (): Promise<ExtensionAttachment> => {
    const attach = attachOf(await importModule());
    if (givenUp) throw new SetwireError('SETWIRE_TIMEOUT', 'its module came too late');
    const given = attachmentOf(await attach(host, options));
    attachment = given;
    const ready = Promise.resolve(given.ready);
    // Of one that was given up nobody waits for it any more.
    ready.catch(() => undefined);
    if (!givenUp) await ready;
    return given;
  };

  const tooLate = (result: PromiseSettledResult<unknown>): void => {
    const how = result.status === 'fulfilled' ? 'it started after all and is detached' : reasonOf(result.reason);
    report('warn', `extension ${id}, given up before: ${how}`, { id });
    void detach();
  };

  const stray = (reason: unknown): void =>
    report('error', `extension ${id}: left a rejected promise unhandled: ${reasonOf(reason)}`, { id });

  return withRejectionsReported(stray, async () => {
    try {
      return await withinTime(start(), timeoutMs, tooSlow('start', timeoutMs), tooLate);
    } catch (error) {
      givenUp = true;
      await withinTime(detach(), timeoutMs, tooSlow('stop', timeoutMs)).catch((reason: unknown) =>
        report('error', `extension ${id}: given up, and detaching it failed: ${reasonOf(reason)}`, { id }),
      );
      throw error;
    }
  });
}

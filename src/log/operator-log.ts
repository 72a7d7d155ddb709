import { Console } from 'node:console';
import { stderr } from 'node:process';
import { pino } from 'pino';
import { messageOf } from '../errors.js';
import type { Report } from '../report.js';
import { clipped, visible } from './visible.js';

const maxText = 2_000;
/** pino's own members, which a field of the same name would repeat. */
const taken = new Set(['level', 'time', 'name', 'msg']);

/** What is written to: standard error, or a stream that stands in for it. */
export type LogDestination = NodeJS.WritableStream & { readonly isTTY?: boolean };

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return messageOf(value);
  return JSON.stringify(value) ?? String(value);
}

/** As a field of a line: in quotes where it would not stand as one word. */
function wordOf(value: unknown): string {
  const text = clipped(textOf(value), maxText);
  return visible(text === '' || /[\s"=]/.test(text) ? JSON.stringify(text) : text);
}

function readable(level: string, message: string, fields: Readonly<Record<string, unknown>>): string {
  const words = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${visible(name)}=${wordOf(value)}`);
  return `setwire ${level}: ${visible(clipped(message, maxText))}${words.join('')}`;
}

/**
 * What Setwire says about itself: JSON lines, or on a terminal `setwire warn: message key=value`.
 * The report that it returns never throws, even where nobody reads what is written.
 *
 * @param level the least important level that is written
 * @param destination default: standard error
 */
export function operatorLog(level: 'silent' | 'error' | 'warn' | 'info', destination: LogDestination = stderr): Report {
  // A console takes no harm from a closed pipe, where a bare stream would bring the process down.
  const out = new Console({ stdout: destination, ignoreErrors: true, colorMode: false });
  const logger = pino(
    {
      level,
      base: { name: 'setwire' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => out.log('%s', visible(line.slice(0, -1))) },
  );

  return (severity, message, fields = {}) => {
    if (!logger.isLevelEnabled(severity)) return;
    try {
      if (destination.isTTY === true) {
        out.log('%s', readable(severity, message, fields));
        return;
      }
      const named = Object.entries(fields).map(([key, value]): [string, unknown] => [
        taken.has(key) ? `${key}_` : key,
        value instanceof Error ? messageOf(value) : value,
      ]);
      logger[severity](Object.fromEntries(named), message);
    } catch (error) {
      // Fields that cannot be turned into text: the message still stands.
      out.log('%s', readable(severity, message, { fields: messageOf(error) }));
    }
  };
}

import type { DeliveredSet, DeliveryRecord } from '../schema-types.js';
import { clipped, visible } from './visible.js';

export interface LineFormat {
  /** With ANSI colours. */
  readonly colour: boolean;
  /** In milliseconds: a record of another day is shown with its date. */
  readonly now: number;
  /** Width of the endpoint's column. Default: 6. */
  readonly endpointWidth?: number;
  /** The date is shown on every line, so that today's and earlier ones are aligned. */
  readonly dated?: boolean;
  /**
   * Width of the terminal: a longer line goes on in the next one, indented. Below 100 the size, the user and the
   * milliseconds are left out. Default: no limit.
   */
  readonly columns?: number;
}

const outcomeColours = { delivered: 32, retry: 33, dead: 31 } as const;
const dim = 2;
const maxDetail = 240;
const maxTypes = 3;
const wide = 100;

const two = (value: number): string => String(value).padStart(2, '0');

/** Whether a record is of another day, in the local time zone. */
export function isDated(time: string, now: number): boolean {
  return new Date(time).toDateString() !== new Date(now).toDateString();
}

function clockOf(time: string, dated: boolean, narrow: boolean): string {
  const at = new Date(time);
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  if (dated) return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock}`;
  return narrow ? clock : `${clock}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

/** `12 ms`, `1.4 s`, `2 min`, `3.5 h`. */
export function durationText(ms: number): string {
  if (ms < 0) return '0 ms';
  if (ms < 999.5) return ms > 0 && ms < 0.95 ? '<1 ms' : `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 119_500) return `${Math.round(ms / 1_000)} s`;
  if (ms < 119.5 * 60_000) return `${Math.round(ms / 60_000)} min`;
  return `${Number((ms / 3_600_000).toFixed(1))} h`;
}

/** `812 B`, `1.8 KB`, `12 KB`, `1.2 MB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1_024) return `${Math.round(bytes)} B`;
  const units = ['KB', 'MB', 'GB', 'TB'];
  let value = bytes / 1_024;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit += 1) value /= 1_024;
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** One SET with its jti and user; of several only how many there are of each type. */
function setsOf(sets: readonly DeliveredSet[], narrow: boolean): [words: string, ids: string] {
  const [only] = sets;
  if (only === undefined) return ['no SETs', ''];
  if (sets.length === 1) {
    const user = only.user === undefined || narrow ? '' : ` u:${visible(only.user.slice(0, 8))}`;
    return [visible(clipped(only.event, 80)), `${visible(only.jti.slice(0, 8))}${user}`];
  }
  const counts = new Map<string, number>();
  for (const { event } of sets) counts.set(event, (counts.get(event) ?? 0) + 1);
  const most = [...counts].sort(([, a], [, b]) => b - a);
  const shown = most.slice(0, maxTypes).map(([event, count]) => `${visible(clipped(event, 80))} ×${count}`);
  const others = most.slice(maxTypes).reduce((sum, [, count]) => sum + count, 0);
  return [[...shown, ...(others > 0 ? [`others ×${others}`] : [])].join(', '), ''];
}

/** What the operator has to know beside the columns: why, how often, when again. */
function remarkOf({ outcome, time, attempt, status, error, reason, detail, nextRetryAt }: DeliveryRecord): string {
  const code = error === undefined ? '' : clipped(error, 128);
  const why = detail === undefined ? '' : clipped(detail, maxDetail);
  if (outcome === 'delivered') return attempt > 1 ? `attempt ${attempt}` : '';
  if (outcome === 'dead') {
    const cause = [code, why].filter((part) => part !== '').join(': ');
    const tried = attempt > 1 ? `attempt ${attempt}, ` : '';
    return `${tried}${[reason ?? '', cause].filter((part) => part !== '').join(' ')}`;
  }
  const again = nextRetryAt === undefined ? Number.NaN : Date.parse(nextRetryAt) - Date.parse(time);
  const parts = [
    code !== '' ? code : status === undefined && !Number.isNaN(again) ? why : '',
    `attempt ${attempt}`,
    Number.isNaN(again) ? why : `again in ${durationText(again)}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** Puts parts behind each other, in the next line where they are too long for this one; broken between words only. */
function flow(used: number, indent: number, width: number): (part: string, gap: string) => string {
  let at = used;
  return (part, gap) => {
    const room = width - indent;
    if (at + gap.length + part.length <= width) {
      at += gap.length + part.length;
      return `${gap}${part}`;
    }
    // A part that fits into a line of its own is kept together.
    const lines: string[] = part.length <= room ? [''] : [];
    let line = '';
    for (const word of part.split(' ')) {
      const limit = lines.length === 0 ? width - at - gap.length : room;
      const length = line === '' ? word.length : line.length + 1 + word.length;
      if (length > limit && (line !== '' || lines.length === 0)) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
    at = indent + line.length;
    const [first = '', ...rest] = lines;
    return [first === '' ? '' : `${gap}${first}`, ...rest.map((next) => `${' '.repeat(indent)}${next}`)].join('\n');
  };
}

/** A text in lines of a terminal's width, the later ones indented. */
export const wrapped = (text: string, columns = Number.POSITIVE_INFINITY): string => flow(0, 2, columns)(text, '');

/**
 * A record as one line for people: time, outcome, endpoint, status, duration, size, SETs, and what went wrong. Local time.
 * What a receiver has said is shown with its control characters escaped.
 */
export function formatRecord(record: DeliveryRecord, format: LineFormat): string {
  const { outcome, status, durationMs, bytes } = record;
  const width = format.columns ?? Number.POSITIVE_INFINITY;
  const narrow = width < wide;
  const paint = (text: string, code: number): string =>
    format.colour && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text;

  const clock = clockOf(record.time, isDated(record.time, format.now) || format.dated === true, narrow);
  const rest = [
    visible(clipped(record.endpoint, 63)).padEnd(format.endpointWidth ?? 6),
    (status === undefined ? '-' : String(status)).padStart(3),
    (durationMs === undefined ? '-' : durationText(durationMs)).padStart(6),
    ...(narrow ? [] : [(bytes === undefined ? '-' : sizeText(bytes)).padStart(6)]),
  ].join('  ');
  const indent = clock.length + 2 + 9 + 2;
  const place = flow(indent + rest.length, indent, width);
  const [sets, ids] = setsOf(record.sets, narrow);
  const remark = visible(remarkOf(record));
  return [
    `${paint(clock, dim)}  ${paint(outcome.padEnd(9), outcomeColours[outcome])}  ${rest}`,
    place(sets, '  '),
    ids === '' ? '' : paint(place(ids, ' '), dim),
    remark === '' ? '' : paint(place(remark, '  '), outcome === 'delivered' ? dim : outcomeColours[outcome]),
  ].join('');
}

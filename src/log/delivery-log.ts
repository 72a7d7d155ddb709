import { pino } from 'pino';
import { type ErrorCode, messageOf } from '../errors.js';
import type { Report } from '../report.js';
import type { DeliveredSet, DeliveryRecord } from '../schema-types.js';
import { openLineFile } from './line-file.js';
import { clipped, visible } from './visible.js';

/** Records that wait for a disk: about 20,000 of them. */
const maxWaitingBytes = 8 * 1024 * 1024;
const retryMs = 1_000;
const closeMs = 2_000;
/** The same trouble is not reported more often than this. */
const reportAgainMs = 10 * 60_000;

/** The schema's bounds of the two texts that come from outside. */
const maxError = 128;
const maxDetail = 1024;

export interface DeliveryLogOptions {
  /** Created with its folder where missing; mode 0640. One process writes it. */
  readonly file: string;
  /** A new file is begun rather than grow past it. 0: never. */
  readonly maxBytes: number;
  /** How many older files are kept: `file.1` is the newest of them. */
  readonly keep: number;
  readonly report: Report;
}

export interface DeliveryLog {
  /** Takes a record to be written soon. Never throws, never waits. */
  write(record: DeliveryRecord): void;
  /** Begins a new file at the path: for logrotate, after it has moved the old one. */
  reopen(): void;
  /** Writes what waits and closes. Resolves within two seconds, whatever the disk does; never rejects. */
  close(): Promise<void>;
  /** Writes what waits before it returns: for `process.on('exit')`. */
  flushSync(): void;
  /** `dropped`: lost because the file could not be written for too long. `error`: why it cannot be written now. */
  readonly status: { readonly written: number; readonly dropped: number; readonly error?: string };
}

/** The record's own members, in the schema's order and within its bounds: nothing else can get into a line. */
function asWritten(record: DeliveryRecord): DeliveryRecord {
  const { time, endpoint, outcome, batch, attempt, status, error, reason, detail } = record;
  const { durationMs, bytes, nextRetryAt, sets } = record;
  return {
    time,
    endpoint,
    outcome,
    ...(batch !== undefined && { batch }),
    attempt,
    ...(status !== undefined && { status }),
    ...(error !== undefined && { error: clipped(error, maxError) }),
    ...(reason !== undefined && { reason }),
    ...(detail !== undefined && { detail: clipped(detail, maxDetail) }),
    ...(durationMs !== undefined && { durationMs }),
    ...(bytes !== undefined && { bytes }),
    ...(nextRetryAt !== undefined && { nextRetryAt }),
    sets: sets.map(({ jti, event, user }): DeliveredSet => ({ jti, event, ...(user !== undefined && { user }) })),
  };
}

/**
 * The delivery log: one line of JSON per record (schemas/delivery-log.schema.json), rotated by size.
 *
 * A file that cannot be written does no harm to anyone else: the trouble is reported once per kind, records wait in
 * memory up to a bound, are counted as dropped past it, and the file is tried again every second.
 */
export function openDeliveryLog(options: DeliveryLogOptions): DeliveryLog {
  const { file, report } = options;
  const reportedAt = new Map<string, number>();
  let written = 0;
  let dropped = 0;
  let droppedBefore = 0;
  let failure: string | undefined;
  let told = false;

  function tell(kind: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const last = reportedAt.get(kind);
    if (last !== undefined && Date.now() - last < reportAgainMs) return;
    reportedAt.set(kind, Date.now());
    told = true;
    report('error', message, { code: 'SETWIRE_LOG_UNWRITABLE' satisfies ErrorCode, file, ...fields });
  }

  function drop(count: number): void {
    dropped += count;
    tell('dropped', 'the delivery log loses records', { why: failure ?? 'they come faster than the disk takes them' });
  }

  const lines = openLineFile({
    file,
    maxBytes: options.maxBytes,
    keep: options.keep,
    maxWaitingBytes,
    retryMs,
    onWritten(count) {
      written += count;
      if (failure === undefined) return;
      failure = undefined;
      if (told) report('info', 'the delivery log is written again', { file, lost: dropped - droppedBefore });
      told = false;
      droppedBefore = dropped;
    },
    onFailure(what, error) {
      const why = messageOf(error);
      const code = (error as NodeJS.ErrnoException | undefined)?.code ?? why;
      if (what === 'rotate') {
        tell(`rotate ${code}`, 'the delivery log cannot be rotated and grows on', { why });
      } else {
        failure = why;
        tell(`write ${code}`, 'the delivery log cannot be written', {
          why,
          note: 'records wait in memory, it is tried again',
        });
      }
    },
  });

  const logger = pino(
    {
      base: null,
      timestamp: false,
      formatters: { level: () => ({}) },
      // pino puts its own members before ours; without any, its comma is left over.
      hooks: { streamWrite: (line) => `{${visible(line.slice(2, -1))}\n` },
    },
    {
      write: (line: string) => {
        if (!lines.write(line)) drop(1);
      },
    },
  );

  return {
    write(record) {
      try {
        logger.info(asWritten(record));
      } catch (error) {
        dropped += 1;
        tell('record', 'a delivery record cannot be written', { why: messageOf(error) });
      }
    },
    reopen: lines.reopen,
    flushSync: lines.flushSync,
    async close() {
      const lost = await lines.close(closeMs);
      if (lost === 0) return;
      dropped += lost;
      report('error', 'the delivery log was closed with records that could not be written', {
        file,
        lost,
        why: failure ?? 'the disk does not answer',
      });
    },
    get status() {
      return { written, dropped, ...(failure !== undefined && { error: failure }) };
    },
  };
}

import { randomUUID } from 'node:crypto';
import { isatty } from 'node:tty';
import { merge, Subject } from 'rxjs';
import type { EndpointSettings, Settings } from './config/settings.js';
import { SetwireError } from './errors.js';
import { canonicalTypes, type ReportedEvent } from './events/identity-event.js';
import { acceptWith } from './events/intake.js';
import { type Flows, flowsOf } from './flows/flow.js';
import { hostOf } from './hosts/detect.js';
import type { JournalEntry } from './journal/journal.js';
import { memoryJournal } from './journal/memory.js';
import { recorderOf } from './journal/recorder.js';
import { openDeliveryLog } from './log/delivery-log.js';
import { operatorLog } from './log/operator-log.js';
import { reopenOnSighup } from './log/reopen-on-sighup.js';
import { userHashWith } from './log/user-hash.js';
import { type Report, tallyWith } from './report.js';
import type { CanonicalType, DeadReason, DeliveryRecord, IdentityEvent } from './schema-types.js';
import { makePing, profileOf } from './set/profiles.js';
import { deliverWith } from './transmitter/deliver.js';
import type { Answer } from './transmitter/endpoint.js';
import { lossRecords, type EndpointStatus, transmit } from './transmitter/pipeline.js';
import { checkQuery, selectOf } from './transmitter/select.js';
import { batchOf } from './transmitter/batch.js';

export type { Answer, Flows };
export { checkQuery, operatorLog };

/** So many events wait at most for a journal that is not ready. */
const maxPendingAppends = 10_000;

export interface AdapterOptions {
  /** The identity server to attach to; left out: only `emit` brings events. */
  readonly host?: unknown;
  /** Which kind it is; left out: found out. */
  readonly kind?: 'oidc-provider' | 'event-emitter';
  /** Where Setwire speaks about itself; left out: standard error, as `log.level` says. */
  readonly report?: Report;
}

export interface AdapterStatus {
  readonly state: 'starting' | 'running' | 'stopping' | 'stopped' | 'failed';
  /** Why it failed. */
  readonly error?: { readonly code: string; readonly message: string };
  /** Events since the start: taken in, refused by the schema, left out by sampling, lost before the journal. */
  readonly events?: { readonly accepted: number; readonly refused: number; readonly recorded: number; readonly lost: number };
  /** What the host's bus said and Setwire has no event for, by kind. */
  readonly unmapped?: Readonly<Record<string, number>>;
  readonly endpoints?: Readonly<Record<string, EndpointStatus>>;
  readonly log?: { readonly written: number; readonly dropped: number; readonly error?: string };
}

/** A running Setwire. */
export interface Adapter {
  /** Resolves when events can be delivered; rejects with the reason when they cannot. What is emitted before waits. */
  readonly ready: Promise<void>;
  /** The six flows, hot, for embedders; `other` has a host's own, namespaced types. */
  readonly flows: Flows;
  /**
   * Reports what the host's bus does not know. Resolves when the event is in the journal (or was left out by sampling).
   * A rejection that nobody waits for does not crash the process.
   *
   * @throws SetwireError (as a rejection) SETWIRE_EVENT_INVALID, SETWIRE_NOT_RUNNING, SETWIRE_OVERLOADED
   */
  emit(event: ReportedEvent): Promise<void>;
  /** Stops listening, delivers what waits for at most `stopTimeout`, and closes. What is left is logged as dead. Never rejects. */
  detach(): Promise<void>;
  status(): AdapterStatus;
}

/**
 * Builds every part and wires them: host, intake, flows, journal, one transmission per endpoint, delivery log.
 *
 * @throws SetwireError SETWIRE_HOST_UNSUPPORTED
 */
export function createAdapter(settings: Settings, options: AdapterOptions = {}): Adapter {
  const report = options.report ?? operatorLog(settings.log.level);
  const now = (): number => Date.now();
  const host = options.host === undefined ? undefined : hostOf(options.host, options.kind);

  const log = openDeliveryLog({ ...settings.log, report });
  const hashUser = userHashWith(settings.log.userKey);
  const endpoints = settings.endpoints.filter(({ enabled }) => enabled);
  const wants = new Map(endpoints.map((endpoint) => [endpoint.name, wantsOf(endpoint)]));
  const writeLoss = (reader: string, entries: readonly JournalEntry[], reason: DeadReason): number => {
    const records = lossRecords(reader, entries, { reason, wants: wants.get(reader) ?? (() => true), hashUser, now });
    for (const record of records) log.write(record);
    return records.reduce((sum, { sets }) => sum + sets.length, 0);
  };

  const journal = memoryJournal(settings.journal, ({ reader, entries }) => {
    const count = writeLoss(reader, entries, 'journal_overflow');
    if (count > 0) report('error', 'events lost: the journal is full', { endpoint: reader, events: count });
  });
  const opened = Promise.all(endpoints.map(({ name }) => journal.open(name))).then(() => undefined);

  const transmissions = endpoints.map((endpoint) => {
    const { deliver, close } = deliverWith(endpoint, { now });
    const transmission = transmit(endpoint, {
      journal,
      makeSet: profileOf(endpoint.profile).makeSetWith({
        claims: endpoint.claims,
        defaults: settings.defaults,
        ...(settings.issuer !== undefined && { issuer: settings.issuer }),
      }),
      wants: wantsOf(endpoint),
      deliver,
      hashUser,
      now,
      random: Math.random,
      report,
    });
    transmission.records.subscribe({ next: log.write, error: (error) => report('error', `${endpoint.name} stopped: ${messageOf(error)}`) });
    return { name: endpoint.name, transmission, close };
  });

  const recorder = recorderOf(journal, opened, maxPendingAppends, (event, error) => lostEvents.add(event.type, messageOf(error)));
  const inbox = new Subject<IdentityEvent>();
  const accept = acceptWith({ now, newId: randomUUID, issuer: settings.issuer ?? host?.issuer });
  const flows = flowsOf(inbox, settings.flows, {
    accept,
    onFailure: (error, event) => failed.add(event.type, messageOf(error)),
  });
  merge(...Object.values(flows)).subscribe({ next: recorder.record, error: (error) => report('error', `flows stopped: ${messageOf(error)}`) });
  return undefined as never;
}

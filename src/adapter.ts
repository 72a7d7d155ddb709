import { randomUUID } from 'node:crypto';
import { isatty } from 'node:tty';
import { merge, Subject } from 'rxjs';
import type { EndpointSettings, Settings } from './config/settings.js';
import { messageOf, SetwireError } from './errors.js';
import { canonicalTypes, type ReportedEvent } from './events/identity-event.js';
import { acceptWith, EventRefused } from './events/intake.js';
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
import type { DeadReason, IdentityEvent } from './schema-types.js';
import { makePing } from './set/profiles/wso2.js';
import { profileOf } from './set/profiles.js';
import { deliverWith } from './transmitter/deliver.js';
import type { Answer } from './transmitter/endpoint.js';
import { batchIdOf } from './transmitter/packer.js';
import { transmit } from './transmitter/pipeline.js';
import { deadRecords } from './transmitter/record.js';
import { checkQuery, matchesPattern, selectOf } from './transmitter/select.js';
import type { EndpointStatus } from './transmitter/status.js';

export type { Answer, EndpointStatus, Flows };
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
  readonly state: 'running' | 'stopping' | 'stopped' | 'failed';
  /** Why it failed. */
  readonly error?: { readonly code: string; readonly message: string };
  /** Events since the start: taken in, not accepted, and put into the journal (without what sampling left out, with what was derived). */
  readonly events?: { readonly accepted: number; readonly refused: number; readonly recorded: number };
  /** Events that were lost, by endpoint and reason. */
  readonly losses?: Readonly<Record<string, number>>;
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

/** Which events an endpoint gets: those it selects and its profile has a SET for. */
function wantsOf(endpoint: EndpointSettings): (event: IdentityEvent) => boolean {
  const selects = selectOf(endpoint);
  const { covers } = profileOf(endpoint.profile);
  return (event) => covers(event) && selects(event);
}

/**
 * Builds every part and wires them: host, intake, flows, journal, one transmission per endpoint, delivery log.
 *
 * @throws SetwireError SETWIRE_HOST_UNSUPPORTED
 */
export function createAdapter(settings: Settings, options: AdapterOptions = {}): Adapter {
  const report = options.report ?? operatorLog(settings.log.level);
  const now = (): number => Date.now();
  const host = 'host' in options ? hostOf(options.host, options.kind) : undefined;
  const issuer = settings.issuer ?? host?.issuer;
  const endpoints = settings.endpoints.filter(({ enabled }) => enabled);

  const log = openDeliveryLog({ ...settings.log, report });
  const stopReopening = isatty(0) ? () => undefined : reopenOnSighup(log);
  const hashUser = userHashWith(settings.log.userKey);

  const journal = memoryJournal(settings.journal, ({ reader, entries }) => {
    const transmission = transmissions.find(({ name }) => name === reader);
    // What has been read already is still under way, and not lost.
    if (transmission)
      lose(
        transmission,
        entries.filter(({ offset }) => !transmission.holds(offset)),
        'journal_overflow',
      );
  });
  const ready = Promise.all(endpoints.map(({ name }) => journal.open(name))).then(() => undefined);

  const transmissions = endpoints.map((endpoint) => {
    const wants = wantsOf(endpoint);
    const makeSet = profileOf(endpoint.profile).makeSetWith({
      claims: endpoint.claims,
      issuer,
      defaults: settings.defaults,
    });
    const { deliver, close } = deliverWith(endpoint, { now });
    const transmission = transmit(endpoint, {
      journal,
      makeSet,
      wants,
      deliver,
      hashUser,
      now,
      random: Math.random,
      report,
    });
    transmission.records.subscribe({ next: log.write });
    return { name: endpoint.name, wants, close, ...transmission };
  });

  const unmapped = tallyWith(report, 'not mapped');
  const refused = tallyWith(report, 'not accepted');
  const failed = tallyWith(report, 'flow failed');
  const losses = tallyWith(report, 'events are lost', 'error');
  const counts = { accepted: 0, refused: 0, recorded: 0 };

  const recorder = recorderOf(journal, ready, maxPendingAppends, (event, error) =>
    losses.add(`${event.type}: before the journal`, messageOf(error)),
  );
  const inbox = new Subject<IdentityEvent>();
  const accept = acceptWith({ now, newId: randomUUID, ...(issuer !== undefined && { issuer }) });
  const flows = flowsOf(inbox, settings.flows, {
    accept,
    onFailure: (error, event) => failed.add(event.type, messageOf(error)),
  });
  merge(...Object.values(flows)).subscribe({
    next(event) {
      counts.recorded += 1;
      recorder.record(event);
    },
  });

  function take(reported: unknown): IdentityEvent {
    if (state !== 'running')
      throw new SetwireError('SETWIRE_NOT_RUNNING', 'setwire has been detached: it takes no more events');
    try {
      const event = accept(reported);
      counts.accepted += 1;
      inbox.next(event);
      return event;
    } catch (error) {
      counts.refused += 1;
      // The message names members and rules, so it tells one mistake from another; it holds no value.
      refused.add(messageOf(error), error instanceof EventRefused ? error.rule : 'fault');
      throw error;
    }
  }

  async function emit(reported: unknown): Promise<void> {
    await recorder.recorded(take(reported));
  }

  function lose(
    { name, wants }: { name: string; wants: (event: IdentityEvent) => boolean },
    entries: readonly JournalEntry[],
    reason: DeadReason,
  ): void {
    const events = entries.map(({ event }) => event).filter(wants);
    for (const record of deadRecords(name, events, { reason }, { hashUser, now })) log.write(record);
    const why = 'each of them stands in the delivery log';
    if (events.length > 0) losses.add(`${name}: ${reason}`, why, events.length);
  }

  async function stopTransmissions(): Promise<void> {
    const timeout = new Promise<void>((resolve) => {
      setTimeout(resolve, settings.stopTimeoutMs).unref();
    });
    await Promise.race([Promise.all(transmissions.map(({ drain }) => drain())), timeout]);
    await Promise.all(
      transmissions.map(async (transmission) => {
        lose(transmission, await transmission.stop(), 'lost_on_exit');
        transmission.close();
      }),
    );
  }

  async function stop(): Promise<void> {
    state = 'stopping';
    stopListening();
    process.off('exit', warnOfLoss);
    await recorder.settled();
    inbox.complete();
    await stopTransmissions();
    await journal.close();
    stopReopening();
    await log.close();
    state = 'stopped';
  }

  /** A process that ends without `detach` takes what it holds with it: that is said while it still can be. */
  function warnOfLoss(): void {
    const events = Object.fromEntries(
      transmissions.map(({ name, status }) => [name, status().lag]).filter(([, lag]) => lag !== 0),
    );
    if (Object.keys(events).length > 0) report('error', 'the process ends without detach: events are lost', events);
    log.flushSync();
  }

  let state: 'running' | 'stopping' | 'stopped' = 'running';
  let stopped: Promise<void> | undefined;
  const stopListening = host?.on((event) => quietly(() => take(event)), unmapped.add) ?? (() => undefined);
  process.once('exit', warnOfLoss);
  if (settings.journal.kind === 'memory' && endpoints.length > 0) {
    report('info', 'events wait in memory: what is not delivered when the process ends is lost', {
      endpoints: endpoints.length,
    });
  }

  return {
    ready,
    flows,
    emit(event) {
      const emitted = emit(event);
      // Whoever does not wait for it has said that the outcome does not matter.
      emitted.catch(() => undefined);
      return emitted;
    },
    detach() {
      stopped ??= stop().catch((error: unknown) => report('error', `the stop failed: ${messageOf(error)}`));
      return stopped;
    },
    status: () => ({
      state,
      events: counts,
      losses: losses.counts(),
      unmapped: unmapped.counts(),
      endpoints: Object.fromEntries(transmissions.map(({ name, status }) => [name, status()])),
      log: log.status,
    }),
  };
}

/** For a caller whom no error may reach; it has been counted where it was thrown. */
function quietly(work: () => unknown): void {
  try {
    work();
  } catch {
    return;
  }
}

/** Which types an endpoint selects, and their event type URIs in its profile; undefined: the profile has none. */
export function eventTypesOf(
  endpoint: EndpointSettings,
): { readonly type: string; readonly uri: string | undefined }[] {
  const { eventTypeUris } = profileOf(endpoint.profile);
  return canonicalTypes
    .filter((type) => endpoint.events.some((pattern) => matchesPattern(pattern, type)))
    .map((type) => ({ type, uri: eventTypeUris[type] }));
}

/** Sends an endpoint one test SET, as it would send an event. */
export async function pingEndpoint(settings: Settings, endpoint: EndpointSettings): Promise<Answer> {
  const { deliver, close } = deliverWith(endpoint, { now: Date.now });
  const { issuer } = settings;
  const set = makePing({ id: randomUUID(), now: Date.now(), ...(issuer !== undefined && { issuer }) });
  try {
    return await deliver({ id: batchIdOf([set.jti]), sets: [set] }, new AbortController().signal);
  } finally {
    close();
  }
}

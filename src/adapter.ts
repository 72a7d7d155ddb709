import { randomUUID } from 'node:crypto';
import { isatty } from 'node:tty';
import { merge, Subject } from 'rxjs';
import { changedForNextStart } from './config/next-start.js';
import type { Settings } from './config/settings.js';
import { startDelivery } from './delivery/delivery.js';
import { wantsOf } from './delivery/wants.js';
import { messageOf, SetwireError } from './errors.js';
import { capturesOf } from './events/captures.js';
import type { ReportedEvent } from './events/identity-event.js';
import { type Captured, EventRefused, intakeWith } from './events/intake.js';
import { type Flows, flowsOf } from './flows/flow.js';
import { hostOf } from './hosts/detect.js';
import type { Detach, FormRequest, FormResponse, Host } from './hosts/host.js';
import { embeddedJournal } from './journal/embedded.js';
import type { JournalStatus } from './journal/journal.js';
import { memoryJournal } from './journal/memory.js';
import { recorderOf } from './journal/recorder.js';
import { operatorLog } from './log/operator-log.js';
import { reopenOnSighup } from './log/reopen-on-sighup.js';
import { type Report, tallyWith } from './report.js';
import type { IdentityEvent } from './schema-types.js';
import { type Handler, jwksHandlerOf } from './set/jwks-handler.js';
import { type KeptKeyRing, keyRingIn } from './set/key-ring.js';
import { keyRingFor } from './set/key-ring-of.js';
import { type EventTypesHandler, eventTypesHandlerOf } from './set/profiles/ssf-documents.js';
import { deliveryInThread, type InThread, type InThreadDeps } from './thread/delivery-in-thread.js';
import { isMeant } from './transmitter/resend.js';
import { checkQuery } from './transmitter/select.js';
import type { EndpointStatus } from './transmitter/status.js';
import { within } from './within.js';

export type { EndpointStatus, Flows, FormRequest, FormResponse, Handler, KeptKeyRing };
export { checkQuery, isMeant, keyRingFor, keyRingIn, operatorLog, wantsOf };

/** A login that failed at the host's form: what the form knows of it. What it leaves out is taken from the request. */
export type LoginFailure = Omit<ReportedEvent, 'type'>;

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
  /** Whether this process is the one that transmits. */
  readonly isTransmitting?: boolean;
  /** What is in the journal; `waiting`: events that are not in it yet. */
  readonly journal?: JournalStatus & { readonly waiting: number };
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
   * An event whose `id` is that of one in the journal is that one: it is not taken a second time.
   * A rejection that nobody waits for does not crash the process.
   *
   * @throws SetwireError (as a rejection) SETWIRE_EVENT_INVALID, SETWIRE_NOT_RUNNING, SETWIRE_OVERLOADED
   */
  emit(event: ReportedEvent): Promise<void>;
  /**
   * Reports a login that failed at the host's own form, as `login.failure` with what the host knows of the request: the
   * client that the login is for, the interaction's correlation id, the address and the user agent. Like `emit` otherwise.
   *
   * @throws SetwireError (as a rejection) as `emit`; SETWIRE_HOST_UNSUPPORTED where the host is no oidc-provider
   */
  loginFailed(request: FormRequest, response: FormResponse, failure?: LoginFailure): Promise<void>;
  /**
   * Listens to another bus of the same identity server as well, until `detach`, or until what it returns is called.
   *
   * @param host an oidc-provider `Provider`, a Node `EventEmitter` whose event names are the canonical types, or a `Host`
   * @throws SetwireError SETWIRE_HOST_UNSUPPORTED, SETWIRE_NOT_RUNNING
   */
  listen(host: unknown): Detach;
  /**
   * Stops listening, waits for requests that are under way, at most for `stopTimeout`, and closes. What is left in a journal
   * in memory is logged as dead; a journal on disk has it at the next start. Never rejects.
   */
  detach(): Promise<void>;
  status(): AdapterStatus;
  /**
   * Serves the JWK Set with which receivers verify SETs of the ssf profile: `(request, response)`, to mount in any Node
   * server, in each process of a cluster.
   */
  readonly jwksHandler: Handler;
  /**
   * Says over HTTP what our own event types of the ssf profile mean, as JSON Schemas: mount it where their URIs lead, at
   * `/ssf/event-type/` as a rule. It needs no authentication.
   */
  readonly eventTypesHandler: EventTypesHandler;
  /** The journal takes nothing for now: it cannot be written, or as much waits for it as `buffer` allows. */
  readonly isBehind: boolean;
  /** Takes over another config: its endpoints at once; what applies at the next start only is reported. */
  apply(settings: Settings): void;
}

/**
 * Builds every part and wires them: host, intake, flows, journal, delivery.
 *
 * @throws SetwireError SETWIRE_HOST_UNSUPPORTED
 */
export function createAdapter(settings: Settings, options: AdapterOptions = {}): Adapter {
  const report = options.report ?? operatorLog(settings.log.level);
  const now = (): number => Date.now();
  const host = 'host' in options ? hostOf(options.host, options.kind) : undefined;
  const issuer = settings.issuer ?? host?.issuer;
  const losses = tallyWith(report, 'events are lost', 'error');

  const { journal, delivery } = deliveryOf(settings, { report, losses, ...(issuer !== undefined && { issuer }) });
  const stopReopening = isatty(0) ? () => undefined : reopenOnSighup({ reopen: delivery.reopenLog });

  const keys = keyRingFor(settings.signing, now);
  const jwksHandler = jwksHandlerOf(keys, (error) =>
    report('error', 'the JWK Set cannot be served', { why: messageOf(error) }),
  );

  const unmapped = tallyWith(report, 'not mapped');
  const refused = tallyWith(report, 'not accepted');
  const failed = tallyWith(report, 'flow failed');
  const counts = { accepted: 0, refused: 0, recorded: 0 };

  const recorder = recorderOf(journal, delivery.ready, settings.buffer, (event, error) => {
    losses.add(`${event.type}: before the journal`, messageOf(error));
    delivery.miss(event);
  });
  /** Events whose id was given by who reported them: they may be reported again. */
  const named = new WeakSet<IdentityEvent>();
  const inbox = new Subject<IdentityEvent>();
  const intake = intakeWith({ now, newId: randomUUID, ...(issuer !== undefined && { issuer }) });
  const flows = flowsOf(inbox, settings.flows, {
    accept: (derived) => intake.accept(intake.capture(derived)),
    onFailure: (error, event) => failed.add(event.type, messageOf(error)),
  });
  merge(...Object.values(flows)).subscribe({
    next(event) {
      counts.recorded += 1;
      recorder.record(event, named.has(event));
    },
  });

  function take(captured: Captured): IdentityEvent {
    const isNamed = hasId(captured.copy);
    const event = intake.accept(captured);
    counts.accepted += 1;
    if (isNamed) {
      if (recorder.recorded(event) !== undefined || journal.holds(event.id)) return event;
      named.add(event);
    }
    inbox.next(event);
    return event;
  }

  function refuse(error: unknown): void {
    counts.refused += 1;
    // The message names members and rules, so it tells one mistake from another; it holds no value.
    refused.add(messageOf(error), error instanceof EventRefused ? error.rule : 'fault');
  }

  /** For a bus, which no error may reach. */
  const captures = capturesOf((captured) => {
    try {
      take(captured);
    } catch (error) {
      refuse(error);
    }
  });

  function hear(reported: ReportedEvent): void {
    try {
      captures.add(intake.capture(reported));
    } catch (error) {
      refuse(error);
    }
  }

  function emit(reported: unknown): Promise<void> {
    if (state !== 'running') {
      const why = 'setwire has been detached: it takes no more events';
      return Promise.reject(new SetwireError('SETWIRE_NOT_RUNNING', why));
    }
    // What a bus has announced before comes before it.
    captures.drain();
    try {
      return recorder.recorded(take(intake.capture(reported))) ?? Promise.resolve();
    } catch (error) {
      refuse(error);
      return Promise.reject(error);
    }
  }

  async function loginFailed(request: FormRequest, response: FormResponse, failure?: LoginFailure): Promise<void> {
    if (host?.loginContext === undefined)
      throw new SetwireError(
        'SETWIRE_HOST_UNSUPPORTED',
        `setwire knows no login form of this host: found ${host?.name ?? 'no host'}, allowed: oidc-provider; report it with emit`,
      );
    const time = now();
    const known = await host.loginContext(request, response);
    await emit({ time, ...known, ...failure, type: 'login.failure' });
  }

  /** Whoever does not wait for it has said that the outcome does not matter. */
  function unwatched(outcome: Promise<void>): Promise<void> {
    outcome.catch(() => undefined);
    return outcome;
  }

  function listen(to: Host): Detach {
    if (state !== 'running')
      throw new SetwireError('SETWIRE_NOT_RUNNING', 'setwire has been detached: it listens to no more hosts');
    const stopListening = to.on(hear, unmapped.add);
    const ear = { host: to, stopListening };
    ears.add(ear);
    return () => {
      if (ears.delete(ear)) stopListening();
    };
  }

  async function stop(): Promise<void> {
    const telling = [...ears].flatMap((ear) => ear.host.settled?.() ?? []);
    if (telling.length > 0) await within(current.stopTimeoutMs, Promise.all(telling));
    for (const { stopListening } of ears) stopListening();
    ears.clear();
    captures.drain();
    state = 'stopping';
    process.off('exit', warnOfLoss);
    inbox.complete();
    await within(current.stopTimeoutMs, recorder.settled());
    await delivery.stop(async () => {
      // What could not be written until now is lost, and counted.
      await journal.close();
      await recorder.settled();
    });
    stopReopening();
    state = 'stopped';
  }

  /** A process that ends without `detach` takes what it holds with it: that is said while it still can be. */
  function warnOfLoss(): void {
    captures.drain();
    const waiting = settings.journal === 'memory' ? Object.entries(delivery.status()) : [];
    const unwritten = recorder.pending - delivery.flush();
    const events = Object.fromEntries([
      ...waiting.map(([name, { lag }]) => [name, lag.events] as const).filter(([, lag]) => lag > 0),
      ...(unwritten > 0 ? [['not yet in the journal', unwritten] as const] : []),
    ]);
    if (Object.keys(events).length > 0) report('error', 'the process ends without detach: events are lost', events);
  }

  let current = settings;
  let state: 'running' | 'stopping' | 'stopped' = 'running';
  let stopped: Promise<void> | undefined;
  /** The hosts that are listened to. */
  const ears = new Set<{ readonly host: Host; readonly stopListening: Detach }>();
  if (host !== undefined) listen(host);
  process.once('exit', warnOfLoss);
  if (settings.journal === 'memory') {
    report('info', 'events wait in memory: what is not delivered when the process ends is lost');
  }

  return {
    ready: delivery.ready,
    flows,
    emit: (event) => unwatched(emit(event)),
    loginFailed: (...of) => unwatched(loginFailed(...of)),
    listen: (to) => listen(hostOf(to)),
    detach() {
      stopped ??= stop().catch((error: unknown) => report('error', `the stop failed: ${messageOf(error)}`));
      return stopped;
    },
    jwksHandler,
    get isBehind() {
      return recorder.isFull || journal.status.error !== undefined;
    },
    status() {
      captures.drain();
      return {
        state,
        events: counts,
        losses: losses.counts(),
        unmapped: unmapped.counts(),
        isTransmitting: delivery.isLeading,
        journal: { ...journal.status, waiting: recorder.pending },
        endpoints: delivery.status(),
        log: delivery.log,
      };
    },
    eventTypesHandler: eventTypesHandlerOf(() => ({ issuer: current.issuer ?? host?.issuer, ...current.ssf })),
    apply(next) {
      current = next;
      delivery.apply(next);
      const later = changedForNextStart(settings, next);
      if (later.length > 0) report('warn', 'some settings apply at the next start only', { settings: later });
    },
  };
}

const hasId = (copy: Captured['copy']): boolean =>
  typeof copy === 'object' && copy !== null && 'id' in copy && copy.id !== undefined;

/** Where the journal and the delivery run: with the host, or in a thread of their own. */
function deliveryOf(settings: Settings, deps: InThreadDeps): InThread {
  if (settings.transmitter === 'worker') return deliveryInThread(settings, deps);
  const journal =
    settings.journal === 'memory'
      ? memoryJournal(settings.buffer, (loss) => delivery.lose(loss))
      : embeddedJournal({ dataDir: settings.dataDir, durability: settings.durability, report: deps.report });
  const delivery = startDelivery(settings, { journal, ...deps });
  return { journal, delivery };
}

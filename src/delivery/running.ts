import type { EndpointSettings, Settings } from '../config/settings.js';
import type { Journal, JournalEntry, KnownReader } from '../journal/journal.js';
import type { Report } from '../report.js';
import type { DeliveryRecord } from '../schema-types.js';
import type { KeyRing } from '../set/key-ring.js';
import { profileOf } from '../set/profiles.js';
import { sealerOf } from '../set/sealer-of.js';
import { deliverWith } from '../transmitter/deliver.js';
import { fetchJwksWith } from '../transmitter/get.js';
import { type Transmission, transmit } from '../transmitter/pipeline.js';
import type { EndpointStatus } from '../transmitter/status.js';
import { wantsOf } from './wants.js';

export interface RunningDeps {
  readonly journal: Journal;
  readonly keys: KeyRing;
  readonly report: Report;
  readonly write: (record: DeliveryRecord) => void;
  readonly hashUser: (userId: string) => string;
  /** Milliseconds. */
  readonly now: () => number;
  /** Steady, in milliseconds. */
  readonly clock: () => number;
  /** What the host calls itself; the config comes first. */
  readonly issuer: string | undefined;
  /** false: only what is handed to a transmission's `resend` is sent. */
  readonly isLive: boolean;
  /** How endpoints were when a delivery that this one goes on with had ended: what was counted goes on. */
  readonly before: Readonly<Record<string, EndpointStatus>>;
  readonly fault: (what: string, error: unknown) => void;
}

/** What the endpoints that run are made from. */
export interface Wished {
  readonly settings: Settings;
  /** Of the key directory: an endpoint that signs is not begun without it. */
  readonly pairwiseSecret: Uint8Array | undefined;
}

/** The endpoints that are delivered to. */
export interface Running {
  /** Begins and stops endpoints until those run that should: by the config, and by what was disabled. */
  reconcile(wished: Wished): void;
  get(name: string): Transmission | undefined;
  all(): readonly Transmission[];
  /** Whether it is being stopped: it is begun anew only then. */
  isLeaving(name: string): boolean;
  /** Stops an endpoint; resolves with what is in the journal for it and not settled. */
  leave(name: string, limitMs: number): Promise<readonly JournalEntry[]>;
  /** Stops them all, those that are being stopped already included; resolves with what is left, by endpoint. */
  leaveAll(limitMs: () => number): Promise<readonly (readonly [name: string, left: readonly JournalEntry[]])[]>;
  /** How endpoints are, those that do not run included, by name. */
  status(endpoints: readonly EndpointSettings[], idle: 'standby' | 'stopped'): Record<string, EndpointStatus>;
}

export const isSealed = ({ profile }: EndpointSettings): boolean => profileOf(profile).isSealed;
export const enabledIn = ({ endpoints }: Settings): readonly EndpointSettings[] =>
  endpoints.filter(({ enabled }) => enabled);

interface Begun {
  readonly endpoint: EndpointSettings;
  readonly transmission: Transmission;
  stop(limitMs: number): Promise<readonly JournalEntry[]>;
}

export function runningWith(deps: RunningDeps): Running {
  const { journal, keys, report, hashUser, now, clock, isLive, fault } = deps;
  const running = new Map<string, Begun>();
  const leaving = new Map<string, { readonly stopped: Promise<unknown>; readonly transmission: Transmission }>();
  /** How endpoints were when they were stopped. */
  const before = new Map<string, EndpointStatus>(Object.entries(deps.before));
  const startedAt = now();

  function begin(endpoint: EndpointSettings, { settings, pairwiseSecret }: Wished): Begun {
    const { name, claims, profile, audience, subject } = endpoint;
    const { defaults, ssf, stopTimeoutMs } = settings;
    const issuer = settings.issuer ?? deps.issuer;
    const makeSets = profileOf(profile).makeSetsWith({
      ...ssf,
      endpoint: name,
      claims,
      issuer,
      defaults,
      audience,
      subject,
      pairwiseSecret,
    });
    const fetchJwks = fetchJwksWith(endpoint, now);
    const sealer = isSealed(endpoint) ? sealerOf(keys, endpoint, { fetchJwks, clock, report }) : undefined;
    const { deliver, shape, close } = deliverWith(endpoint, { now, ...(sealer && { sealer }) });
    const transmission = transmit(endpoint, {
      journal,
      makeSets,
      wants: wantsOf(endpoint),
      deliver,
      shape,
      hashUser,
      now,
      clock,
      random: Math.random,
      report,
      isLive,
      onDisabled: (reason) => disable(name, reason, stopTimeoutMs),
    });
    transmission.records.subscribe({ next: deps.write });
    return {
      endpoint,
      transmission,
      async stop(limitMs) {
        try {
          return await transmission.stop(limitMs);
        } finally {
          close();
        }
      },
    };
  }

  function disable(name: string, reason: string, limitMs: number): void {
    const note = `\`setwire endpoint enable ${name}\` goes on where it stopped`;
    report('error', 'endpoint disabled', { endpoint: name, why: reason, note });
    journal
      .disable(name, { reason, since: now() })
      // Whoever enables it a moment later finds it stopped, and so it is begun anew.
      .then(() => leave(name, limitMs))
      .catch((error: unknown) => fault('the status of an endpoint', error));
  }

  async function leave(name: string, limitMs: number): Promise<readonly JournalEntry[]> {
    const ended = running.get(name);
    running.delete(name);
    if (ended === undefined) return [];
    const stopped = ended.stop(limitMs).finally(() => {
      leaving.delete(name);
      before.set(name, summed(name, ended.transmission.status()));
    });
    leaving.set(name, { stopped, transmission: ended.transmission });
    return await stopped;
  }

  function summed(name: string, status: EndpointStatus): EndpointStatus {
    const { delivered = 0, retries = 0, dead = 0, lastSuccessAt } = before.get(name) ?? {};
    return {
      ...(lastSuccessAt !== undefined && { lastSuccessAt }),
      ...status,
      delivered: status.delivered + delivered,
      retries: status.retries + retries,
      dead: status.dead + dead,
    };
  }

  function ofIdle(
    { name, enabled }: EndpointSettings,
    state: 'standby' | 'stopped',
    { disabled, position }: Partial<KnownReader> = {},
  ): EndpointStatus {
    // One that is being stopped may still be sending.
    const last = leaving.get(name)?.transmission.status();
    const off = disabled ?? (enabled ? undefined : { reason: '`enabled: false` in the config', since: startedAt });
    const events = position === undefined ? 0 : Math.max(0, journal.end - position.next) + position.pending.length;
    return {
      state: off ? 'disabled' : state,
      ...(off && { reason: off.reason }),
      ...(last?.lastSuccessAt !== undefined && { lastSuccessAt: last.lastSuccessAt }),
      since: off?.since ?? startedAt,
      delivered: last?.delivered ?? 0,
      retries: last?.retries ?? 0,
      dead: last?.dead ?? 0,
      deadLetters: journal.deadLetters.count(name),
      unsettled: last?.unsettled ?? 0,
      lag: { events, seconds: 0 },
    };
  }

  return {
    reconcile(wished) {
      const { settings, pairwiseSecret } = wished;
      const disabled = new Set(journal.readers().flatMap((each) => (each.disabled ? each.reader : [])));
      const meant = new Map(enabledIn(settings).map((endpoint) => [endpoint.name, endpoint]));
      for (const [name, { endpoint }] of running) {
        if (meant.get(name) === endpoint && !disabled.has(name)) continue;
        leave(name, settings.stopTimeoutMs).catch((error: unknown) => fault('the stop of an endpoint', error));
      }
      for (const [name, endpoint] of meant) {
        const isHeldUp = leaving.has(name) || (isSealed(endpoint) && pairwiseSecret === undefined);
        if (!running.has(name) && !isHeldUp && !disabled.has(name)) running.set(name, begin(endpoint, wished));
      }
    },
    get: (name) => running.get(name)?.transmission,
    all: () => Array.from(running.values(), ({ transmission }) => transmission),
    isLeaving: (name) => leaving.has(name),
    leave,
    async leaveAll(limitMs) {
      const rests = await Promise.all(
        [...running.keys()].map(async (name) => [name, await leave(name, limitMs())] as const),
      );
      await Promise.allSettled(Array.from(leaving.values(), ({ stopped }) => stopped));
      return rests;
    },
    status(endpoints, idle) {
      const known = new Map(journal.readers().map((each) => [each.reader, each]));
      return Object.fromEntries(
        endpoints.map((endpoint) => {
          const own = running.get(endpoint.name)?.transmission.status();
          return [endpoint.name, summed(endpoint.name, own ?? ofIdle(endpoint, idle, known.get(endpoint.name)))];
        }),
      );
    },
  };
}

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { IntakeSettings, SourceSettings } from '../config/settings.js';
import { messageOf } from '../errors.js';
import type { ReportedEvent } from '../events/identity-event.js';
import { acceptWith } from '../events/intake.js';
import { type Report, tallyWith } from '../report.js';
import { answerTo } from './http.js';
import { identityEventSource } from './identity-event.js';
import { faultIn, type Keeper, keep } from './keep.js';
import { keycloakSource } from './keycloak.js';
import { keycloakEvents } from './keycloak-event.js';
import { recordIn } from './keycloak-log.js';
import { tailLog } from './log-tail.js';
import { type IntakeServer, startServer } from './server.js';
import type { HttpSource } from './source.js';
import { positionStoreAt } from './tail-position.js';
import { wso2Source } from './wso2.js';

export interface SourcesDeps {
  /** What takes the events. */
  readonly adapter: Omit<Keeper, 'check'>;
  /** How far logs have been read is kept in `sources` within it. */
  readonly dataDir: string;
  readonly report: Report;
  /** How soon a request is answered at the latest, in milliseconds; left out: soon enough for WSO2. */
  readonly answerWithinMs?: number;
}

/** The sources of an intake at work. */
export interface Sources {
  /** What it listens to, a line for each. */
  readonly lines: readonly string[];
  /** Takes nothing more, and resolves when what was taken is kept, or has taken longer than this (milliseconds). */
  stop(limitMs: number): Promise<void>;
}

type LogSettings = Extract<SourceSettings, { type: 'keycloak-log' }>;

function httpSourceOf(source: SourceSettings): HttpSource | undefined {
  switch (source.type) {
    case 'wso2':
      return wso2Source(source);
    case 'keycloak':
      return keycloakSource(source);
    case 'identity-event':
      return identityEventSource(source);
    case 'keycloak-log':
      return undefined;
  }
}

/** While the journal is behind, what a log says waits in the log. */
const tryAgainMs = 500;

/**
 * Starts all sources.
 *
 * @throws Error where it cannot listen
 */
export async function startSources({ listen, maxBytes, sources }: IntakeSettings, deps: SourcesDeps): Promise<Sources> {
  const { adapter, dataDir, report, answerWithinMs: withinMs } = deps;
  const accept = acceptWith({ now: Date.now, newId: randomUUID });
  const keeper: Keeper = {
    emit: (event) => adapter.emit(event),
    get isBehind() {
      return adapter.isBehind;
    },
    check: (event) => void accept(event),
  };
  const refused = tallyWith(report, 'not taken');
  const unmapped = tallyWith(report, 'not mapped');
  const ending = new AbortController();

  /** What cannot be taken is counted, and the rest goes on: nobody could mend a log. */
  function takerOf({ name }: LogSettings): (lines: readonly string[]) => Promise<boolean> {
    const eventsOf = keycloakEvents(name);
    function eventsIn(line: string): readonly ReportedEvent[] {
      const record = recordIn(line);
      if (record === 'none') return [];
      if (record === 'unknown') {
        unmapped.add(`${name}: a line of another form`, 'values in double quotes are wanted');
        return [];
      }
      const reading = eventsOf(record);
      if (reading.kind === 'wrong') return [];
      if (reading.unmapped !== undefined) unmapped.add(`${name}: ${reading.unmapped}`, 'Setwire has no event for it');
      return reading.events.filter((event) => {
        const fault = faultIn(event, keeper);
        if (fault !== undefined) refused.add(`${name}: ${event.type}`, fault);
        return fault === undefined;
      });
    }
    return async (lines) => {
      const events = lines.flatMap(eventsIn);
      while (!ending.signal.aborted) {
        const { kind } = await keep({ kind: 'events', events }, keeper);
        if (kind === 'kept') return true;
        await delay(tryAgainMs, undefined, { signal: ending.signal }).catch(() => undefined);
      }
      return false;
    };
  }

  const logs = sources.filter((source): source is LogSettings => source.type === 'keycloak-log');
  const posted = sources.flatMap((source) => httpSourceOf(source) ?? []);
  const byPath = new Map(posted.map((source) => [source.path, source]));
  const onFault = (error: unknown): void => refused.add('a fault of setwire', messageOf(error));
  let server: IntakeServer | undefined;
  if (posted.length > 0) {
    const deps = {
      keeper,
      maxBytes,
      ...(withinMs !== undefined && { withinMs }),
      onRefused: (name: string, { status, why = '' }: { status: number; why?: string }) =>
        refused.add(`${name}: ${status}`, why),
      onUnmapped: (name: string, kind: string) => unmapped.add(`${name}: ${kind}`, 'Setwire has no event for it'),
    };
    server = await startServer(listen, (request) => answerTo(request, byPath, deps), onFault);
  }
  const tails = logs.map((log) =>
    tailLog({
      ...log,
      positions: positionStoreAt(join(dataDir, 'sources', `${log.name}.json`)),
      take: takerOf(log),
      report,
      signal: ending.signal,
    }),
  );

  await Promise.all(tails.map(({ begun }) => begun));

  return {
    lines: [
      ...posted.map(({ name, path }) => `${server?.address}${path} (${name})`),
      ...logs.map(({ name, file }) => `${file} (${name})`),
    ],
    async stop(limitMs) {
      ending.abort();
      // A log's reader may wait for the journal; what it has not been rid of it reads again.
      await Promise.all([
        server?.stop(limitMs),
        Promise.race([Promise.all(tails.map(({ ended }) => ended)), delay(limitMs, undefined, { ref: false })]),
      ]);
    },
  };
}

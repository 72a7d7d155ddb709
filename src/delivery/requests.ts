import type { EndpointSettings } from '../config/settings.js';
import type { Journal } from '../journal/journal.js';
import type { Progress } from '../journal/requests.js';
import { resendOf } from '../transmitter/resend.js';
import type { Running } from './running.js';

/** How often is told how far a request is. */
const tellMs = 250;
/** A request that has been done is kept for who has asked, for so long. */
const keepMs = 3_600_000;

export interface RequestsDeps {
  readonly journal: Journal;
  readonly running: Pick<Running, 'get' | 'isLeaving'>;
  /** The endpoints that are enabled. */
  readonly endpoints: () => readonly EndpointSettings[];
  readonly now: () => number;
  readonly fault: (what: string, error: unknown) => void;
}

/** Takes up what operators have asked for, each time it is called, and lets go of what was done long ago. */
export function requestsWith({ journal, running, endpoints, now, fault }: RequestsDeps): () => void {
  const underWay = new Set<string>();

  async function resend(id: string): Promise<void> {
    const request = journal.requests.get(id);
    if (request === undefined) return;
    const { endpoint } = request;
    const failed = (error: string): Promise<void> =>
      journal.requests.report(id, { ...request.progress, state: 'failed', error });
    const transmission = running.get(endpoint);
    if (transmission === undefined) {
      if (running.isLeaving(endpoint)) return;
      const isKnown = endpoints().some(({ name }) => name === endpoint);
      return failed(isKnown ? 'the endpoint is disabled' : 'the config has no such endpoint, or not enabled');
    }
    const sending = resendOf(request, journal, transmission);
    const telling = setInterval(() => {
      journal.requests
        .report(id, sending.progress)
        .catch((error: unknown) => fault('the progress of a request', error));
    }, tellMs);
    telling.unref();
    try {
      await transmission.resend(sending);
      // One that was stopped halfway goes on when its endpoint does.
      const state: Progress['state'] = running.get(endpoint) === transmission ? 'done' : 'waiting';
      await journal.requests.report(id, { ...sending.progress, state });
    } finally {
      clearInterval(telling);
    }
  }

  return () => {
    for (const { id, askedAt, progress } of journal.requests.all()) {
      if (progress.state === 'done' || progress.state === 'failed') {
        if (now() - askedAt <= keepMs) continue;
        journal.requests.remove(id).catch((error: unknown) => fault('a request that is done', error));
      } else if (!underWay.has(id)) {
        underWay.add(id);
        resend(id)
          .catch((error: unknown) => fault('a request to send again', error))
          .finally(() => underWay.delete(id));
      }
    }
  };
}

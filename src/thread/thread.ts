import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { deferred } from '../deferred.js';
import type { Report } from '../report.js';
import type { Begin, News, Order } from './terms.js';

/** A thread that has lived so long has not ended by what it began with. */
const soundMs = 60_000;
const firstHoldMs = 100;
const longestHoldMs = 60_000;
/** What waits for the journal does not wait long for another thread, unless none comes about. */
const againMs = 100;

/** Half of Node's own limit for what is new: the process needs some 20 MB less, and nothing becomes slower. */
const resourceLimits = { maxYoungGenerationSizeMb: 24 };

/** A worker thread, and another one whenever it ends without having been told to. */
export interface Thread {
  /** To the one that runs now; lost if there is none. */
  post(order: Order): void;
  /** The one that runs now is to end: no other one takes its place. Ended by force after the time. Resolves when it has. */
  end(limitMs: number): Promise<void>;
}

export interface ThreadDeps {
  /** What the next one begins with. */
  readonly begin: (holdMs: number) => Begin;
  readonly onNews: (news: News) => void;
  /** It has ended without having been told to, or could not be begun. */
  readonly onCrash: () => void;
  readonly report: Report;
}

/** From its sources, as tests run it, the thread has to be given what turns TypeScript into JavaScript. */
function program(): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL('../worker.js', import.meta.url);
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'));
  const loader = new URL('dist/esm/api/index.mjs', tsx);
  const file = new URL('../worker.ts', import.meta.url);
  const source = `import { register } from '${loader}'; register(); await import('${file}');`;
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

/** Where an error comes from. Its own words may hold a value of an event: they are not repeated. */
function originOf(error: unknown): Record<string, string> {
  const { name, code, stack } = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  const [, at] = /\n\s+at (.{1,200})/.exec(String(stack)) ?? [];
  return {
    why: [name, code].filter((word) => typeof word === 'string').join(' ') || 'a value that is no error was thrown',
    ...(at !== undefined && { at }),
  };
}

/** Begins it at once. */
export function keepThread({ begin, onNews, onCrash, report }: ThreadDeps): Thread {
  let worker: Worker | undefined;
  let crashes = 0;
  let isEnding = false;
  let again: NodeJS.Timeout | undefined;
  const ended = deferred();

  function crashed(livedMs: number, hadBegun: boolean, error: unknown, exitCode: number): void {
    worker = undefined;
    if (isEnding) {
      if (exitCode !== 0) report('error', 'the thread of the delivery crashed while it was stopped', originOf(error));
      ended.resolve();
      return;
    }
    crashes = livedMs > soundMs ? 1 : crashes + 1;
    const holdMs = crashes === 1 ? 0 : Math.min(longestHoldMs, firstHoldMs * 2 ** (crashes - 2));
    const origin = error === undefined ? { why: `it ended with code ${exitCode}` } : originOf(error);
    report('error', 'the thread of the delivery has crashed; another one takes its place', {
      ...origin,
      ...(holdMs > 0 && { sendsAgainInMs: holdMs }),
    });
    onCrash();
    const waitMs = hadBegun ? againMs : Math.max(againMs, holdMs);
    again = setTimeout(() => start(hadBegun ? holdMs : 0), waitMs).unref();
  }

  function start(holdMs: number): void {
    const startedAt = performance.now();
    let hadBegun = false;
    let thrown: unknown;
    // Were its output joined to the process's own, that would change how the host's pipes behave (they would no longer block).
    const streams = { stdout: true, stderr: true };
    const started = new Worker(program(), { name: 'setwire', workerData: begin(holdMs), resourceLimits, ...streams });
    started.stdout.resume();
    started.stderr.resume();
    // A host that has nothing else to do ends; what is not delivered is in the journal.
    started.unref();
    started.on('message', (news: News) => {
      hadBegun ||= news.kind === 'begun';
      onNews(news);
    });
    started.on('error', (error: unknown) => {
      thrown = error;
    });
    started.on('exit', (code) => crashed(performance.now() - startedAt, hadBegun, thrown, code));
    worker = started;
  }

  start(0);
  return {
    post: (order) => worker?.postMessage(order),
    async end(limitMs) {
      isEnding = true;
      clearTimeout(again);
      if (worker === undefined) return;
      // Whoever waits for it must not end before.
      worker.ref();
      const limit = setTimeout(() => {
        report('error', 'the thread of the delivery did not stop in time: it is ended');
        void worker?.terminate();
      }, limitMs);
      await ended.promise;
      clearTimeout(limit);
    },
  };
}

import { resolve } from 'node:path';
import { checkQuery, operatorLog } from '../adapter.js';
import { formatProblems, loadConfig } from '../config/load.js';
import { startDelivery } from '../delivery/delivery.js';
import { ConfigError } from '../errors.js';
import type { Journal } from '../journal/journal.js';
import type { Progress, Wish } from '../journal/requests.js';
import { newRequestId } from '../journal/requests.js';
import { tallyWith } from '../report.js';
import type { Io } from './io.js';

const lookMs = 100;
/** A process that transmits takes a request up within a moment. */
const takenUpMs = 3000;

export interface Resend {
  readonly endpoint: string;
  readonly wish: Wish;
  /** Events a second at most. */
  readonly rate: number;
  /** The config file, for the case that no process transmits. */
  readonly config: string | undefined;
}

/**
 * Asks the process that transmits to send something again, and watches it do so; where there is none, this one does it.
 *
 * @returns the exit code: 1 where something could not be delivered
 */
export async function resend(journal: Journal, { endpoint, wish, rate, config }: Resend, io: Io): Promise<number> {
  const now = Date.now();
  const id = newRequestId(now);
  const start = wish.kind === 'replay' ? wish.from : 0;
  const progress: Progress = { state: 'waiting', cursor: start, delivered: 0, dead: 0, skipped: 0 };
  await journal.requests.ask({ id, endpoint, wish, rate, askedAt: now, progress });
  const stop = journal.isLed ? undefined : startHere(journal, config, io);
  if (!journal.isLed && stop === undefined) {
    io.stdout.write('nothing transmits now: it is done when setwire next runs\n');
    return 0;
  }
  try {
    return await watch(journal, id, io, stop !== undefined);
  } finally {
    await stop?.();
  }
}

/** Transmits what has been asked for, and nothing else; undefined where the config does not allow it. */
function startHere(journal: Journal, config: string | undefined, io: Io): (() => Promise<void>) | undefined {
  const file = resolve(io.cwd, config ?? 'setwire.yaml');
  try {
    const settings = loadConfig(file, { env: io.env, checkQuery });
    const report = operatorLog('error');
    const losses = tallyWith(report, 'events are lost', 'error');
    const delivery = startDelivery(settings, { journal, report, losses, isLive: false });
    return delivery.stop;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    io.stderr.write(`${formatProblems(error.problems)}\n`);
    return undefined;
  }
}

const wordsOf = ({ delivered, dead, skipped }: Progress): string =>
  [`${delivered} delivered`, dead > 0 && `${dead} dead`, skipped > 0 && `${skipped} not sent`]
    .filter(Boolean)
    .join(', ');

async function watch(journal: Journal, id: string, io: Io, isHere: boolean): Promise<number> {
  const began = Date.now();
  let said = '';
  for (;;) {
    const request = journal.requests.get(id);
    if (request === undefined) return 0;
    const { progress } = request;
    const words = wordsOf(progress);
    if (io.stdout.isTTY === true && words !== said && progress.state === 'running') io.stdout.write(`\r${words} `);
    said = words;
    if (progress.state === 'done' || progress.state === 'failed') {
      await journal.requests.remove(id);
      const lead = io.stdout.isTTY === true ? '\r' : '';
      if (progress.state === 'failed') {
        io.stderr.write(`${lead}${progress.error}\n`);
        return 1;
      }
      io.stdout.write(`${lead}${words}\n`);
      return progress.dead > 0 ? 1 : 0;
    }
    if (io.signal.aborted) {
      if (isHere) await journal.requests.remove(id);
      io.stdout.write(`\n${words}; ${isHere ? 'stopped' : 'it goes on without being watched'}\n`);
      return 130;
    }
    if (progress.state === 'waiting' && !journal.isLed && Date.now() - began > takenUpMs) {
      io.stdout.write('nothing transmits now: it is done when setwire next runs\n');
      return 0;
    }
    await new Promise((done) => setTimeout(done, lookMs));
  }
}

import { Low } from 'lowdb';
import { JSONFile } from 'lowdb/node';
import { messageOf } from '../errors.js';
import type { Report } from '../report.js';
import type { EndpointStatus } from './status.js';

/** What stands in `state.json`, for people and scripts: nothing is read back from it. */
export interface State {
  /** RFC 3339 in UTC. */
  readonly writtenAt: string;
  /** Id of the process that transmits. */
  readonly pid: number;
  readonly journal: { readonly events: number; readonly bytes: number; readonly error?: string };
  readonly endpoints: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const timeOf = (ms: number): string => new Date(ms).toISOString();

/** An endpoint's status as a person reads it: times in RFC 3339. */
export function readable({ since, lastSuccessAt, ...status }: EndpointStatus): Record<string, unknown> {
  const { state, reason, ...rest } = status;
  return {
    state,
    ...(reason !== undefined && { reason }),
    since: timeOf(since),
    ...(lastSuccessAt !== undefined && { lastSuccess: timeOf(lastSuccessAt) }),
    ...rest,
  };
}

/**
 * Keeps `state.json`. Each writing replaces the whole file at once, so that whoever reads it never sees half of one.
 * One that cannot be written is reported once, and delivery goes on.
 */
export function stateFileAt(
  file: string,
  report: Report,
): { write(state: State): Promise<void>; readonly error?: string } {
  const db = new Low<State | null>(new JSONFile(file), null);
  let failure: string | undefined;
  let told = '';
  return {
    async write(state) {
      const { writtenAt: _, ...facts } = state;
      const text = JSON.stringify(facts);
      if (text === told) return;
      try {
        db.data = state;
        await db.write();
        told = text;
        if (failure !== undefined) report('info', 'the state file is written again', { file });
        failure = undefined;
      } catch (error) {
        const why = messageOf(error);
        if (failure !== why) report('error', 'the state file cannot be written', { file, why });
        failure = why;
      }
    },
    get error() {
      return failure;
    },
  };
}

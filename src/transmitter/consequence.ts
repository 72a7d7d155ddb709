import type { DeliveryRecord } from '../schema-types.js';
import type { Decision, Fate } from './decision.js';
import type { Answer } from './endpoint.js';
import { type Ledger, unsettledOf } from './ledger.js';
import { batchOf, type Packer } from './packer.js';
import type { PackedBatch, Parcel } from './parcel.js';
import { attemptRecord, type Verdict } from './record.js';
import type { Settlement } from './settlement.js';
import { type Again, first, type Trying } from './trying.js';

export interface ConsequenceDeps {
  readonly endpoint: string;
  readonly settlement: Settlement;
  readonly ledger: Ledger;
  readonly halve: Packer['halve'];
  /** Batches whose first attempt is to be made. */
  readonly send: (trying: Trying) => void;
  readonly tell: (record: DeliveryRecord) => void;
  /** Milliseconds. */
  readonly now: () => number;
  /** Steady, in milliseconds. */
  readonly clock: () => number;
  /** Aborted: nothing more is begun. */
  readonly closing: AbortSignal;
}

/** What is done once it is decided what an attempt has come to. */
export interface Consequence {
  /** Settles what has come to its end, and tells it; what is given is tried again. */
  follow(decision: Decision, answer: Answer, trying: Trying): Promise<Again | undefined>;
  /** So many attempts were to be made again. */
  readonly retries: number;
}

type Partly = Decision & { readonly kind: 'partly' };

export function consequenceWith(deps: ConsequenceDeps): Consequence {
  const { endpoint, settlement, ledger, halve, send, tell, now, clock, closing } = deps;
  let retries = 0;

  const timeIn = (ms: number): string => new Date(now() + ms).toISOString();

  function record(batch: PackedBatch, answer: Answer, verdict: Verdict): void {
    const attempt = Math.max(...batch.parcels.map(({ tries }) => tries.attempts));
    tell(attemptRecord(endpoint, batch, attempt, answer, verdict, now()));
  }

  async function followAll(
    decision: Exclude<Decision, Partly>,
    answer: Answer,
    trying: Trying,
  ): Promise<Again | undefined> {
    const { batch } = trying;
    const { parcels } = batch;
    const words = wordsOf(decision);
    switch (decision.kind) {
      case 'delivered':
        await settlement.deliver(parcels, () => record(batch, answer, { outcome: 'delivered', ...words }));
        return undefined;
      case 'dead': {
        const { reason } = decision;
        const why = { reason, ...words, answer };
        await settlement.bury(
          parcels,
          () => why,
          () => record(batch, answer, { outcome: 'dead', reason, ...words }),
        );
        return undefined;
      }
      case 'halve':
        retries += 1;
        record(batch, answer, { outcome: 'retry', ...words, detail: `${decision.detail}; it is tried in halves` });
        for (const half of halve(batch)) {
          const [only] = half.parcels.length === 1 ? half.parcels : [];
          if (only) only.tries.alone ??= { failures: 0, since: clock() };
          send(first(half));
        }
        return undefined;
      case 'retry':
        if (closing.aborted) {
          record(batch, answer, { outcome: 'retry', ...words });
          return undefined;
        }
        retries += 1;
        record(batch, answer, { outcome: 'retry', ...words, nextRetryAt: timeIn(decision.inMs) });
        return { again: trying, inMs: decision.inMs };
      case 'disable': {
        const detail = `${decision.detail}; nothing is sent until it is enabled`;
        record(batch, answer, { outcome: 'retry', ...words, detail });
        return undefined;
      }
    }
  }

  /** Each SET as it was answered, now or late; those that were not are sent again after a while, unless an answer comes. */
  async function followEach({ fates, inMs, detail }: Partly, answer: Answer, { batch, unanswered }: Trying) {
    const settled = [...fates].filter(([, { kind }]) => kind !== 'again');
    for (const { fate, members } of groupedByFate(settled.map(([jti, fate]) => [fate, ledger.of(jti)]))) {
      const parcels = members.map(([parcel]) => parcel).filter(({ isSettled }) => !isSettled);
      if (parcels.length === 0) continue;
      if (fate.kind === 'dead') {
        const told = { reason: fate.reason, ...wordsOf(fate) };
        const texts = new Map(members);
        await settlement.bury(
          parcels,
          (parcel) => ({ ...told, answer: answerAbout(answer, texts.get(parcel)) }),
          () => record(batchOf(parcels), answer, { outcome: 'dead', ...told }),
        );
      } else {
        const verdict = { outcome: 'delivered', ...(detail !== undefined && { detail }) } as const;
        await settlement.deliver(parcels, () => record(batchOf(parcels), answer, verdict));
      }
    }
    const rest = unsettledOf(batch);
    if (rest.parcels.length === 0) return undefined;
    ledger.leftOpen(rest.parcels);
    retries += 1;
    const verdict = { outcome: 'retry', detail: 'not answered yet' } as const;
    record(rest, answer, { ...verdict, ...(!closing.aborted && { nextRetryAt: timeIn(inMs) }) });
    return { again: { ...first(rest), unanswered: unanswered + 1 }, inMs };
  }

  return {
    async follow(decision, answer, trying) {
      if (decision.kind === 'partly') return await followEach(decision, answer, trying);
      return trying.batch.parcels.length === 0 ? undefined : await followAll(decision, answer, trying);
    },
    get retries() {
      return retries;
    },
  };
}

function wordsOf({ detail, error }: { readonly detail?: string; readonly error?: string }) {
  return { ...(detail !== undefined && { detail }), ...(error !== undefined && { error }) };
}

interface FateGroup {
  readonly fate: Exclude<Fate, { kind: 'again' }>;
  /** With what the receiver has said of each. */
  readonly members: (readonly [Parcel, string | undefined])[];
}

/** What ends in the same way, for the same reason, is told together. */
function groupedByFate(fates: readonly (readonly [Fate, readonly Parcel[]])[]): FateGroup[] {
  const groups = new Map<string, FateGroup>();
  for (const [fate, parcels] of fates) {
    if (fate.kind === 'again') continue;
    const [key, text] = fate.kind === 'dead' ? [`${fate.reason} ${fate.error}`, fate.text] : [fate.kind, undefined];
    const group = groups.get(key) ?? { fate, members: [] };
    groups.set(key, group);
    group.members.push(...parcels.map((parcel) => [parcel, text] as const));
  }
  return [...groups.values()];
}

/** Of an answer about many SETs what it says of one. */
const answerAbout = (answer: Answer, text = ''): Answer =>
  answer.kind === 'answer' ? { ...answer, body: text } : answer;

import type { BatchSize } from './batch-size.js';
import type { Permit } from './breaker.js';
import type { Consequence } from './consequence.js';
import { type Decision, decide, type Fate, type Tried } from './decision.js';
import type { Answer, Deliver, Endpoint } from './endpoint.js';
import type { Gate } from './gate.js';
import type { LateAnswers } from './late-answers.js';
import { type Ledger, triedOf, unsettledOf } from './ledger.js';
import type { Packer } from './packer.js';
import type { PackedBatch, Parcel } from './parcel.js';
import type { Standing } from './standing.js';
import type { Again, Trying } from './trying.js';

export interface AttemptDeps {
  readonly gate: Gate;
  readonly size: BatchSize;
  readonly standing: Standing;
  readonly ledger: Ledger;
  readonly lateAnswers: LateAnswers;
  readonly halve: Packer['halve'];
  /** Batches that are to be tried instead. */
  readonly send: (trying: Trying) => void;
  readonly deliver: Deliver;
  readonly follow: Consequence['follow'];
  /** Milliseconds. */
  readonly now: () => number;
  /** Steady, in milliseconds. */
  readonly clock: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  /** Aborted: requests under way are cut short. */
  readonly stopping: AbortSignal;
}

/**
 * Makes one attempt: waits for leave, sends, decides what the answer means, and does it. What is given is tried again.
 *
 * @throws (as a rejection) where that cannot be done, as when the journal cannot be written: the batch is as it was
 */
export function attemptWith(
  endpoint: Pick<Endpoint, 'delivery' | 'retry'>,
  deps: AttemptDeps,
): (trying: Trying) => Promise<Again | undefined> {
  const { gate, size, standing, ledger, lateAnswers, halve, send, deliver, follow, now, clock, random, stopping } =
    deps;
  /** By itself, now or later. */
  const isEachAnswered = endpoint.delivery === 'multi-push';

  async function answerTo({ id, parcels }: PackedBatch): Promise<Answer> {
    try {
      const sets = parcels.map(({ set, held }) => ({ ...set, time: held.event.time }));
      return await deliver({ id, sets }, stopping);
    } catch {
      const detail = 'the request could not be made';
      return { kind: 'failure', code: 'REQUEST_NOT_MADE', detail, durationMs: 0, bytes: 0 };
    }
  }

  function begin(parcels: readonly Parcel[]): void {
    const begun = clock();
    for (const { held, tries } of parcels) {
      tries.attempts += 1;
      tries.firstAt ??= begun;
      held.tries.attempts = Math.max(held.tries.attempts, tries.attempts);
      held.tries.firstAt ??= begun;
    }
    if (isEachAnswered) ledger.sent(parcels);
  }

  function whatWasTried({ batch: { parcels }, failures, unanswered }: Trying): Tried {
    const only = parcels.length === 1 ? parcels[0]?.tries : undefined;
    if (only?.alone) only.alone.failures += 1;
    const hasOthersPassed = only?.alone !== undefined && standing.lastArrival > only.alone.since;
    const tried = parcels.map((parcel) => triedOf(parcel, clock()));
    return {
      sets: parcels.length,
      failures: failures + 1,
      // A poll has nothing that could lose patience.
      attempts: parcels.length === 0 ? 0 : Math.min(...tried.map(({ attempts }) => attempts)),
      forMs: parcels.length === 0 ? 0 : Math.min(...tried.map(({ forMs }) => forMs)),
      aloneFailures: hasOthersPassed ? (only?.alone?.failures ?? 0) : 0,
      unanswered,
      ...(isEachAnswered && { each: { jtis: parcels.map(({ set }) => set.jti), known: ledger.known } }),
    };
  }

  /** What an attempt says about the endpoint. */
  function note(decision: Decision, permit: Permit, sets: number): void {
    const at = clock();
    const isTaken = decision.kind === 'delivered' || decision.kind === 'partly';
    if (isTaken) size.taken(sets, at);
    if (decision.kind === 'halve' && decision.isTooLarge) size.refused(sets, at);
    if (decision.kind === 'delivered' || (decision.kind === 'partly' && [...decision.fates.values()].some(isDelivered)))
      standing.arrived(at);
    if (isTaken || !decision.isTrouble) {
      gate.succeeded(at);
      standing.become('active');
    } else {
      gate.failed(permit, at, decision.kind === 'retry' ? decision.waitMs : undefined);
      const failing = gate.isOpen ? 'open' : 'failing';
      const to = decision.isUnauthorised === true ? 'unauthorised' : failing;
      standing.become(decision.kind === 'disable' ? 'disabled' : to, decision.detail);
    }
  }

  return async (trying) => {
    const permit = await gate.pass();
    if (permit === undefined) return undefined;
    const batch = unsettledOf(trying.batch);
    const { parcels } = batch;
    if (parcels.length === 0 && trying.isPoll !== true) {
      gate.returned(permit);
      return undefined;
    }
    // Packed before it turned out that so many are too many.
    if (parcels.length > size.max && trying.failures === 0) {
      gate.returned(permit);
      for (const half of halve(batch)) send({ ...trying, batch: half });
      return undefined;
    }
    begin(parcels);
    const answer = await answerTo(batch);
    if (answer.kind === 'failure' && stopping.aborted) {
      gate.returned(permit);
      return undefined;
    }
    const tried = whatWasTried({ ...trying, batch });
    const decision = decide(answer, tried, endpoint, { now: now(), random });
    note(decision, permit, parcels.length);
    try {
      // What the answer to another request has settled in the meantime is none of this one's.
      return await follow(decision, answer, { ...trying, batch: unsettledOf(batch), failures: tried.failures });
    } finally {
      if (isEachAnswered) lateAnswers.heard(decision, trying.isPoll === true);
    }
  };
}

const isDelivered = ({ kind }: Fate): boolean => kind === 'delivered';

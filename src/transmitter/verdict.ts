import type { Answer, Endpoint } from './endpoint.js';
import { answersOf } from './formats/multi-push.js';

/** What a receiver made of a SET that was sent alone. */
export interface Verdict {
  readonly isTaken: boolean;
  /** What it says of the SET, where the status alone does not tell. */
  readonly says?: string;
}

/** With `multi-push` a success is about the request: whether the SET was taken stands beside its `jti`. */
export function verdictOf(answer: Answer, jti: string, delivery: Endpoint['delivery']): Verdict {
  if (answer.kind === 'failure' || answer.status < 200 || answer.status >= 300) return { isTaken: false };
  if (delivery !== 'multi-push') return { isTaken: true };
  const answers = answersOf(answer.body);
  if (answers === undefined) return { isTaken: false, says: 'it does not say what of the SET' };
  const code = answers.refused.get(jti)?.code;
  if (code !== undefined) return { isTaken: false, says: `it refuses the SET: ${code}` };
  if (answers.acknowledged.includes(jti)) return { isTaken: true, says: 'it acknowledges the SET' };
  return { isTaken: false, says: 'it has not acknowledged the SET yet' };
}

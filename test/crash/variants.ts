import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { checkSet } from '../support/ssf-check.js';
import type { RemoteKeys } from '../support/ssf-keys.js';

/** A SET as the oracle knows it again. */
export interface SeenSet {
  readonly rci: string;
  readonly jti: string;
  readonly isSigned: boolean;
}

/** An answer, and which of the SETs it takes. */
export interface VariantAnswer {
  /** 0: the connection is cut instead. */
  readonly status: number;
  readonly body: string;
  readonly taken: readonly SeenSet[];
}

/** A way of delivery that the oracle puts to the test: what an endpoint is told, and what its receiver does with what comes. */
export interface Variant {
  /** The endpoint's settings, beside those that all have (`url`, `timeout`, `retry`, `circuit`). */
  readonly settings: Readonly<Record<string, unknown>>;
  setsIn(headers: IncomingHttpHeaders, body: Buffer, keys: RemoteKeys): Promise<readonly SeenSet[]>;
  /** What the receiver answers where it does not refuse the whole request. */
  answerTo(sets: readonly SeenSet[], random: () => number): VariantAnswer;
}

/** For what is refused as a whole, for good. */
export const refusal = { status: 400, body: '{"err":"invalid_request"}' } as const;
/** Who signs, and for whom. */
export const issuer = 'https://id.example.com';
const audience = 'https://oracle.example.org';
/** Without what Setwire itself derives of them, which would bear the number of its cause. */
const sealed = { profile: 'ssf', audience, events: ['login.failure'] };

const takenWhole: Variant['answerTo'] = (sets) => ({ status: 202, body: '', taken: sets });

const secret = 'the oracle knows it';

const wso2: Omit<Variant, 'settings'> = {
  async setsIn(headers, body) {
    const expected = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    const isSigned = headers['x-wso2-event-signature'] === expected;
    const lines = body.toString('utf8').split('\n').filter(Boolean);
    return lines.map((line) => ({ ...(JSON.parse(line) as { rci: string; jti: string }), isSigned }));
  },
  answerTo: takenWhole,
};
const signature = { scheme: 'wso2', secret };

/** By the published keys, and what the RFCs say; nothing of it is ours. */
async function seen(compact: string, keys: RemoteKeys, named?: string): Promise<SeenSet> {
  const checked = await checkSet(compact, { issuer, audience, keys, now: Date.now });
  if (checked.kind === 'refused') return { rci: checked.error.err, jti: named ?? '', isSigned: false };
  const { jti, claims } = checked;
  return { rci: String(claims.txn), jti, isSigned: named === undefined || named === jti };
}

/** Some SETs are answered later, with another request or when it is asked; some are refused. */
function multiPush(settings: Readonly<Record<string, unknown>>): Variant {
  const owed = new Set<string>();
  return {
    settings: {
      ...sealed,
      delivery: 'multi-push',
      batch: { maxEvents: 20, maxWait: '20ms' },
      ...settings,
    },
    async setsIn(_headers, body, keys) {
      const { sets } = JSON.parse(body.toString('utf8')) as { sets: Readonly<Record<string, string>> };
      return await Promise.all(Object.entries(sets).map(([jti, compact]) => seen(compact, keys, jti)));
    },
    answerTo(sets, random) {
      // Acknowledged once more, it does no harm: the answer may have been lost.
      const ack = [...owed].filter(() => random() < 0.5);
      const setErrs: Record<string, { err: string }> = {};
      const taken: SeenSet[] = [];
      for (const set of sets) {
        const chance = random();
        if (chance < 0.02) setErrs[set.jti] = { err: 'invalid_request' };
        else taken.push(set);
        if (chance >= 0.02 && chance < 0.2) owed.add(set.jti);
        if (chance >= 0.2) ack.push(set.jti);
      }
      for (const jti of [...ack, ...Object.keys(setErrs)]) owed.delete(jti);
      const answered = ack.filter((jti) => !(jti in setErrs));
      return { status: 202, body: JSON.stringify({ ack: answered, setErrs }), taken };
    },
  };
}

/** By the name of the endpoint, which is also the path at the receiver. */
export const variants: Readonly<Record<string, Variant>> = {
  single: { ...wso2, settings: { signature } },
  batches: { ...wso2, settings: { signature, batch: { format: 'ndjson', maxEvents: 20, maxWait: '20ms' } } },
  push: {
    settings: { ...sealed, delivery: 'push' },
    setsIn: async (_headers, body, keys) => [await seen(body.toString('utf8'), keys)],
    answerTo: takenWhole,
  },
  'multi-push': multiPush({}),
  secevents: multiPush({ wire: 'secevents' }),
};

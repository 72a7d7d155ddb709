import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** A SET as the oracle knows it again. */
export interface SeenSet {
  readonly rci: string;
  readonly jti: string;
}

/** A way of delivery that the oracle puts to the test: what an endpoint is told, and how its receiver reads what comes. */
export interface Variant {
  /** The endpoint's settings, beside those that all have (`url`, `timeout`, `retry`, `circuit`). */
  readonly settings: Readonly<Record<string, unknown>>;
  isSigned(headers: IncomingHttpHeaders, body: Buffer): boolean;
  setsIn(body: Buffer): readonly SeenSet[];
  /** What the receiver answers when it takes a request, and when it refuses it for good. */
  readonly taken: { readonly status: number; readonly body: string };
  readonly refused: { readonly status: number; readonly body: string };
}

const secret = 'the oracle knows it';

const wso2: Omit<Variant, 'settings'> = {
  isSigned: (headers, body) =>
    headers['x-wso2-event-signature'] === `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  setsIn: (body) =>
    body
      .toString('utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as SeenSet),
  taken: { status: 202, body: '' },
  refused: { status: 400, body: '{"err":"invalid_request"}' },
};
const signature = { scheme: 'wso2', secret };

/** By the name of the endpoint, which is also the path at the receiver. */
export const variants: Readonly<Record<string, Variant>> = {
  single: { ...wso2, settings: { signature } },
  batches: { ...wso2, settings: { signature, batch: { format: 'ndjson', maxEvents: 20, maxWait: '20ms' } } },
};

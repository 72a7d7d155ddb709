import type { Endpoint } from './endpoint.js';
import { cloudEvent, cloudEventBatch } from './formats/cloud-events.js';
import type { Format } from './formats/format.js';
import { multiPush } from './formats/multi-push.js';
import { array, ndjson, single } from './formats/plain.js';
import { splunkHec } from './formats/splunk-hec.js';

/** What a webhook is sent, by `batch.format`. */
const webhooks = {
  single,
  array,
  ndjson,
  cloudevents: cloudEvent,
  'cloudevents-batch': cloudEventBatch,
  'splunk-hec': splunkHec,
} as const satisfies Record<Endpoint['batch']['format'], (isSealed: boolean) => Format>;

/** How an endpoint's requests look; `isSealed`: what is sent of a SET is a compact JWT, and not JSON. */
export function formatOf(
  {
    delivery,
    wire,
    batch,
  }: Pick<Endpoint, 'delivery' | 'wire'> & { readonly batch: Pick<Endpoint['batch'], 'format'> },
  isSealed: boolean,
): Format {
  switch (delivery) {
    case 'webhook':
      return webhooks[batch.format](isSealed);
    case 'push':
      return single(isSealed);
    case 'multi-push':
      return multiPush(wire);
  }
}

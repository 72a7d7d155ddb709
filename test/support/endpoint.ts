import type { Batch, Endpoint } from '../../src/transmitter/endpoint.js';

/** An endpoint as a config with nothing but its URL gives it, but less patient. */
export function endpointTo(url: string, members: Partial<Endpoint> = {}): Endpoint {
  return {
    name: 'crm',
    url,
    delivery: 'webhook',
    wire: 'draft-02',
    events: ['*'],
    where: {},
    headers: {},
    timeoutMs: 2000,
    concurrency: 4,
    order: 'subject',
    batch: { format: 'single', maxEvents: 1, maxBytes: 1024 * 1024, maxWaitMs: 1000 },
    retry: { initialMs: 1000, maxMs: 900_000, maxAgeMs: 259_200_000, maxAttempts: 0, maxRetryAfterMs: 86_400_000 },
    circuit: { failureRate: 0.5, windowMs: 60_000, minAttempts: 10, probeMs: 5000, maxProbeMs: 60_000 },
    ...members,
  };
}

/** A batch of SETs with these texts; their `jti`s are jti-1, jti-2, ... */
export function batchOf(...texts: readonly string[]): Batch {
  const sets = texts.map((text, index) => ({
    jti: `jti-${index + 1}`,
    eventType: 'login.success',
    eventTypeUri: 'https://schemas.identity.wso2.org/events/login/event-type/loginSuccess',
    text,
    bytes: Buffer.byteLength(text),
    time: Date.parse('2026-11-23T14:00:00.000Z'),
  }));
  return { id: 'batch-1', sets };
}

// What the command line asks about one endpoint without running anything else.
import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { EndpointSettings, Settings } from './config/settings.js';
import { canonicalTypes } from './events/identity-event.js';
import { matchesPattern } from './events/type-pattern.js';
import { keyRingFor } from './set/key-ring-of.js';
import { makeVerification } from './set/profiles/ssf.js';
import { makePing } from './set/profiles/wso2.js';
import { profileOf } from './set/profiles.js';
import { sealerOf } from './set/sealer-of.js';
import type { SecurityEventToken } from './set/set.js';
import { deliverWith } from './transmitter/deliver.js';
import type { Answer } from './transmitter/endpoint.js';
import { fetchJwksWith } from './transmitter/get.js';
import { batchIdOf } from './transmitter/packer.js';
import { type Verdict, verdictOf } from './transmitter/verdict.js';

/** Which types an endpoint selects, and their event type URIs in its profile; none: the profile has no event for it. */
export function eventTypesOf(
  { ssf, issuer = '<issuer>' }: Settings,
  endpoint: EndpointSettings,
): { readonly type: string; readonly uris: readonly string[] }[] {
  const { eventTypeUris } = profileOf(endpoint.profile);
  return [...canonicalTypes, ...Object.keys(ssf.eventTypes)]
    .filter((type) => endpoint.events.some((pattern) => matchesPattern(pattern, type)))
    .map((type) => ({ type, uris: eventTypeUris(type, { ...ssf, issuer }) }));
}

/** A SET that says nothing but that it came through; undefined where no issuer is known to say it. */
function testSetOf(
  { issuer }: Settings,
  { name, profile, audience }: EndpointSettings,
  state: string | undefined,
): SecurityEventToken | undefined {
  const known = { id: randomUUID(), now: Date.now(), ...(state !== undefined && { state }) };
  if (profile === 'wso2') return makePing({ ...known, ...(issuer !== undefined && { issuer }) });
  if (issuer === undefined || audience === undefined) return undefined;
  return makeVerification({ ...known, issuer, audience, streamId: name });
}

/** What an endpoint made of the verification event, and under which `jti` it came. */
export interface Verification {
  readonly jti?: string;
  readonly answer: Answer;
  readonly verdict: Verdict;
}

/**
 * Sends an endpoint the verification event (SSF 1.0, section 8.1.4.1), as it would send any other: once, whatever comes.
 *
 * @param state what the receiver is to know it by; left out where it has not asked for the event
 */
export async function verifyEndpoint(
  settings: Settings,
  endpoint: EndpointSettings,
  state?: string,
): Promise<Verification> {
  const set = testSetOf(settings, endpoint, state);
  if (set === undefined) {
    const detail = 'the config has no `issuer`';
    const answer = { kind: 'failure', code: 'NO_ISSUER', detail, durationMs: 0, bytes: 0 } as const;
    return { answer, verdict: { isTaken: false } };
  }
  const sealer = profileOf(endpoint.profile).isSealed
    ? sealerOf(keyRingFor(settings.signing, Date.now), endpoint, {
        fetchJwks: fetchJwksWith(endpoint, Date.now),
        clock: () => performance.now(),
        report: () => undefined,
      })
    : undefined;
  const { deliver, close } = deliverWith(endpoint, { now: Date.now, ...(sealer && { sealer }) });
  try {
    const batch = { id: batchIdOf([set.jti]), sets: [{ ...set, time: Date.now() }] };
    const answer = await deliver(batch, new AbortController().signal);
    return { jti: set.jti, answer, verdict: verdictOf(answer, set.jti, endpoint.delivery) };
  } finally {
    close();
  }
}

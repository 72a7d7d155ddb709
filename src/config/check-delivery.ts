import type { EndpointConfig } from '../schema-types.js';
import type { Complaint } from './explain.js';
import { step } from './secrets.js';

/** Profiles whose SETs are signed JWTs. */
const signedProfiles: readonly string[] = ['ssf'];

/** How SETs are sent where the file does not say it. */
export const deliveryOf = ({ delivery, profile }: Pick<EndpointConfig, 'delivery' | 'profile'>) =>
  delivery ?? (signedProfiles.includes(profile) ? 'push' : 'webhook');

const singleFormats: readonly string[] = ['single', 'cloudevents'];

/** Why there is one SET in a request, and no more; undefined: there may be more. */
export function whySingle(endpoint: Pick<EndpointConfig, 'delivery' | 'profile' | 'batch'>): string | undefined {
  const delivery = deliveryOf(endpoint);
  if (delivery === 'push') return 'since `delivery: push` is one SET per request; or `delivery: multi-push` beside it';
  const { format } = endpoint.batch;
  if (delivery === 'multi-push' || !singleFormats.includes(format)) return undefined;
  const others = format === 'single' ? '`format: array` or `ndjson`' : '`format: cloudevents-batch`';
  return `since \`format: ${format}\` is one SET per request; or ${others} beside it`;
}

/** Whether the settings of an endpoint suit the way in which it gets its SETs. */
export function deliveryComplaints(endpoint: EndpointConfig, isWritten: (pointer: string) => boolean): Complaint[] {
  const { profile, wire, batch, signature, headers } = endpoint;
  const delivery = deliveryOf(endpoint);
  const complaints: Complaint[] = [];
  if (delivery !== 'multi-push' && wire !== 'draft-02')
    complaints.push({ pointer: '/wire', found: wire, allowed: 'it with `delivery: multi-push` only', quotes: true });
  if (delivery === 'webhook') {
    if (batch.format === 'cloudevents-batch' && !isWritten('/batch/maxEvents')) {
      const allowed =
        '`maxEvents` beside it, the most that the receiver takes in one request: it has to have asked for batches';
      complaints.push({ pointer: '/batch/format', found: batch.format, allowed, quotes: true });
    }
    return complaints;
  }
  if (!signedProfiles.includes(profile)) {
    const allowed = `\`webhook\` with \`profile: ${profile}\`; what is pushed is a signed SET, as of \`profile: ssf\``;
    complaints.push({ pointer: '/delivery', found: delivery, allowed, quotes: true });
  }
  if (isWritten('/batch/format') && !(delivery === 'push' && batch.format === 'single')) {
    const allowed = `no \`format\` with \`delivery: ${delivery}\`, which has its own; or \`delivery: webhook\``;
    complaints.push({ pointer: '/batch/format', found: batch.format, allowed, quotes: true });
  }
  if (signature !== undefined) {
    const allowed = `it with \`delivery: webhook\` only: what \`delivery: ${delivery}\` sends is signed by itself`;
    complaints.push({ pointer: '/signature', found: 'an HMAC signature', allowed, key: true });
  }
  for (const name of Object.keys(headers)) {
    if (name.toLowerCase() !== 'accept') continue;
    const allowed = `headers that \`delivery: ${delivery}\` does not prescribe`;
    complaints.push({ pointer: `/headers${step(name)}`, found: `the header ${name}`, allowed, key: true });
  }
  return complaints;
}

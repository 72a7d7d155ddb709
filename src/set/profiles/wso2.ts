import type { IdentityEvent } from '../../schema-types.js';
import { type Validator, validatorOf } from '../../schemas.js';
import type { MakeSet, Profile, ProfileSettings, SecurityEventToken, SetResult } from '../set.js';
import { type Body, bodyOf, issuerOf } from './wso2-body.js';
import { catalogue, eventsBase, type Wso2Type } from './wso2-catalogue.js';

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const schemaOf = (path: string): string => `wso2/${kebab(path.split('/').at(-1) ?? '')}.schema.json`;

const rows = new Map<string, { readonly type: Wso2Type; readonly uri: string; readonly check: Validator }>(
  Object.entries(catalogue).map(([type, path]) => [
    type,
    { type: type as Wso2Type, uri: `${eventsBase}/${path}`, check: validatorOf(schemaOf(path)) },
  ]),
);

/** The envelope, in WSO2's order; `iat` in milliseconds. What is not known is left out. */
function envelopeOf(event: IdentityEvent, settings: ProfileSettings, uri: string, body: Body): Body {
  const iss = issuerOf(event, settings);
  return {
    ...(iss !== undefined && { iss }),
    jti: event.id,
    iat: event.acceptedAt,
    ...(event.correlationId !== undefined && { rci: event.correlationId }),
    events: { [uri]: body },
  };
}

function tokenOf(set: Body, jti: string, eventType: string, eventTypeUri: string): SecurityEventToken {
  const text = JSON.stringify(set);
  return { jti, eventType, eventTypeUri, text, bytes: Buffer.byteLength(text, 'utf8') };
}

/** WSO2 has an event for it: for tokens, only for the issuance of access tokens. */
function covers(event: IdentityEvent): boolean {
  return (
    rows.has(event.type) && (event.type !== 'token.issued' || (event.token?.kind ?? 'access_token') === 'access_token')
  );
}

function setOf(event: IdentityEvent, settings: ProfileSettings): SetResult {
  const row = rows.get(event.type);
  if (row === undefined || !covers(event))
    return { kind: 'dead', reason: 'no_event_type', detail: `WSO2 has no event for this ${event.type}` };
  const set = envelopeOf(event, settings, row.uri, bodyOf(row.type, event, settings));
  const violations = row.check(set);
  if (violations.length > 0) {
    const detail = violations.map(({ pointer, message }) => `${pointer} ${message}`).join('; ');
    return { kind: 'dead', reason: 'schema_violation', detail };
  }
  return { kind: 'set', set: tokenOf(set, event.id, event.type, row.uri) };
}

/** WSO2 Identity Server's webhook format: unsigned JSON in the shape of a SET, as its own code writes it. */
export const wso2: Profile = {
  name: 'wso2',
  eventTypeUris: Object.fromEntries([...rows].map(([type, { uri }]) => [type, uri])),
  contentType: 'application/json',
  covers,
  makeSetWith(settings): MakeSet {
    return (event) => {
      try {
        return Promise.resolve(setOf(event, settings));
      } catch {
        // The error's own words may hold a value of the event.
        return Promise.resolve({
          kind: 'dead',
          reason: 'mapping_failed',
          detail: `no SET could be made of a ${event.type}`,
        });
      }
    };
  },
};

const verificationUri = 'https://schemas.openid.net/secevent/ssf/event-type/verification';

/** A SET that says nothing but that it came through (SSF 1.0, section 8.1.4.1), in WSO2's envelope: what `setwire check --ping` sends. */
export function makePing(options: {
  readonly issuer?: string;
  readonly id: string;
  readonly now: number;
}): SecurityEventToken {
  const { issuer, id, now } = options;
  const set: Body = {
    ...(issuer !== undefined && { iss: issuer }),
    jti: id,
    iat: now,
    events: { [verificationUri]: { state: 'setwire check --ping' } },
  };
  return tokenOf(set, id, 'verification', verificationUri);
}

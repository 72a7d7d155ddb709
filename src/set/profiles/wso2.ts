import type { IdentityEvent } from '../../schema-types.js';
import { type Validator, validatorOf } from '../../schemas.js';
import { completed } from '../completed.js';
import { type Body, withoutEmpty } from '../omission.js';
import type { MakeSets, Profile, ProfileSettings, SecurityEventToken, SetResult } from '../set.js';
import { detailOf } from '../violations.js';
import { bodyOf } from './wso2-body.js';
import { catalogue, eventsBase, type Wso2Type } from './wso2-catalogue.js';
import { type Shows, shownBy } from './wso2-claims.js';
import { baseOf, issuerOf } from './wso2-issuer.js';
import { passedOn } from './wso2-source.js';

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const schemaOf = (path: string): string => `wso2/${kebab(path.split('/').at(-1) ?? '')}.schema.json`;

const rows = new Map<string, { readonly type: Wso2Type; readonly uri: string; readonly check: Validator }>(
  Object.entries(catalogue).map(([type, path]) => [
    type,
    { type: type as Wso2Type, uri: `${eventsBase}/${path}`, check: validatorOf(schemaOf(path)) },
  ]),
);

/** WSO2's versions differ in what they say: what came from one of them need not be what we would have said. */
const checkPassedOn = validatorOf('wso2-webhook.schema.json');

/** The envelope, in WSO2's order; `iat` in milliseconds. What is not known is left out. */
const envelopeOf = (
  known: { readonly iss?: string; readonly jti: string; readonly iat: number; readonly rci?: string },
  uri: string,
  body: Body,
): Body => withoutEmpty({ iss: known.iss, jti: known.jti, iat: known.iat, rci: known.rci, events: { [uri]: body } });

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

type Dead = Extract<SetResult, { kind: 'dead' }>;

function setOf(event: IdentityEvent, settings: ProfileSettings, shows: Shows): SetResult {
  const dead = (reason: Dead['reason'], detail: string): Dead => ({ kind: 'dead', jti: event.id, reason, detail });
  const row = rows.get(event.type);
  if (row === undefined) return dead('no_event_type', `WSO2 has no event for ${event.type}`);
  if (!covers(event)) return dead('no_event_type', `WSO2 has no event for the issuance of a ${event.token?.kind}`);
  const { id: jti, correlationId: rci, source } = event;
  const complete = completed(event, settings);
  const set =
    source === undefined
      ? envelopeOf(
          { iss: issuerOf(complete), jti, iat: event.acceptedAt, rci },
          row.uri,
          bodyOf(row.type, complete, shows),
        )
      : envelopeOf({ iss: source.issuer, jti, iat: source.issuedAt, rci }, row.uri, passedOn(source, shows));
  const violations = source === undefined ? row.check(set) : checkPassedOn(set);
  if (violations.length > 0) return dead('schema_violation', detailOf(violations));
  return { kind: 'set', set: tokenOf(set, event.id, event.type, row.uri) };
}

/**
 * WSO2 Identity Server's webhook format: unsigned JSON in the shape of a SET, as its own code writes it. Unlike there,
 * `iss` is the bare base URL where no tenant is known, and of the user's claims only those leave that the endpoint's
 * `claims` name: by default the username, with `*` all that WSO2 has a place for.
 *
 * An event that came from WSO2 itself leaves as WSO2 made it, its `iss` and `iat` too: the same bytes, as long as the
 * endpoint's `claims` name all that it says of the user.
 */
export const wso2: Profile = {
  name: 'wso2',
  eventTypeUris(type) {
    const uri = rows.get(type)?.uri;
    return uri === undefined ? [] : [uri];
  },
  contentType: 'application/json',
  isSealed: false,
  covers,
  makeSetsWith(settings): MakeSets {
    const shows = shownBy(settings.claims);
    return (event) => [setOf(event, settings, shows)];
  },
};

const verificationUri = 'https://schemas.openid.net/secevent/ssf/event-type/verification';

/**
 * A SET that says nothing but that it came through (SSF 1.0, section 8.1.4.1), in WSO2's envelope: what
 * `setwire check --ping` and `setwire verify` send. Its schema is `schemas/wso2/verification.schema.json`.
 *
 * @param options.issuer public base URL of the identity server
 * @param options.id a new UUID, its `jti`
 * @param options.now in milliseconds, its `iat`
 * @param options.state what the receiver is to know it by
 */
export function makePing(options: {
  readonly issuer?: string;
  readonly id: string;
  readonly now: number;
  readonly state?: string;
}): SecurityEventToken {
  const { issuer, id, now, state = 'setwire check --ping' } = options;
  const set = envelopeOf({ iss: baseOf(issuer), jti: id, iat: now }, verificationUri, { state });
  return tokenOf(set, id, 'verification', verificationUri);
}

import type { CanonicalType, IdentityEvent } from '../../schema-types.js';
import { type Validator, validatorOf } from '../../schemas.js';
import { completed } from '../completed.js';
import { jtiOf } from '../jti.js';
import { type Body, withoutEmpty } from '../omission.js';
import { concealWith } from '../pairwise.js';
import type { MakeSets, Profile, ProfileSettings, SecurityEventToken, SetResult } from '../set.js';
import { subjectOf } from '../subject.js';
import { type Identified, opaque, type SubjectId } from '../subject-formats.js';
import { detailOf } from '../violations.js';
import { catalogue, hostRow, type Row } from './ssf-catalogue.js';
import { type Discretion, happenedAt, secondsOf } from './ssf-claims.js';
import { changedIdentifiers, identifierChanged } from './ssf-identifiers.js';
import { type EventTypeName, uriOf } from './ssf-uris.js';
import { shownBy } from './wso2-claims.js';

/** The schema of an event type, `ssf/host-event.schema.json` for a host's own. */
const checks = new Map<string, Validator>();

function checkOf(schema: string): Validator {
  const check = checks.get(schema) ?? validatorOf(`ssf/${schema}.schema.json`);
  checks.set(schema, check);
  return check;
}

interface Envelope {
  readonly iss: string | undefined;
  readonly jti: string;
  readonly iat: number;
  readonly aud: string | readonly string[] | undefined;
  readonly txn?: string | undefined;
  readonly toe?: number | undefined;
}

/** The claims in order (RFC 8417, section 2.2; SSF 1.0, section 4); never `sub`, `exp` or `nbf`. */
const claimsSetOf = (envelope: Envelope, subject: SubjectId, uri: string, body: Body): Body => {
  const { iss, jti, iat, aud, txn, toe } = envelope;
  return withoutEmpty({ iss, jti, iat, aud, txn, toe, sub_id: subject, events: { [uri]: withoutEmpty(body) } });
};

function tokenOf(set: Body, jti: string, eventType: string, eventTypeUri: string): SecurityEventToken {
  const text = JSON.stringify(set);
  return { jti, eventType, eventTypeUri, text, bytes: Buffer.byteLength(text, 'utf8') };
}

const isCanonical = (type: string): type is CanonicalType => Object.hasOwn(catalogue, type);

/** One of the SETs that an event becomes. */
interface Part {
  /** Its name among them, for the `jti`; the first has none. */
  readonly part?: string | undefined;
  readonly uri: string;
  readonly schema: string;
  readonly subject: Identified;
  readonly body: Body;
}

/** Makes the SETs of events for one endpoint. */
function makerOf(settings: ProfileSettings): MakeSets {
  const { endpoint, subject, pairwiseSecret } = settings;
  const isPairwise = subject.format === 'pairwise';
  const shows = isPairwise ? () => false : shownBy(settings.claims);

  function discretionFor({ issuer }: IdentityEvent): Discretion {
    if (!isPairwise) return { shows };
    if (pairwiseSecret === undefined) throw new Error(`${endpoint}: there is no key for pairwise subjects`);
    return { shows, conceal: concealWith(pairwiseSecret, endpoint, issuer) };
  }

  /** The claims of an event are those of each of its sessions: a SET is about one. */
  function sessionIdsOf({ session, sessions }: IdentityEvent, { about }: Pick<Row, 'about'>): (string | undefined)[] {
    const isEach = about.session && subject.format === 'complex' && session === undefined && sessions !== undefined;
    return isEach ? [...new Set(sessions.map(({ id }) => id))] : [session?.id ?? onlyOf(sessions)?.id];
  }

  function partsOf(event: IdentityEvent, discretion: Discretion, row: Omit<Row, 'type'>, uri: string, schema: string) {
    const naming = { subject, showsName: shows('username'), ...discretion };
    const body = row.claims(event, discretion);
    const parts: Part[] = sessionIdsOf(event, row).map((id, place) => ({
      part: place > 0 ? `session ${id}` : undefined,
      uri,
      schema,
      subject: subjectOf(event, row.about, id, naming),
      body,
    }));
    for (const { claim, subject: old, newValue } of changedIdentifiers(event, subject, discretion)) {
      parts.push({
        part: `${identifierChanged.name} ${claim}`,
        uri: uriOf(identifierChanged, { issuer: event.issuer }) ?? '',
        schema: identifierChanged.name,
        subject: old,
        body: { 'new-value': newValue },
      });
    }
    return parts;
  }

  function envelopeOf(event: IdentityEvent, jti: string, { conceal }: Discretion): Envelope {
    const [iat, toe] = [secondsOf(event.acceptedAt), happenedAt(event)];
    const txn = event.correlationId;
    return {
      iss: event.issuer,
      jti,
      iat,
      aud: settings.audience,
      txn: txn !== undefined && conceal ? conceal('transaction', txn) : txn,
      toe: toe === iat ? undefined : toe,
    };
  }

  function setOf(event: IdentityEvent, part: Part, discretion: Discretion): SetResult {
    const { conceal } = discretion;
    // Who also gets the event in the wso2 profile, where its id is the `jti`, could find it again by an id made of that alone.
    const jti = jtiOf(conceal ? conceal('event', event.id) : event.id, endpoint, part.part);
    if ('lacks' in part.subject) {
      const detail = `the subject needs ${part.subject.lacks}`;
      return { kind: 'dead', jti, reason: 'no_subject', detail };
    }
    const set = claimsSetOf(envelopeOf(event, jti, discretion), part.subject.id, part.uri, part.body);
    const violations = checkOf(part.schema)(set);
    if (violations.length > 0) return { kind: 'dead', jti, reason: 'schema_violation', detail: detailOf(violations) };
    return { kind: 'set', set: tokenOf(set, jti, event.type, part.uri) };
  }

  return (reported) => {
    const event = completed(reported, settings);
    const named = event.issuer === settings.issuer ? settings : { ...settings, issuer: event.issuer };
    const [uri] = ssf.eventTypeUris(event.type, named);
    if (uri === undefined) {
      const detail = isCanonical(event.type)
        ? `${event.type} needs \`issuer\` or \`ssf.eventTypeBase\` for its event type URI`
        : `the config gives no event type URI for ${event.type}: \`ssf.eventTypes\``;
      return [{ kind: 'dead', jti: jtiOf(event.id, endpoint), reason: 'no_event_type', detail }];
    }
    const discretion = discretionFor(event);
    const row = isCanonical(event.type) ? catalogue[event.type] : undefined;
    const parts = partsOf(event, discretion, row ?? hostRow, uri, row?.type.name ?? 'host-event');
    return parts.map((part) => setOf(event, part, discretion));
  };
}

const onlyOf = <T>(list: readonly T[] | undefined): T | undefined => (list?.length === 1 ? list[0] : undefined);

/**
 * OpenID Shared Signals (SSF 1.0): the claims of SETs with the event types of CAEP and RISC where one fits, and with our
 * own where none does. They leave signed; that is not done here. What the event does not know is not said, and of the
 * user's claims only those leave that the endpoint's `claims` name.
 */
export const ssf: Profile = {
  name: 'ssf',
  eventTypeUris(type, settings) {
    if (!isCanonical(type)) return Object.hasOwn(settings.eventTypes, type) ? [settings.eventTypes[type] ?? ''] : [];
    const names: EventTypeName[] = [catalogue[type].type];
    if (type === 'account.profile-updated') names.push(identifierChanged);
    const uris = names.map((name) => uriOf(name, settings));
    return uris[0] === undefined ? [] : uris.filter((uri) => uri !== undefined);
  },
  contentType: 'application/secevent+jwt',
  isSealed: true,
  // Also what has no URI: it becomes a dead letter that says so.
  covers: () => true,
  makeSetsWith: makerOf,
};

const verification: EventTypeName = { of: 'ssf', name: 'verification' };

/**
 * The verification event (SSF 1.0, section 8.1.4.1): its claims, to be signed like any other's. It says nothing but that
 * SETs come through.
 *
 * @param options.issuer the SETs' `iss`: the public base URL of the identity server
 * @param options.streamId whom the receiver knows as the stream; the endpoint's name
 * @param options.id a new UUID, its `jti`
 * @param options.now in milliseconds, its `iat`
 * @param options.state what the receiver gave to be sent back; it must not be there where the receiver has not asked
 */
export function makeVerification(options: {
  readonly issuer: string;
  readonly audience: string | readonly string[];
  readonly streamId: string;
  readonly id: string;
  readonly now: number;
  readonly state?: string;
}): SecurityEventToken {
  const { issuer, audience, streamId, id, now, state } = options;
  const uri = uriOf(verification, {}) ?? '';
  const envelope = { iss: issuer, jti: id, iat: secondsOf(now), aud: audience };
  const set = claimsSetOf(envelope, opaque(streamId), uri, { state });
  return tokenOf(set, id, verification.name, uri);
}

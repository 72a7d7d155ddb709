import type { Config, EndpointConfig } from '../schema-types.js';
import type { Complaint } from './explain.js';
import { step } from './secrets.js';

type IsWritten = (pointer: string) => boolean;
type EventTypes = Readonly<Record<string, string>>;

/** What belongs to the ssf profile alone, and what it needs. */
function audienceOf({ profile, audience }: EndpointConfig, isWritten: IsWritten): Complaint[] {
  if (profile === 'ssf') {
    const allowed = 'what the receiver calls itself, a text or a list: a SET without `aud` could be used anywhere';
    return audience === undefined ? [{ pointer: '/audience', found: 'nothing', allowed }] : [];
  }
  return (['audience', 'subject'] as const)
    .filter((name) => isWritten(`/${name}`))
    .map((name) => ({
      pointer: `/${name}`,
      found: `\`${name}\``,
      allowed: 'it with `profile: ssf` only',
      key: true,
    }));
}

/** Settings of one subject format that are written beside another. */
function subjectOf({ profile, subject, claims }: EndpointConfig, isWritten: IsWritten): Complaint[] {
  if (profile !== 'ssf') return [];
  const complaints: Complaint[] = [];
  for (const [name, format] of [
    ['user', 'complex'],
    ['formats', 'aliases'],
  ] as const) {
    if (subject.format === format || !isWritten(`/subject/${name}`)) continue;
    const allowed = `it with \`format: ${format}\` only`;
    complaints.push({ pointer: `/subject/${name}`, found: `\`${name}\``, allowed, key: true });
  }
  if (subject.format === 'pairwise' && claims.length > 0 && isWritten('/claims')) {
    const allowed = 'none, since a claim could tell who a pairwise subject is';
    complaints.push({ pointer: '/claims', found: 'claims', allowed });
  }
  return complaints;
}

/** The host's own types that an endpoint names and the config has no event type URI for. */
function ownTypesOf({ profile, events }: EndpointConfig, eventTypes: EventTypes | undefined): Complaint[] {
  if (profile !== 'ssf' || eventTypes === undefined) return [];
  const known = Object.keys(eventTypes);
  const isKnown = (pattern: string): boolean =>
    pattern.endsWith('.*') ? known.some((type) => type.startsWith(pattern.slice(0, -1))) : known.includes(pattern);
  return events.flatMap((pattern, place) => {
    if (!pattern.startsWith('x-') || isKnown(pattern)) return [];
    const allowed = 'types that have an event type URI in `ssf.eventTypes`';
    return [{ pointer: `/events/${place}`, found: pattern, allowed, quotes: true }];
  });
}

/**
 * Whether the settings of an endpoint's profile fit together.
 *
 * @param eventTypes the event type URIs of the host's own types; undefined where they cannot be told
 */
export function profileComplaints(
  endpoint: EndpointConfig,
  isWritten: IsWritten,
  eventTypes: EventTypes | undefined,
): Complaint[] {
  return [...audienceOf(endpoint, isWritten), ...subjectOf(endpoint, isWritten), ...ownTypesOf(endpoint, eventTypes)];
}

/** Event type URIs of the host's own types that are somebody else's. */
export function eventTypesOf({ ssf: { eventTypes } }: Config, pointer: string): Complaint[] {
  return Object.entries(eventTypes).flatMap(([type, uri]) =>
    uri.startsWith('https://schemas.openid.net/')
      ? [{ pointer: pointer + step(type), found: uri, allowed: "a URI of your own, none of OpenID's", quotes: true }]
      : [],
  );
}

import type { EventTypeSettings } from '../set.js';

const openid = 'https://schemas.openid.net/secevent';

/** Who has defined an event type, and its name there: the last segment of its URI and the name of its schema. */
export type EventTypeName =
  | { readonly of: 'caep' | 'risc' | 'ssf'; readonly name: string }
  | { readonly of: 'setwire'; readonly name: string };

/** What the URIs of our own event types begin with; undefined where neither a base nor an issuer is known. */
export function ownBase({ eventTypeBase, issuer }: Omit<EventTypeSettings, 'eventTypes'>): string | undefined {
  const base = eventTypeBase ?? (issuer === undefined ? undefined : `${issuer.replace(/\/+$/, '')}/ssf/event-type/`);
  return base === undefined || /[/:#]$/.test(base) ? base : `${base}/`;
}

/** CAEP 1.0, section 3; RISC 1.0, section 2; SSF 1.0, section 8.1.4.1; our own. */
export function uriOf(
  { of, name }: EventTypeName,
  settings: Omit<EventTypeSettings, 'eventTypes'>,
): string | undefined {
  if (of !== 'setwire') return `${openid}/${of}/event-type/${name}`;
  const base = ownBase(settings);
  return base === undefined ? undefined : `${base}${name}`;
}

import { readFileSync } from 'node:fs';
import type { IdentityEvent, ReportedEvent } from '../../src/events/identity-event.js';

const schema = JSON.parse(
  readFileSync(new URL('../../schemas/identity-event.schema.json', import.meta.url), 'utf8'),
) as { examples: IdentityEvent[] };

/** A valid event of a type: the schema's own example of it, a fresh copy each time, with some members put in its place. */
export function identityEvent(type: string, members: Partial<IdentityEvent> = {}): IdentityEvent {
  const example = schema.examples.find((event) => event.type === type);
  if (example === undefined) throw new Error(`identity-event.schema.json has no example of ${type}`);
  return { ...structuredClone(example), ...members };
}

/** The same as a host or an application reports it: without what the intake adds. */
export function reportedEvent(type: string, members: Partial<ReportedEvent> = {}): ReportedEvent {
  const { id: _id, time: _time, acceptedAt: _acceptedAt, ...reported } = identityEvent(type);
  return { ...reported, ...members };
}

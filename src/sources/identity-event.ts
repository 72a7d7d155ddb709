import type { SourceSettings } from '../config/settings.js';
import type { ReportedEvent } from '../events/identity-event.js';
import { showsToken } from './credentials.js';
import { isObject, parsedJson, utf8Of } from './decode.js';
import { type Fault, type HttpSource, json, type Reading, wrong } from './source.js';

const ndjson = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'];

function one(text: string): Reading {
  const event = parsedJson(text);
  // What else is wrong with it is seen where it is accepted.
  return isObject(event) ? { kind: 'events', events: [event as ReportedEvent] } : wrong('the body is no JSON object');
}

/** One event a line; empty lines are none. */
function many(text: string): Reading {
  const events: ReportedEvent[] = [];
  const lines: number[] = [];
  const faults: Fault[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const event = parsedJson(line);
    if (isObject(event)) {
      events.push(event as ReportedEvent);
      lines.push(index + 1);
    } else faults.push({ line: index + 1, detail: 'it is no JSON object' });
  }
  return { kind: 'events', events, lines, faults };
}

/** Identity events in Setwire's own schema: one, or one a line. */
export function identityEventSource({
  name,
  path,
  token,
}: Extract<SourceSettings, { type: 'identity-event' }>): HttpSource {
  return {
    name,
    path,
    mediaTypes: [json, ...ndjson],
    admits: ({ authorization }) => showsToken(authorization, token),
    // What is no text is no JSON either.
    textOf: (body) => utf8Of(body) ?? '\ufffd',
    read: (text, mediaType) => (mediaType === json ? one(text) : many(text)),
  };
}

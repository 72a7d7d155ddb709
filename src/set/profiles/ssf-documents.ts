import type { IncomingMessage, ServerResponse } from 'node:http';
import { schemaOf } from '../../schemas.js';
import type { EventTypeSettings } from '../set.js';
import { catalogue } from './ssf-catalogue.js';
import { uriOf } from './ssf-uris.js';

type Base = Omit<EventTypeSettings, 'eventTypes'>;

/** The identity event behind each of our own event types, by the last segment of its URI. */
const ownTypes = new Map(
  Object.entries(catalogue).flatMap(([type, row]) =>
    row.type.of === 'setwire' ? [[row.type.name, type] as const] : [],
  ),
);

/** A schema whose references stay within it. */
function selfContained(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(selfContained);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [
      name,
      name === '$ref' && typeof value === 'string'
        ? value.replace(/^common\.schema\.json#/, '#')
        : selfContained(value),
    ]),
  );
}

/**
 * What one of our own event types is: a JSON Schema of the SET's claims, with words, members and an example.
 *
 * @param name last segment of its URI; undefined for one that is not ours
 */
export function documentOf(name: string, base: Base): object | undefined {
  const type = ownTypes.get(name);
  if (type === undefined) return undefined;
  const { $schema, $id: _, ...schema } = schemaOf(`ssf/${name}.schema.json`);
  const { $defs } = schemaOf('ssf/common.schema.json');
  const uri = uriOf({ of: 'setwire', name }, base);
  return {
    $schema,
    ...(uri !== undefined && { $id: uri }),
    $comment: `Made of the identity event ${type}.`,
    ...(selfContained({ ...schema, $defs }) as object),
  };
}

/** All of our own event types: URI, name, and what each says. */
const indexOf = (base: Base): object => ({
  event_types: [...ownTypes].map(([name, type]) => ({
    name,
    uri: uriOf({ of: 'setwire', name }, base),
    identity_event: type,
    description: schemaOf(`ssf/${name}.schema.json`).description,
  })),
});

/** Answers HTTP requests for what our own event type URIs mean. */
export type EventTypesHandler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Makes the event type URIs dereferenceable: mounted where `ssf.eventTypeBase` leads, it answers GET for the last segment
 * of a URI with a JSON Schema (`application/schema+json`), and for the base itself with a list. It holds nothing secret.
 */
export function eventTypesHandlerOf(base: () => Base): EventTypesHandler {
  return ({ method, url = '/' }, response) => {
    const answer = (status: number, headers: Readonly<Record<string, string>>, body: object): void => {
      response.writeHead(status, {
        'content-type': 'application/json',
        'x-content-type-options': 'nosniff',
        ...headers,
      });
      response.end(method === 'HEAD' ? undefined : `${JSON.stringify(body, null, 2)}\n`);
    };
    if (method !== 'GET' && method !== 'HEAD')
      return answer(405, { allow: 'GET, HEAD' }, { error: 'allowed are GET and HEAD' });
    const name =
      url
        .replace(/[?#].*$/s, '')
        .split('/')
        .at(-1) ?? '';
    const cached = { 'cache-control': 'public, max-age=3600' };
    if (name === '') return answer(200, cached, indexOf(base()));
    const found = documentOf(name, base());
    if (found === undefined) return answer(404, {}, { error: 'there is no such event type here' });
    return answer(200, { ...cached, 'content-type': 'application/schema+json' }, found);
  };
}

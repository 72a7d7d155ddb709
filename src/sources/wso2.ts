import type { IncomingHttpHeaders } from 'node:http';
import type { SourceSettings } from '../config/settings.js';
import { pathOf } from '../events/member.js';
import { refusalOf } from '../events/refusal.js';
import type { Wso2Webhook } from '../schema-types.js';
import { type Violation, validatorOf } from '../schemas.js';
import type { Secret } from '../secret.js';
import { catalogue, eventsBase, type Wso2Type } from '../set/profiles/wso2-catalogue.js';
import { isSigned } from './credentials.js';
import { isObject, parsedJson, utf8Of } from './decode.js';
import { legibleValue } from './legible.js';
import { type HttpSource, json, type Reading, wrong } from './source.js';
import { eventOf } from './wso2-event.js';

const violationsOf = validatorOf('wso2-webhook.schema.json');

const types = new Map<string, Wso2Type>(
  Object.entries(catalogue).map(([type, path]) => [`${eventsBase}/${path}`, type as Wso2Type] as const),
);

/**
 * The body's text, where its signature is right.
 *
 * WSO2 signs the UTF-8 form of what it sends, and some versions send ISO-8859-1: the signature is then that of the same
 * text in UTF-8. What ISO-8859-1 has no character for they send as `?`: that signature can be right for no text.
 */
function genuineText(body: Buffer, headers: IncomingHttpHeaders, secrets: readonly Secret[]): string | undefined {
  const latin1 = (): string => body.toString('latin1');
  if (secrets.length === 0) return utf8Of(body) ?? latin1();
  const hex = String(headers['x-wso2-event-signature'] ?? '').replace(/^sha256=/, '');
  if (isSigned(body, hex, secrets)) return utf8Of(body) ?? latin1();
  return isSigned(Buffer.from(latin1(), 'utf8'), hex, secrets) ? latin1() : undefined;
}

/** Leaves out the members that are not known: a later version of WSO2 may have more. */
function prune(set: object, violations: readonly Violation[]): void {
  for (const { keyword, pointer, params } of violations) {
    if (keyword !== 'additionalProperties') continue;
    let at: unknown = set;
    for (const step of pathOf(pointer)) at = (at as Record<string | number, unknown>)[step];
    delete (at as Record<string, unknown>)[String(params.additionalProperty)];
  }
}

/** A kind that is counted; somebody else may have chosen it. */
const lastStep = (uri: string | undefined): string => (uri ?? 'nothing').split('/').at(-1)?.slice(0, 64) ?? '';

/** What a SET of WSO2 says. */
export function readWso2(text: string): Reading {
  const set = parsedJson(text, legibleValue);
  if (!isObject(set)) return wrong('the body is no JSON object');
  const uri = isObject(set.events) ? Object.keys(set.events)[0] : undefined;
  const type = uri === undefined ? undefined : types.get(uri);
  if (type === undefined && uri !== undefined) {
    return { kind: 'events', events: [], unmapped: lastStep(uri) };
  }
  prune(set, violationsOf(set));
  const violations = violationsOf(set);
  if (violations.length > 0) return wrong(refusalOf(violations, []));
  const { [uri ?? '']: body } = (set as unknown as Wso2Webhook).events;
  if (type === undefined || body === undefined) return wrong('events is empty');
  return { kind: 'events', events: [eventOf(type, set as unknown as Wso2Webhook, body)] };
}

/** WSO2 Identity Server's own webhooks (adapter httppublisher). */
export function wso2Source({ name, path, secrets }: Extract<SourceSettings, { type: 'wso2' }>): HttpSource {
  return {
    name,
    path,
    mediaTypes: [json],
    admits: (headers) => secrets.length === 0 || headers['x-wso2-event-signature'] !== undefined,
    textOf: (body, headers) => genuineText(body, headers, secrets),
    read: readWso2,
  };
}

import type { SourceSettings } from '../config/settings.js';
import { refusalOf } from '../events/refusal.js';
import type { KeycloakEvent } from '../schema-types.js';
import { validatorOf } from '../schemas.js';
import { isSigned, showsToken } from './credentials.js';
import { isObject, parsedJson, utf8Of } from './decode.js';
import { keycloakEvents } from './keycloak-event.js';
import { recordOf } from './keycloak-record.js';
import { type HttpSource, json, type Reading, wrong } from './source.js';

const violationsOf = validatorOf('keycloak-event.schema.json');

const withoutNulls = (value: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));

/** The event that a body holds. Some listeners write what is absent as null, or as an empty text. */
function saidIn(text: string): unknown {
  const value = parsedJson(text);
  if (!isObject(value)) return undefined;
  const said = withoutNulls(value);
  for (const [name, member] of Object.entries(said)) if (member === '') delete said[name];
  if (isObject(said.authDetails)) said.authDetails = withoutNulls(said.authDetails);
  return said;
}

/**
 * Keycloak's events, one a request, as its HTTP event listeners post them: EventRepresentation, AdminEventRepresentation,
 * or the envelope of keycloak-events.
 */
export function keycloakSource({
  name,
  path,
  secrets,
  token,
}: Extract<SourceSettings, { type: 'keycloak' }>): HttpSource {
  const eventsOf = keycloakEvents(name);
  const isShown = (authorization: string | undefined): boolean =>
    token !== undefined && showsToken(authorization, token, { basic: true });
  const isOpen = secrets.length === 0 && token === undefined;

  return {
    name,
    path,
    mediaTypes: [json],
    admits: ({ authorization, 'x-keycloak-signature': signature }) =>
      isOpen || isShown(authorization) || (secrets.length > 0 && signature !== undefined),
    textOf: (body, { authorization, 'x-keycloak-signature': signature }) =>
      isOpen || isShown(authorization) || isSigned(body, signature, secrets)
        ? (utf8Of(body) ?? body.toString('latin1'))
        : undefined,
    read(text): Reading {
      const said = saidIn(text);
      if (said === undefined) return wrong('the body is no JSON object');
      const violations = violationsOf(said);
      return violations.length > 0 ? wrong(refusalOf(violations, [])) : eventsOf(recordOf(said as KeycloakEvent));
    },
  };
}

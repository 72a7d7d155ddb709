import { isIP } from 'node:net';
import type { Initiator, KeycloakEvent, Tenant } from '../schema-types.js';
import { isObject, parsedJson } from './decode.js';
import { derivedId } from './derived-id.js';
import { legible } from './legible.js';

/** What Keycloak said, by whichever way it came. */
interface Said {
  /** Tells it from all others; the same whenever it is said again. */
  readonly key: string;
  /** Milliseconds. */
  readonly time: number;
  readonly realm?: Tenant;
  readonly ip?: string;
  readonly error?: string;
  readonly details: Readonly<Record<string, string>>;
}

export interface UserRecord extends Said {
  readonly kind: 'user';
  /** LOGIN, LOGIN_ERROR, ... */
  readonly type: string;
  readonly clientId?: string;
  readonly userId?: string;
  readonly username?: string;
  readonly sessionId?: string;
}

export interface AdminRecord extends Said {
  readonly kind: 'admin';
  readonly operation: string;
  readonly resourceType?: string;
  /** `users/<id>`, ... */
  readonly resourcePath: string;
  /** What was sent, where the realm includes it. */
  readonly representation?: Readonly<Record<string, unknown>>;
}

export type KeycloakRecord = UserRecord | AdminRecord;

/** Its realm; the name alone where no id is known, and the other way round. */
export function realmOf(id: string | undefined, name: string | undefined): Tenant | undefined {
  const either = legible(id ?? name);
  return either === undefined ? undefined : { id: either, name: legible(name) ?? either };
}

/** Only addresses: a proxy may leave something else there. */
export const addressOf = (ip: string | undefined): string | undefined =>
  ip !== undefined && isIP(ip) !== 0 ? ip : undefined;

export const initiatorOf = (type: Initiator['type'], { ip }: Said): Initiator => ({ type, ip });

const textsOf = (details: KeycloakEvent['details']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(details ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );

function representationOf(given: KeycloakEvent['representation']): Readonly<Record<string, unknown>> | undefined {
  const value = typeof given === 'string' ? parsedJson(given) : given;
  return isObject(value) ? value : undefined;
}

/** The prefix by which keycloak-events tells user events from admin events. */
const plainType = (type: string | undefined): string => (type ?? '').replace(/^access\./, '');

/** @param said an event that has been checked against `keycloak-event.schema.json` */
export function recordOf(said: KeycloakEvent): KeycloakRecord {
  const { id, uid, time, authDetails, error, realmId, realmName } = said;
  const details = textsOf(said.details);
  if (said.operationType !== undefined) {
    const { resourceType, resourcePath = '', operationType: operation } = said;
    const ip = addressOf(authDetails?.ipAddress ?? said.ipAddress);
    const admin = [realmId, authDetails?.userId, operation, resourcePath, String(time)].join('\n');
    return {
      kind: 'admin',
      key: id ?? uid ?? admin,
      time,
      realm: realmOf(realmId, realmName),
      ip,
      error,
      details,
      operation,
      resourceType,
      resourcePath,
      representation: representationOf(said.representation),
    };
  }
  const type = plainType(said.type);
  const userId = said.userId ?? authDetails?.userId;
  const sessionId = said.sessionId ?? authDetails?.sessionId;
  const clientId = said.clientId ?? authDetails?.clientId;
  const ipAddress = said.ipAddress ?? authDetails?.ipAddress;
  // Old versions give no id: what it says tells it from the others.
  const content = [type, realmId, clientId, userId, sessionId, ipAddress, error, String(time)];
  return {
    kind: 'user',
    key: id ?? uid ?? derivedId(JSON.stringify([content, details])),
    time,
    realm: realmOf(realmId, realmName ?? authDetails?.realmName ?? authDetails?.realmId),
    ip: addressOf(ipAddress),
    error,
    details,
    type,
    clientId: legible(clientId),
    userId: legible(userId),
    username: legible(authDetails?.username ?? details.username),
    sessionId: legible(sessionId),
  };
}

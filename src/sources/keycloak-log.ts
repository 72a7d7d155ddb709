import { createHash } from 'node:crypto';
import { isObject, parsedJson } from './decode.js';
import { addressOf, type KeycloakRecord, realmOf } from './keycloak-record.js';
import { legible } from './legible.js';

/** The logger of the jboss-logging event listener. */
const logger = 'org.keycloak.events';

/**
 * The members of a text such as `type="LOGIN", realmId="..."`; the first of a name counts. Only a quote is escaped
 * (`\"`), a backslash is not: where a value ends in one it cannot be told where, and what follows is left out.
 */
export function membersOf(text: string): Map<string, string> {
  const members = new Map<string, string>();
  const member = /(?:^|, )([^\s=",]+)="((?:[^"\\]|\\"|\\)*?)(?<!\\)"(?=, |$)/y;
  for (let found = member.exec(text); found !== null; found = member.exec(text)) {
    const [, name = '', value = ''] = found;
    if (!members.has(name)) members.set(name, value.replaceAll('\\"', '"'));
  }
  return members;
}

/** Members that stand before the details. */
const heads: ReadonlySet<string> = new Set([
  'type',
  'operationType',
  'realmId',
  'realmName',
  'clientId',
  'userId',
  'sessionId',
  'ipAddress',
  'resourceType',
  'resourcePath',
  'error',
  'representation',
]);

/** What a line of the log says: of a JSON log, also in the form of the Elastic Common Schema. */
function saidIn(line: string): { readonly time: number; readonly text: string } | undefined {
  // Most lines are not about events: those are not parsed.
  if (!line.includes(logger)) return undefined;
  const record = parsedJson(line.replace(/^\ufeff/, ''));
  if (!isObject(record) || (record.loggerName ?? record['log.logger']) !== logger) return undefined;
  const { message: text } = record;
  const time = Date.parse(String(record.timestamp ?? record['@timestamp']));
  return typeof text === 'string' && !Number.isNaN(time) ? { time, text } : undefined;
}

/** What became of a line: none of an event, one that is not understood, or what it says. */
export type LineReading = 'none' | 'unknown' | KeycloakRecord;

/** What a line of Keycloak's JSON log says. */
export function recordIn(line: string): LineReading {
  const said = saidIn(line);
  if (said === undefined) return line.includes(`"${logger}"`) ? 'unknown' : 'none';
  const members = membersOf(said.text);
  // What Keycloak does not know it writes as `null`.
  const of = (name: string): string | undefined => {
    const value = members.get(name);
    return value === 'null' ? undefined : value;
  };
  const details = Object.fromEntries(
    [...members].filter(([name, value]) => !heads.has(name) && value !== 'null' && name !== '__proto__'),
  );
  const common = {
    // The whole line: time, place in the log and process tell it from every other.
    key: createHash('sha256').update(line).digest('base64url'),
    time: said.time,
    ip: addressOf(of('ipAddress')),
    error: of('error'),
    details,
  };
  const type = of('type');
  if (type !== undefined) {
    return {
      kind: 'user',
      ...common,
      realm: realmOf(of('realmId'), of('realmName')),
      type,
      clientId: legible(of('clientId')),
      userId: legible(of('userId')),
      username: legible(details.username),
      sessionId: legible(of('sessionId')),
    };
  }
  const operation = of('operationType');
  if (operation === undefined) return 'unknown';
  const representation = parsedJson(of('representation') ?? '');
  const realmName = of('realmName') ?? of('realm');
  return {
    kind: 'admin',
    ...common,
    // It is the administrator's realm that is named: who is of another than `master` can change only that one.
    realm: realmName === undefined || realmName === 'master' ? undefined : realmOf(of('realmId'), realmName),
    operation,
    resourceType: of('resourceType'),
    resourcePath: of('resourcePath') ?? '',
    representation: isObject(representation) ? representation : undefined,
  };
}

import { recentOf } from '../flows/recent.js';
import { derivedId } from './derived-id.js';
import { adminEvents } from './keycloak-admin.js';
import type { Memory } from './keycloak-draft.js';
import type { KeycloakRecord } from './keycloak-record.js';
import { userEvents } from './keycloak-user.js';
import type { Reading } from './source.js';

/** Sessions, and accounts, that are remembered; past it the one seen longest ago is forgotten. */
const maxRemembered = 100_000;

function memory(): Memory {
  const sessions = recentOf<string>(maxRemembered, () => false);
  const accounts = recentOf<{ readonly key: string; readonly before?: boolean; readonly isEnabled: boolean }>(
    maxRemembered,
    () => false,
  );
  return {
    isFirst(sessionId, { key }) {
      const first = sessions.get(sessionId) ?? key;
      sessions.put(sessionId, first);
      return first === key;
    },
    wasEnabled(userId, { key }, isEnabled) {
      const known = accounts.get(userId);
      if (known?.key === key) return known.before;
      accounts.put(userId, { key, before: known?.isEnabled, isEnabled });
      return known?.isEnabled;
    },
  };
}

/** What a record is called where Setwire has no event for it: somebody else may have chosen the words. */
function kindOf(record: KeycloakRecord): string {
  const words =
    record.kind === 'user'
      ? [record.type, record.error]
      : [record.operation, record.resourceType ?? 'unknown', record.error];
  return words
    .filter((word) => word !== undefined)
    .join(' ')
    .replace(/[^\w .-]/g, '?')
    .slice(0, 64);
}

/**
 * Makes identity events of Keycloak's records, of one source.
 *
 * @param source its name: the same record of two sources is two events
 */
export function keycloakEvents(source: string): (record: KeycloakRecord) => Reading {
  const known = memory();
  return (record) => {
    const drafts = record.kind === 'user' ? userEvents(record, known) : adminEvents(record, known);
    if (drafts.length === 0) return { kind: 'events', events: [], unmapped: kindOf(record) };
    const { key, time, realm } = record;
    const correlationId = key.length <= 256 && !/\p{Cc}/u.test(key) ? key : undefined;
    const events = drafts.map(({ key: own, ...draft }) => ({
      ...draft,
      id: derivedId('keycloak', source, realm?.id ?? '', own ?? key, draft.type),
      time,
      correlationId,
      tenant: realm,
    }));
    return { kind: 'events', events };
  };
}

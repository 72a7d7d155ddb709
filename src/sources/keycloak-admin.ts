import type { Credential, User } from '../schema-types.js';
import { changesIn, claimsIn } from './keycloak-claims.js';
import type { Draft, Memory } from './keycloak-draft.js';
import { type AdminRecord, initiatorOf } from './keycloak-record.js';
import { legible } from './legible.js';

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? legible(value) : undefined);

function userOf(id: string, { representation = {}, details }: AdminRecord): User {
  const groups = representation.groups;
  return {
    id,
    username: textOf(representation.username) ?? textOf(details.username),
    claims: claimsIn(representation),
    groups: Array.isArray(groups) ? groups.flatMap((group) => textOf(group) ?? []).slice(0, 1000) : undefined,
  };
}

const about = (id: string, record: AdminRecord): Partial<Draft> => ({
  user: userOf(id, record),
  initiator: initiatorOf('admin', record),
});

/** Members that name the user, or are looked at by themselves: an update of nothing else changes no profile. */
const notOfProfile: ReadonlySet<string> = new Set(['id', 'username', 'enabled', 'origin', 'access']);

/** Whether the account was enabled or disabled by this update; undefined: neither, or it cannot be told. */
function turnedOf(id: string, record: AdminRecord, known: Memory): boolean | undefined {
  const { details, representation = {} } = record;
  const { previous_enabled: before, updated_enabled: after } = details;
  if (after !== undefined) return before === after ? undefined : after === 'true';
  const { enabled } = representation;
  if (typeof enabled !== 'boolean') return undefined;
  const was = known.wasEnabled(id, record, enabled);
  if (was !== undefined) return was === enabled ? undefined : enabled;
  // The admin console sends all that it knows of a user, whatever was changed: that an account is enabled is no news
  // then, that it is not is.
  const isWhole = representation.username !== undefined;
  return enabled && isWhole ? undefined : enabled;
}

function updated(id: string, record: AdminRecord, known: Memory): Draft[] {
  const drafts: Draft[] = [];
  const turned = turnedOf(id, record, known);
  if (turned !== undefined)
    drafts.push({ type: turned ? 'account.enabled' : 'account.disabled', ...about(id, record) });
  const changes = changesIn(record.details);
  delete changes.added?.enabled;
  delete changes.updated?.enabled;
  const members = Object.keys(record.representation ?? {});
  const isOfProfile = members.length === 0 ? turned === undefined : members.some((name) => !notOfProfile.has(name));
  if (isOfProfile) drafts.push({ type: 'account.profile-updated', ...about(id, record), changes });
  return drafts;
}

function created(id: string, record: AdminRecord, known: Memory): Draft[] {
  const { enabled } = record.representation ?? {};
  if (typeof enabled === 'boolean') known.wasEnabled(id, record, enabled);
  return [{ type: 'account.created', ...about(id, record) }];
}

const credential = (
  id: string,
  record: AdminRecord,
  type: Credential['type'],
  change: Credential['change'],
): Draft[] => [{ type: 'credential.updated', ...about(id, record), credential: { type, change } }];

type Row = readonly [
  operations: string,
  path: RegExp,
  drafts: (id: string, record: AdminRecord, known: Memory, second: string) => Draft[],
];

const id = '([^/]+)';
const path = (pattern: string): RegExp => new RegExp(`^/?${pattern}$`);

/** What an admin event is, by its operation and the resource's path. */
const rows: readonly Row[] = [
  ['CREATE', path(`users/${id}`), created],
  ['UPDATE', path(`users/${id}`), updated],
  ['DELETE', path(`users/${id}`), (user, record) => [{ type: 'account.deleted', ...about(user, record) }]],
  [
    'ACTION UPDATE',
    path(`users/${id}/reset-password`),
    (user, record) => credential(user, record, 'password', 'reset'),
  ],
  [
    'ACTION DELETE',
    path(`users/${id}/credentials/${id}`),
    (user, record) => credential(user, record, 'other', 'deleted'),
  ],
  [
    'ACTION DELETE',
    path(`users/${id}/consents/${id}`),
    (user, record, _known, clientId) => [
      { type: 'token.revoked', ...about(user, record), applications: [{ clientId }] },
    ],
  ],
  [
    'DELETE',
    path(`attack-detection/brute-force/users/${id}`),
    (user, record) => [{ type: 'account.unlocked', ...about(user, record) }],
  ],
  [
    'DELETE',
    path(`sessions/${id}`),
    (session, record) => [
      { type: 'session.revoked', sessions: [{ id: session }], initiator: initiatorOf('admin', record) },
    ],
  ],
];

/** What was refused (`error`) has not happened. */
export function adminEvents(record: AdminRecord, known: Memory): Draft[] {
  if (record.error !== undefined) return [];
  for (const [operations, pattern, drafts] of rows) {
    const [, first, second = ''] = pattern.exec(record.resourcePath) ?? [];
    if (first !== undefined && operations.split(' ').includes(record.operation))
      return drafts(first, record, known, second);
  }
  return [];
}

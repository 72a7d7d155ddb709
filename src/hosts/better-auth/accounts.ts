import type { Credential } from '../../schema-types.js';
import type { Person } from './person.js';
import type { AccountFact, Draft, Trail, UserChange } from './trail.js';

/** Whoever is created by an administrator has not registered, and an anonymous user has not either. */
function created(person: Person, { calls, origin }: Trail): Draft[] {
  const path = calls.at(-1)?.path ?? '';
  const account: Draft = { event: { type: 'account.created' }, userId: person.id };
  const byItself = origin.isRequest || path !== '';
  if (!byItself || path.startsWith('/admin/') || person.isAnonymous) return [account];
  return [account, { event: { type: 'registration.success' }, userId: person.id, by: 'user' }];
}

const credential = (userId: string, change: Credential): Draft => ({
  event: { type: 'credential.updated', credential: change },
  userId,
});

function changed({ person, path, changes, banned, twoFactor }: UserChange): Draft[] {
  const userId = person.id;
  const drafts: Draft[] = [];
  if (Object.keys(changes).length > 0) drafts.push({ event: { type: 'account.profile-updated', changes }, userId });
  if (banned === true) drafts.push({ event: { type: 'account.locked', reason: { code: 'banned' } }, userId });
  // A ban that has run out is lifted by the next sign-in.
  if (banned === false)
    drafts.push({
      event: { type: 'account.unlocked' },
      userId,
      ...(!path.startsWith('/admin/') && { by: 'system' as const }),
    });
  if (twoFactor !== undefined)
    drafts.push(credential(userId, { type: 'otp', change: twoFactor ? 'created' : 'deleted' }));
  return drafts;
}

/** A password, or another provider's account that can be signed in with. */
function credentialOf({ what, provider, path }: AccountFact): Credential {
  if (provider !== 'credential')
    return { type: 'other', change: what === 'deleted' ? 'deleted' : 'created', name: provider };
  if (what !== 'password') return { type: 'password', change: what };
  const isReset = path.endsWith('/reset-password') || path.startsWith('/admin/');
  return { type: 'password', change: isReset ? 'reset' : 'updated' };
}

/** Where the row does not say whose it is, the reset that was used up does, or what was typed. */
function accountChanged(fact: AccountFact, { owner, calls }: Trail): Draft {
  const userId = fact.userId ?? owner;
  if (userId !== undefined) return credential(userId, credentialOf(fact));
  const typed = calls.at(-1)?.typed;
  return { event: { type: 'credential.updated', credential: credentialOf(fact) }, ...(typed && { typed }) };
}

export const accountsCreated = (trail: Trail): Draft[] => trail.created.flatMap((person) => created(person, trail));

/** What changed of accounts that were there before and still are: a new one has everything, a deleted one nothing. */
export function accountsChanged(trail: Trail): Draft[] {
  const { changed: users, accounts, created: fresh, deleted } = trail;
  const apart = new Set([...fresh, ...deleted].map(({ id }) => id));
  return [
    ...users.filter(({ person }) => !apart.has(person.id)).flatMap(changed),
    ...accounts
      .filter(({ userId }) => userId === undefined || !apart.has(userId))
      .map((fact) => accountChanged(fact, trail)),
  ];
}

export const accountsDeleted = ({ deleted }: Trail): Draft[] =>
  deleted.map(({ id }) => ({ event: { type: 'account.deleted' }, userId: id }));

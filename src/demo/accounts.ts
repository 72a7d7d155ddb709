import { randomBytes, randomUUID, scryptSync, timingSafeEqual } from 'node:crypto';
import type { ReportedEvent } from '../index.js';

/** A user of the demo's identity server. */
export interface Account {
  readonly id: string;
  readonly username: string;
  name: string;
  email: string;
  locked: boolean;
  disabled: boolean;
}

/** Who asked for something, and from where. */
export type Initiator = NonNullable<ReportedEvent['initiator']>;

export type AccountAction = 'profile' | 'password' | 'lock' | 'unlock' | 'disable' | 'enable' | 'delete';

export interface Accounts {
  list(): readonly Account[];
  find(id: string): Account | undefined;
  /** The account, or why it may not sign in. */
  signIn(username: string, password: string): { account: Account } | { account?: Account; refused: string };
  /** A new account, or why there is none. */
  register(username: string, password: string, initiator: Initiator): { account: Account } | { refused: string };
  act(action: AccountAction, id: string, initiator: Initiator): boolean;
}

interface Stored {
  readonly account: Account;
  salt: Buffer;
  hash: Buffer;
}

const hashOf = (password: string, salt: Buffer): Buffer => scryptSync(password, salt, 32);

const whom = ({ id, username, email, name }: Account): NonNullable<ReportedEvent['user']> => ({
  id,
  username,
  claims: { email, name },
});

/**
 * The user store. An identity server's event bus often knows nothing of it, so it tells Setwire itself what happens
 * here: `report` is the plugin's `emit`.
 */
export function createAccounts(report: (event: ReportedEvent) => void): Accounts {
  const stored = new Map<string, Stored>();

  function add(username: string, password: string): Account {
    const name = username.charAt(0).toUpperCase() + username.slice(1);
    const email = `${username}@example.com`;
    const account: Account = { id: randomUUID(), username, name, email, locked: false, disabled: false };
    const salt = randomBytes(16);
    stored.set(account.id, { account, salt, hash: hashOf(password, salt) });
    return account;
  }

  const named = (username: string): Stored | undefined =>
    [...stored.values()].find(({ account }) => account.username === username);

  function setPassword(one: Stored, password: string): void {
    one.salt = randomBytes(16);
    one.hash = hashOf(password, one.salt);
  }

  add('alice', 'wonderland');
  add('bob', 'builder');

  return {
    list: () => [...stored.values()].map(({ account }) => account),
    find: (id) => stored.get(id)?.account,

    signIn(username, password) {
      const one = named(username);
      if (one === undefined) return { refused: 'unknown user' };
      const { account, salt, hash } = one;
      if (!timingSafeEqual(hashOf(password, salt), hash)) return { account, refused: 'wrong password' };
      if (account.locked) return { account, refused: 'account locked' };
      if (account.disabled) return { account, refused: 'account disabled' };
      return { account };
    },

    register(username, password, initiator) {
      const refused = !/^[a-z]{2,20}$/.test(username)
        ? 'a name has 2 to 20 small letters'
        : named(username)
          ? 'the name is taken'
          : undefined;
      if (refused !== undefined) {
        report({ type: 'registration.failure', user: { username }, reason: { description: refused }, initiator });
        return { refused };
      }
      const account = add(username, password);
      report({ type: 'registration.success', user: whom(account), initiator });
      report({ type: 'account.created', user: whom(account), initiator });
      return { account };
    },

    act(action, id, initiator) {
      const one = stored.get(id);
      if (one === undefined) return false;
      const { account } = one;
      switch (action) {
        case 'profile': {
          account.name = `${account.name} II`;
          const changes = { updated: { name: account.name } };
          report({ type: 'account.profile-updated', user: whom(account), changes, initiator });
          break;
        }
        case 'password':
          setPassword(one, randomBytes(12).toString('base64url'));
          report({
            type: 'credential.updated',
            user: whom(account),
            credential: { type: 'password', change: 'updated' },
            initiator,
          });
          break;
        case 'lock':
        case 'unlock':
          account.locked = action === 'lock';
          report({ type: account.locked ? 'account.locked' : 'account.unlocked', user: whom(account), initiator });
          break;
        case 'disable':
        case 'enable':
          account.disabled = action === 'disable';
          report({ type: account.disabled ? 'account.disabled' : 'account.enabled', user: whom(account), initiator });
          break;
        case 'delete':
          stored.delete(id);
          report({ type: 'account.deleted', user: whom(account), initiator });
          break;
        default:
          return false;
      }
      return true;
    },
  };
}

import type { ReportedEvent } from '../../events/identity-event.js';
import type { ClaimChanges } from '../../schema-types.js';
import type { AuthContext, Row } from './context.js';
import type { Origin } from './origin.js';
import type { Person } from './person.js';
import type { StoredToken } from './tokens.js';

export type By = NonNullable<NonNullable<ReportedEvent['initiator']>['type']>;

/** What a person typed to say who they are. */
export interface Typed {
  readonly field: 'email' | 'username' | 'phoneNumber';
  readonly value: string;
}

/** An event without what all events of a request have in common. */
export interface Draft {
  readonly event: Omit<ReportedEvent, 'user' | 'initiator' | 'correlationId' | 'time' | 'issuer'>;
  /** Whom it is about. */
  readonly userId?: string;
  /** Whom it is about, where no more is known. */
  readonly typed?: Typed;
  /** Who set it off; left out: whoever called. */
  readonly by?: By;
}

/** A session by its stable id. */
export interface SessionFact {
  readonly id: string;
  readonly userId: string;
  readonly startedAt?: number;
  /** When it ends by itself. */
  readonly expiresAt?: number;
  /** An administrator acts in it for the user. */
  readonly isImpersonated: boolean;
}

/** A way to sign in that came, went, or has a new password. */
export interface AccountFact {
  readonly what: 'created' | 'deleted' | 'password';
  /** Where it is; `credential` is a password. */
  readonly provider: string;
  readonly userId?: string;
  readonly path: string;
}

/** A user's row before and after an update. */
export interface UserChange {
  readonly person: Person;
  readonly changes: ClaimChanges;
  readonly path: string;
  /** A ban that was imposed (true) or lifted (false). */
  readonly banned?: boolean;
  /** A second factor that was set up (true) or taken away (false). */
  readonly twoFactor?: boolean;
}

/** An endpoint that has answered; what is not known at once is filled in before it is told. */
export interface Call {
  readonly path: string;
  /** Of the answer; a redirect that tells of an error is 400. */
  readonly status: number;
  /** Why it failed. */
  readonly code?: string;
  /** The other identity provider that was asked. */
  readonly provider?: string;
  readonly typed?: Typed;
  /** Something of the user's own is to be changed, which takes what a sign-in takes. */
  readonly isChange?: boolean;
  /** Who was asked for a second factor. */
  challenged?: string;
  /** The session that it came with. */
  session?: SessionFact;
}

/** An update that has begun: what is to be written, and what was there before, where that is known. */
export interface PendingUpdate {
  readonly patch: Row;
  readonly before: Row | undefined;
}

/**
 * What the hooks of one request have seen, until it has been answered: only then is it clear what it comes to. A sign-in
 * that waits for a second factor, for one, begins a session and ends it.
 */
export interface Trail {
  origin: Origin;
  readonly startedAt: number;
  /** Answered over HTTP: it is known when nothing more will come. */
  readonly isHttp: boolean;
  /** What can be asked where something has to be looked up; undefined until something was seen. */
  context: AuthContext | undefined;
  /** Endpoints that have been called and have not answered yet. */
  depth: number;
  isTold: boolean;
  /** Of a request that has been told already: nothing says when it will be over. */
  isLate: boolean;
  /** Users whose rows were seen, by id. */
  people: Map<string, Person>;
  calls: Call[];
  created: Person[];
  deleted: Person[];
  changed: UserChange[];
  begun: SessionFact[];
  ended: SessionFact[];
  /** Sessions that were there before, where no hook tells that they end. */
  remembered: SessionFact[];
  accounts: AccountFact[];
  updates: PendingUpdate[];
  /** Updates of accounts that have begun: whether each sets a password, and whose it is. */
  accountUpdates: { readonly isPassword: boolean; readonly userId: string | undefined }[];
  /** Whose reset or whose authorization code was used up. */
  owner: string | undefined;
  /** What was read before an endpoint did its work, where the database tells nothing of it. */
  beforehand: { tokens?: Promise<readonly StoredToken[]>; members?: Promise<readonly unknown[]> };
  /** Events that are known without the others. */
  drafts: Draft[];
  /** What is being found out about the calls. */
  seeking: Promise<void>[];
  /** Events that something has to be looked up for. */
  later: Promise<readonly Draft[]>[];
}

export const newTrail = (origin: Origin, now: number, isHttp: boolean): Trail => ({
  origin,
  startedAt: now,
  isHttp,
  context: undefined,
  beforehand: {},
  depth: 0,
  isTold: false,
  isLate: false,
  people: new Map(),
  calls: [],
  created: [],
  deleted: [],
  changed: [],
  begun: [],
  ended: [],
  remembered: [],
  accounts: [],
  updates: [],
  accountUpdates: [],
  owner: undefined,
  drafts: [],
  seeking: [],
  later: [],
});

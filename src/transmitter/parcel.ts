import type { IdentityEvent } from '../events/identity-event.js';
import type { Offset } from '../journal/journal.js';
import type { SecurityEventToken } from '../set/set.js';

/** A SET on its way to one endpoint, with where it came from. */
export interface Parcel {
  readonly offset: Offset;
  readonly set: SecurityEventToken;
  /** Whom it is about: parcels of one lane keep their order. Undefined: about nobody that is known. */
  readonly lane: string | undefined;
  /** As it may stand in the log. */
  readonly user: string | undefined;
}

/** Parcels that leave in one request. */
export interface PackedBatch {
  readonly id: string;
  readonly parcels: readonly Parcel[];
}

/** Whom an event is about, the most telling first: the user, the session, the client. */
export function laneOf(event: IdentityEvent): string | undefined {
  const { user, session, sessions, application } = event;
  const session0 = session ?? sessions?.[0];
  if (user?.id !== undefined) return `user ${user.id}`;
  if (user?.username !== undefined) return `username ${user.username}`;
  if (session0 !== undefined) return `session ${session0.id}`;
  return application?.clientId === undefined ? undefined : `client ${application.clientId}`;
}

import type { IdentityEvent } from '../schema-types.js';
import type { ProfileSettings } from './set.js';

/** The event with what the endpoint's settings know where it does not. */
export function completed(event: IdentityEvent, { issuer, defaults }: ProfileSettings): IdentityEvent {
  // Nobody knows where an account is kept that was not found, or does not exist yet.
  const unknownUser = event.type.endsWith('.failure') && event.user?.id === undefined;
  const known = {
    issuer: issuer ?? event.issuer,
    tenant: event.tenant ?? defaults.tenant,
    organization: event.organization ?? defaults.organization,
    userStore: event.userStore ?? (unknownUser ? undefined : defaults.userStore),
  };
  // To copy an event costs as much as to make a SET of it.
  const isComplete =
    known.issuer === event.issuer &&
    known.tenant === event.tenant &&
    known.organization === event.organization &&
    known.userStore === event.userStore;
  return isComplete ? event : { ...event, ...known };
}

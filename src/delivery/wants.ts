import type { EndpointSettings } from '../config/settings.js';
import type { IdentityEvent } from '../schema-types.js';
import { profileOf } from '../set/profiles.js';
import { selectOf } from '../transmitter/select.js';

/** Which events an endpoint gets: those it selects and its profile has a SET for. */
export function wantsOf(endpoint: EndpointSettings): (event: IdentityEvent) => boolean {
  const selects = selectOf(endpoint);
  const { covers } = profileOf(endpoint.profile);
  return (event) => covers(event) && selects(event);
}

import type { IdentityEvent } from '../../src/events/identity-event.js';
import type { Journal, Offset } from '../../src/journal/journal.js';

/** Appends an event; `once`: by its id, as if its reporter had given that. */
export const appendEvent = (journal: Journal, event: IdentityEvent, { once } = { once: false }): Promise<Offset> =>
  journal.append(JSON.stringify(event), once ? event.id : undefined);

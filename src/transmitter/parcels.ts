import type { IdentityEvent } from '../events/identity-event.js';
import type { DeadReason } from '../schema-types.js';
import type { MakeSets, SetResult } from '../set/set.js';
import type { Endpoint } from './endpoint.js';
import { bytesAlone, type Shape } from './packer.js';
import { type Held, laneOf, type Parcel, type Source } from './parcel.js';
import { userOf } from './record.js';

export interface ParcelsDeps {
  /** Which events the endpoint gets. */
  readonly wants: (event: IdentityEvent) => boolean;
  readonly makeSets: MakeSets;
  readonly shape: Shape;
  readonly hashUser: (userId: string) => string;
}

/** A SET that cannot be sent. */
export interface GivenUp {
  readonly jti: string;
  readonly reason: DeadReason;
  readonly detail?: string;
}

/** What is to be done with an entry. */
export interface Parcels {
  readonly parcels: readonly Parcel[];
  readonly givenUp: readonly GivenUp[];
  /** Where there is neither: the entry has come to its end. */
  readonly end?: 'unwanted' | 'delivered';
}

/** Makes of an entry the SETs that are to be sent, each with its lane: those that are meant, and not settled yet. */
export function parcelsWith(
  { order, batch: { maxBytes } }: Pick<Endpoint, 'order' | 'batch'>,
  { wants, makeSets, shape, hashUser }: ParcelsDeps,
): (held: Held, source: Source) => Parcels {
  /** None: the endpoint does not want it. */
  function make(event: IdentityEvent): readonly SetResult[] {
    try {
      return wants(event) ? makeSets(event) : [];
    } catch {
      // The error's text may hold a value of the event: it is not repeated.
      const detail = 'the event could not be made a SET';
      return [{ kind: 'dead', jti: event.id, reason: 'mapping_failed', detail }];
    }
  }

  return (held, source) => {
    const made = make(held.event);
    const meant = held.only === undefined ? made : made.filter((result) => isMeant(held, jtiOf(result)));
    const results = held.done === undefined ? meant : meant.filter((result) => !held.done?.includes(jtiOf(result)));
    held.unsettled = results.length;
    if (results.length === 0) return { parcels: [], givenUp: [], end: meant.length === 0 ? 'unwanted' : 'delivered' };
    const lane = order === 'none' ? undefined : laneOf(held.event);
    const user = userOf(held.event, hashUser);
    const parcels: Parcel[] = [];
    const givenUp: GivenUp[] = [];
    for (const result of results) {
      if (result.kind === 'dead') {
        givenUp.push(result);
      } else if (bytesAlone(result.set, shape) > maxBytes) {
        const { jti, bytes } = result.set;
        const detail = `the SET has ${bytes} bytes, batch.maxBytes is ${maxBytes}`;
        givenUp.push({ jti, reason: 'too_large', detail });
      } else {
        // One that is alone counts for its event; of several each counts for itself.
        const tries = results.length === 1 ? held.tries : { ...held.tries };
        parcels.push({ held, source, set: result.set, tries, lane, user, isSettled: false });
      }
    }
    return { parcels, givenUp };
  };
}

const jtiOf = (result: SetResult): string => (result.kind === 'set' ? result.set.jti : result.jti);

/** What could not be made a SET stands under the event's id, and is meant in any case. */
const isMeant = ({ only, event }: Held, jti: string): boolean =>
  only === undefined || only.includes(jti) || jti === event.id;

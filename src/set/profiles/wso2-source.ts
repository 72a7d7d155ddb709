import type { EventSource, Wso2Body, Wso2Claim, Wso2User } from '../../schema-types.js';
import { type Body, withoutEmpty } from '../omission.js';
import type { Shows } from './wso2-claims.js';

const claimLists = ['claims', 'additionalClaims', 'addedClaims', 'updatedClaims', 'removedClaims'] as const;

/** The user as WSO2 sent it, in its order, without the claims that may not leave. */
function shownUser(user: Wso2User, shows: Shows): Body {
  const shown: Body = { ...user };
  for (const name of claimLists) {
    const claims = user[name];
    if (claims !== undefined) shown[name] = claims.filter(({ uri }: Wso2Claim) => shows(uri));
  }
  for (const name of ['groups', 'roles'] as const) if (!shows(name)) shown[name] = undefined;
  return withoutEmpty(shown);
}

/**
 * What WSO2 itself said of an event, member for member; of the user's claims, groups and roles only those that may leave.
 * With `*`, and where all that it says may leave, it is what WSO2 sent.
 */
export function passedOn({ body }: EventSource, shows: Shows): Body {
  const { user }: Wso2Body = body;
  return user === undefined ? { ...body } : { ...body, user: shownUser(user, shows) };
}

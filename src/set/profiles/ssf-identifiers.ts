import type { ClaimValue, IdentityEvent } from '../../schema-types.js';
import type { SubjectSettings } from '../set.js';
import { claimOf, emailId, type Identified, phoneId, type SubjectId } from '../subject-formats.js';
import type { Discretion } from './ssf-claims.js';
import type { EventTypeName } from './ssf-uris.js';

/** RISC 1.0, section 2.5. */
export const identifierChanged: EventTypeName = { of: 'risc', name: 'identifier-changed' };

const identifiers = {
  email: { idOf: emailId, needs: 'an email address in `changes.previous.email`' },
  phone_number: { idOf: phoneId, needs: 'a number with + and country code (E.164) in `changes.previous.phone_number`' },
} as const satisfies Record<string, { idOf: (value: ClaimValue | undefined) => SubjectId | undefined; needs: string }>;

type Identifier = keyof typeof identifiers;

/** A changed identifier: its old value is the subject. */
export interface ChangedIdentifier {
  readonly claim: Identifier;
  readonly subject: Identified;
  readonly newValue?: ClaimValue;
}

/** Whether the receiver knows users by it anyway. */
const isSubject = (claim: Identifier, { format, user, formats }: SubjectSettings): boolean =>
  format === claim || (format === 'complex' && user === claim) || (format === 'aliases' && formats.includes(claim));

/**
 * The email address and the phone number that an event says have changed, where the old value is known, and where they
 * may leave: because `claims` names them, or because they are the endpoint's subject.
 */
export function changedIdentifiers(
  { type, changes }: IdentityEvent,
  subject: SubjectSettings,
  { shows, conceal }: Discretion,
): readonly ChangedIdentifier[] {
  if (type !== 'account.profile-updated' || conceal !== undefined) return [];
  return (Object.keys(identifiers) as Identifier[]).flatMap((claim) => {
    const [old, next] = [claimOf(changes?.previous, claim), claimOf(changes?.updated, claim)];
    const isKnown = old !== undefined && old !== '' && next !== undefined && old !== next;
    if (!isKnown || !(shows(claim) || isSubject(claim, subject))) return [];
    const { idOf, needs } = identifiers[claim];
    const id = idOf(old);
    return [{ claim, subject: id === undefined ? { lacks: needs } : { id }, ...(next !== '' && { newValue: next }) }];
  });
}

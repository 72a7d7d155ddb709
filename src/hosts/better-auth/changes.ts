import { isDeepStrictEqual } from 'node:util';
import type { ClaimChanges, Claims } from '../../schema-types.js';
import { targetOf, typedIn } from './call.js';
import { type AuthOptions, type EndpointContext, type Row, textIn } from './context.js';
import { claimsIn } from './jwt.js';
import { claimName, claimValue, personOf } from './person.js';
import type { Trail, UserChange } from './trail.js';

/** Whether an update says something that is told. */
const isTold = (patch: Row, options: AuthOptions): boolean =>
  Object.keys(patch).some(
    (field) => field === 'banned' || field === 'twoFactorEnabled' || claimName(field, options) !== undefined,
  );

/**
 * The row that is about to be updated. The hook is told only what will be written, so whose it is has to be worked out;
 * what was found is believed only if the updated row has the same id.
 */
async function rowBefore(patch: Row, ctx: EndpointContext): Promise<Row | undefined> {
  const { internalAdapter, session } = ctx.context;
  const proof = ctx.path === '/verify-email' ? claimsIn(textIn(ctx.query, 'token')) : {};
  const id = targetOf(ctx) ?? textIn(proof, 'userId') ?? textIn(session?.user, 'id');
  if (id !== undefined) return (await internalAdapter.findUserById(id)) ?? undefined;
  const typed = typedIn(ctx.body);
  const email =
    textIn(proof, 'email') ?? (typed?.field === 'email' ? typed.value : undefined) ?? textIn(patch, 'email');
  return email === undefined ? undefined : (await internalAdapter.findUserByEmail(email))?.user;
}

/**
 * Before a user's row is updated: remembers what will be written and, if any of it is told, what is there now.
 *
 * @param limit gives up waiting for a promise after a while, and resolves with undefined
 */
export async function beginUpdate(
  trail: Trail,
  patch: Row,
  ctx: EndpointContext | null,
  limit: (row: Promise<Row | undefined>) => Promise<Row | undefined>,
): Promise<void> {
  const before = ctx !== null && isTold(patch, ctx.context.options) ? await limit(rowBefore(patch, ctx)) : undefined;
  trail.updates.push({ patch, before });
}

function changesOf(patch: Row, before: Row | undefined, after: Row, options: AuthOptions): ClaimChanges {
  const added: Claims = {};
  const updated: Claims = {};
  const removed: Claims = {};
  const previous: Claims = {};
  for (const field of Object.keys(patch)) {
    const name = patch[field] === undefined ? undefined : claimName(field, options);
    if (name === undefined) continue;
    const value = claimValue(field, after[field]);
    const old = before && claimValue(field, before[field]);
    if (before === undefined) {
      if (value === undefined) removed[name] = '';
      else updated[name] = value;
    } else if (isDeepStrictEqual(value, old)) continue;
    else if (value === undefined) removed[name] = old ?? '';
    else if (old === undefined) added[name] = value;
    else {
      updated[name] = value;
      previous[name] = old;
    }
  }
  return {
    ...(Object.keys(added).length > 0 && { added }),
    ...(Object.keys(updated).length > 0 && { updated }),
    ...(Object.keys(removed).length > 0 && { removed }),
    ...(Object.keys(previous).length > 0 && { previous }),
  };
}

/** Whether what would be written and is told stands in a row. */
const isIn = (row: Row, patch: Row, options: AuthOptions): boolean =>
  Object.keys(patch).every(
    (field) =>
      patch[field] === undefined ||
      !isTold({ [field]: true }, options) ||
      isDeepStrictEqual(claimValue(field, patch[field]), claimValue(field, row[field])),
  );

/** A flag that this update turned: true or false, undefined where it did not. */
function turned(field: string, patch: Row, before: Row | undefined): boolean | undefined {
  const flag = patch[field];
  if (typeof flag !== 'boolean') return undefined;
  return before !== undefined && (before[field] === true) === flag ? undefined : flag;
}

/** After it: what has changed. Undefined where it is not known which update this was. */
export function endUpdate(trail: Trail, row: Row, path: string, options: AuthOptions): UserChange | undefined {
  // An update that was called off has no end: this one's is the first whose values are in the row. Another plugin may have
  // changed them on the way; then there is nothing to tell it by, but that it is the only one.
  const found = trail.updates.findIndex(({ patch }) => isIn(row, patch, options));
  const place = found < 0 && trail.updates.length === 1 ? 0 : found;
  const person = personOf(row, options);
  if (place < 0 || person === undefined) return undefined;
  const [update] = trail.updates.splice(0, place + 1).slice(-1);
  if (update === undefined) return undefined;
  const before = update.before?.id === row.id ? update.before : undefined;
  const banned = turned('banned', update.patch, before);
  const twoFactor = turned('twoFactorEnabled', update.patch, before);
  return {
    person,
    path,
    changes: changesOf(update.patch, before, row, options),
    ...(banned !== undefined && { banned }),
    ...(twoFactor !== undefined && { twoFactor }),
  };
}

import type { AuthContext } from './context.js';
import { isRow } from './context.js';
import { type Person, personOf } from './person.js';
import type { Draft, Typed } from './trail.js';

/** Users by id and by what they typed to say who they are. */
export interface People {
  byId(id: string): Person | undefined;
  byName(typed: Typed): Person | undefined;
}

const keyOf = ({ field, value }: Typed): string => `${field} ${value}`;

/** The user's row by what was typed, found as better-auth finds it. */
async function byTyped({ field, value }: Typed, { internalAdapter, adapter }: AuthContext): Promise<unknown> {
  if (field === 'email') return (await internalAdapter.findUserByEmail(value))?.user;
  const query = field === 'username' ? value.toLowerCase() : value;
  return adapter.findOne({ model: 'user', where: [{ field, value: query }] });
}

/** Whom events are about and nobody has read on the way: ids, and what was typed. */
function unknownIn(
  drafts: readonly Draft[],
  known: ReadonlyMap<string, Person>,
): { ids: ReadonlySet<string>; names: ReadonlyMap<string, Typed> } {
  return {
    ids: new Set(drafts.flatMap(({ userId }) => (userId === undefined || known.has(userId) ? [] : [userId]))),
    names: new Map(drafts.flatMap(({ typed }) => (typed === undefined ? [] : [[keyOf(typed), typed] as const]))),
  };
}

/** Whether there is nobody to look up. */
export function areKnown(drafts: readonly Draft[], known: ReadonlyMap<string, Person>): boolean {
  const { ids, names } = unknownIn(drafts, known);
  return ids.size === 0 && names.size === 0;
}

/** Looks up whom events are about. A user who cannot be found is known by the id alone. */
export async function lookUp(
  drafts: readonly Draft[],
  known: ReadonlyMap<string, Person>,
  context: AuthContext,
): Promise<People> {
  const { ids, names } = unknownIn(drafts, known);
  const people = new Map(known);
  const named = new Map<string, Person>();
  const ask = async (row: Promise<unknown>): Promise<Person | undefined> => {
    const found = await row.catch(() => undefined);
    return isRow(found) ? personOf(found, context.options) : undefined;
  };
  await Promise.all([
    ...[...ids].map(async (id) => {
      const person = await ask(context.internalAdapter.findUserById(id));
      if (person) people.set(id, person);
    }),
    ...[...names].map(async ([key, typed]) => {
      const person = await ask(byTyped(typed, context));
      if (person) named.set(key, person);
    }),
  ]);
  return peopleOf(people, named);
}

export const peopleOf = (known: ReadonlyMap<string, Person>, named?: ReadonlyMap<string, Person>): People => ({
  byId: (id) => known.get(id),
  byName: (typed) => named?.get(keyOf(typed)),
});

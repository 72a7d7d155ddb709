import type { Person } from './person.js';
import type { World } from './world.js';

/** What people do at an identity server, from beginning to end: each in a world of its own, or one after another in one. */
export type Flows = Readonly<Record<string, (world: World) => Promise<void>>>;

export const password = 'a long and good password';

/** Somebody who has just registered, and is signed in. */
export async function signUp(world: World, name: string, more: object = {}): Promise<Person> {
  const person = world.person();
  const email = `${name}@example.com`;
  await world.does(
    person.post('/sign-up/email', { email, password: world.secret(password), name, ...more }),
    'sign-up',
    200,
    `account.created ${name} user`,
    `registration.success ${name} user`,
    `login.success ${name} user pwd`,
    `session.established ${name} user`,
  );
  world.call(name, email);
  return person;
}

export const signIn = (world: World, person: Person, name: string, ...expected: string[]) =>
  world.does(
    person.post('/sign-in/email', { email: `${name}@example.com`, password }),
    'sign-in',
    200,
    ...(expected.length > 0 ? expected : [`login.success ${name} user pwd`, `session.established ${name} user`]),
  );

/** An administrator, who was one before they signed in. */
export async function anAdmin(world: World, name: string): Promise<Person> {
  const admin = await signUp(world, name);
  const row = world.server.database.user?.find(({ email }) => email === `${name}@example.com`);
  if (row) row.role = 'admin';
  admin.forget();
  await signIn(world, admin, name);
  return admin;
}

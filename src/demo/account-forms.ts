import type { IncomingMessage, ServerResponse } from 'node:http';
import { formOf, redirect, sendPage } from './http.js';
import { messagePage } from './pages.js';
import type { People } from './people.js';

interface Call {
  readonly path: string;
  readonly body: (field: (name: string) => string) => object;
}

const about = (field: (name: string) => string): object => ({ userId: field('userId') });

/** What the forms of the home page post, and what that is in better-auth's API. Who may do it, better-auth decides. */
const calls: Readonly<Record<string, Call>> = {
  '/account/register': {
    path: '/sign-up/email',
    body: (field) => ({
      username: field('username'),
      name: field('name'),
      email: `${field('username')}@example.com`,
      password: field('password'),
    }),
  },
  '/account/sign-in': {
    path: '/sign-in/username',
    body: (field) => ({ username: field('username'), password: field('password') }),
  },
  '/account/sign-out': { path: '/sign-out', body: () => ({}) },
  '/account/profile': { path: '/update-user', body: (field) => ({ name: field('name') }) },
  '/account/password': {
    path: '/change-password',
    body: (field) => ({ currentPassword: field('current'), newPassword: field('password') }),
  },
  '/account/delete': { path: '/delete-user', body: (field) => ({ password: field('password') }) },
  '/admin/ban': { path: '/admin/ban-user', body: about },
  '/admin/unban': { path: '/admin/unban-user', body: about },
  '/admin/remove': { path: '/admin/remove-user', body: about },
};

/** Answers a form of the home page by a request of better-auth's API. @returns whether it was one */
export async function answerForm(
  people: People,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<boolean> {
  const call = request.method === 'POST' ? calls[path] : undefined;
  if (call === undefined) return false;
  const form = await formOf(request);
  const asked = await people.ask(
    request,
    response,
    call.path,
    call.body((name) => form.get(name) ?? ''),
  );
  if ('refused' in asked) sendPage(response, messagePage('This did not work', asked.refused), 400);
  else redirect(response, '/');
  return true;
}

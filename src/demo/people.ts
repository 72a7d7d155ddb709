import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type BetterAuthPlugin, betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { hashPassword } from 'better-auth/crypto';
import { admin, username } from 'better-auth/plugins';

/** A user of the demo's identity server. */
export interface Person {
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly email: string;
  readonly role?: string | null;
  readonly banned?: boolean | null;
}

/** The identity server's users and accounts: a better-auth, with all in memory. */
export interface People {
  list(): readonly Person[];
  /** Somebody who may use the server: neither gone nor banned. */
  find(id: string): Person | undefined;
  /** Whoever the browser's session is of. */
  signedIn(request: IncomingMessage): Promise<Person | undefined>;
  /**
   * Makes a request of better-auth's API for a browser: with its cookies, from its address. Cookies that the answer sets
   * go to the browser.
   *
   * @param body left out: a GET
   * @param requestId what it has in common with other requests
   * @returns who it was about, where the answer says so, or why it was refused, in words for the browser
   */
  ask(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    body?: object,
    requestId?: string,
  ): Promise<Asked>;
}

export type Asked = { readonly user?: Person } | { readonly refused: string };

/** Who is there before anybody registers. */
const founders = [
  { username: 'admin', password: 'administrator', role: 'admin' },
  { username: 'alice', password: 'wonderland', role: 'user' },
  { username: 'bob', password: 'bob-the-builder', role: 'user' },
];

const titled = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

async function founded(): Promise<Record<string, Record<string, unknown>[]>> {
  const now = new Date();
  const times = { createdAt: now, updatedAt: now };
  const database = { user: [], account: [], session: [], verification: [] } as Record<
    string,
    Record<string, unknown>[]
  >;
  for (const { username: called, password, role } of founders) {
    const id = randomUUID();
    const email = `${called}@example.com`;
    const named = { username: called, displayUsername: called, name: titled(called) };
    database.user?.push({ id, ...named, email, emailVerified: false, role, banned: false, ...times });
    const hash = await hashPassword(password);
    const account = { id: randomUUID(), userId: id, accountId: id, providerId: 'credential' };
    database.account?.push({ ...account, password: hash, ...times });
  }
  return database;
}

/** @param plugins further plugins of better-auth */
export async function createPeople(origin: string, plugins: readonly BetterAuthPlugin[]): Promise<People> {
  const database = await founded();
  const auth = betterAuth({
    baseURL: origin,
    secret: process.env.BETTER_AUTH_SECRET ?? randomBytes(32).toString('base64url'),
    database: memoryAdapter(database),
    telemetry: { enabled: false },
    logger: { disabled: true },
    emailAndPassword: { enabled: true },
    user: { deleteUser: { enabled: true } },
    plugins: [username(), admin(), ...plugins],
  });
  const list = (): Person[] => (database.user ?? []) as unknown as Person[];

  function call(request: IncomingMessage, path: string, body?: object, requestId?: string): Promise<Response> {
    const headers = new Headers({ 'x-forwarded-for': request.socket.remoteAddress ?? '' });
    for (const name of ['cookie', 'origin', 'user-agent'] as const) {
      const value = request.headers[name];
      if (value !== undefined) headers.set(name, value);
    }
    if (requestId !== undefined) headers.set('x-request-id', requestId);
    if (body !== undefined) headers.set('content-type', 'application/json');
    const method = body === undefined ? 'GET' : 'POST';
    const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    return auth.handler(new Request(`${origin}/api/auth${path}`, init));
  }

  return {
    list,
    find: (id) => list().find((person) => person.id === id && person.banned !== true),

    async signedIn(request) {
      if (request.headers.cookie?.includes('better-auth.session_token') !== true) return undefined;
      const answer = (await (await call(request, '/get-session')).json()) as { user?: Person } | null;
      return answer?.user;
    },

    async ask(request, response, path, body, requestId) {
      const answer = await call(request, path, body, requestId);
      for (const line of answer.headers.getSetCookie()) response.appendHeader('set-cookie', line);
      const text = await answer.text();
      const said = (text === '' ? {} : JSON.parse(text)) as { user?: Person; message?: string } | null;
      return answer.ok ? { ...(said?.user && { user: said.user }) } : { refused: said?.message ?? 'it was refused' };
    },
  };
}

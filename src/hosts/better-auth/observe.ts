import { callOf, outcomeOf, sessionFactOf, targetOf } from './call.js';
import { beginUpdate, endUpdate } from './changes.js';
import { type EndpointContext, isRow, type Row, textIn } from './context.js';
import { credentialsOf } from './credentials.js';
import { rememberSessions, seekEnded } from './elsewhere.js';
import { jwtIssued, tokensAfterwards, tokensBeforehand, tokensOfSession } from './oauth.js';
import { membersBeforehand, membershipsLost, membershipsOf } from './organizations.js';
import { personOf } from './person.js';
import { seek } from './seek.js';
import type { Draft, Trail } from './trail.js';

type Ctx = EndpointContext | null;

const pathOf = (ctx: Ctx): string => ctx?.path ?? '';
const optionsOf = (trail: Trail, ctx: Ctx) => ctx?.context.options ?? trail.context?.options ?? {};

export function userCreated(trail: Trail, row: Row, ctx: Ctx): void {
  const person = personOf(row, optionsOf(trail, ctx));
  if (person === undefined) return;
  trail.people.set(person.id, person);
  trail.created.push(person);
}

/** @param limit gives up waiting for a row after a while */
export const userUpdateBegun = (
  trail: Trail,
  patch: Row,
  ctx: Ctx,
  limit: (row: Promise<Row | undefined>) => Promise<Row | undefined>,
): Promise<void> => beginUpdate(trail, patch, ctx, limit);

export function userUpdated(trail: Trail, row: Row | null, ctx: Ctx): void {
  const change = row === null ? undefined : endUpdate(trail, row, pathOf(ctx), optionsOf(trail, ctx));
  if (change === undefined) return;
  trail.people.set(change.person.id, change.person);
  trail.changed.push(change);
}

export function userDeleted(trail: Trail, row: Row, ctx: Ctx): void {
  const person = personOf(row, optionsOf(trail, ctx));
  if (person === undefined) return;
  trail.people.set(person.id, person);
  trail.deleted.push(person);
}

export function sessionCreated(trail: Trail, row: Row): void {
  const session = sessionFactOf(row);
  if (session) trail.begun.push(session);
}

export function sessionDeleted(trail: Trail, row: Row): void {
  const session = sessionFactOf(row);
  if (session === undefined) return;
  trail.ended.push(session);
}

export function accountCreated(trail: Trail, row: Row, ctx: Ctx): void {
  account(trail, 'created', row, ctx);
}

export function accountDeleted(trail: Trail, row: Row, ctx: Ctx): void {
  account(trail, 'deleted', row, ctx);
}

function account(trail: Trail, what: 'created' | 'deleted', row: Row, ctx: Ctx): void {
  const provider = textIn(row, 'providerId');
  const userId = textIn(row, 'userId');
  if (provider === undefined || userId === undefined) return;
  trail.accounts.push({ what, provider, userId, path: pathOf(ctx) });
}

export function accountUpdateBegun(trail: Trail, patch: Row, ctx: Ctx): void {
  trail.accountUpdates.push({
    isPassword: typeof patch.password === 'string',
    userId: ctx === null ? undefined : targetOf(ctx),
  });
}

/** An update of several rows gives only how many there were. */
export function accountUpdated(trail: Trail, row: unknown, ctx: Ctx): void {
  const update = trail.accountUpdates.shift();
  if (update?.isPassword !== true || row === null || row === 0) return;
  const userId = textIn(row, 'userId') ?? update.userId;
  trail.accounts.push({
    what: 'password',
    provider: 'credential',
    ...(userId !== undefined && { userId }),
    path: pathOf(ctx),
  });
}

/** What proves whose password is reset, or whose authorization code it is, is used up by it. */
export function verificationDeleted(trail: Trail, row: Row, ctx: Ctx): void {
  const value = textIn(row, 'value');
  if (value === undefined) return;
  if (pathOf(ctx) === '/reset-password') trail.owner = value;
  if (pathOf(ctx) === '/oauth2/token') trail.owner = textIn(parsed(value), 'userId') ?? trail.owner;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What has to be looked up may fail before anybody waits for it. */
function later(trail: Trail, drafts: Promise<readonly Draft[]>): void {
  trail.later.push(drafts.catch(() => []));
}

/**
 * Begins to read what will be gone once the endpoint has done its work. Nobody waits for it, but for the sessions where no
 * hook tells of them.
 *
 * @param limit gives up waiting after a while
 */
export async function called(
  trail: Trail,
  ctx: EndpointContext,
  limit: (remembered: Promise<void>) => Promise<void>,
): Promise<void> {
  const tokens = tokensBeforehand(ctx);
  if (tokens !== undefined) trail.beforehand.tokens = tokens.catch(() => []);
  const members = membersBeforehand(ctx);
  if (members !== undefined) trail.beforehand.members = members.catch(() => []);
  const remembered = rememberSessions(trail, ctx);
  if (remembered !== undefined) await limit(remembered);
}

export function answered(trail: Trail, ctx: EndpointContext): void {
  const { options, session, newSession, returned } = ctx.context;
  for (const user of [newSession?.user, session?.user]) {
    const person = personOf(user, options);
    if (person && !trail.people.has(person.id)) trail.people.set(person.id, person);
  }
  const call = callOf(ctx);
  trail.calls.push(call);
  const sought = seek(call, trail, ctx);
  if (sought !== undefined) trail.seeking.push(sought.catch(() => undefined));
  if (ctx.path === '/oauth2/token' || ctx.path === '/oauth2/revoke') later(trail, tokensAfterwards(ctx, trail));
  if (outcomeOf(returned).status >= 400) return;
  trail.drafts.push(...credentialsOf(ctx), ...membershipsOf(ctx));
  if (ctx.path === '/token') trail.drafts.push(...jwtIssued(textIn(returned, 'token'), textIn(session?.user, 'id')));
  const { members } = trail.beforehand;
  if (ctx.path === '/organization/delete' && members !== undefined)
    later(
      trail,
      members.then((found) => membershipsLost(found, isRow(returned) ? returned : {})),
    );
}

/** The answer is ready to leave: what only its headers tell, and what the end of a session has brought about. */
export function responded(trail: Trail, headers: Headers | undefined): void {
  const session = trail.calls.find((call) => call.session !== undefined)?.session;
  trail.drafts.push(...jwtIssued(headers?.get('set-auth-jwt') ?? undefined, session?.userId));
  const sought = seekEnded(trail);
  if (sought !== undefined) trail.seeking.push(sought.catch(() => undefined));
  const { context, begun, ended, startedAt } = trail;
  const fresh = new Set(begun.map(({ id }) => id));
  for (const { id } of ended)
    if (context !== undefined && !fresh.has(id))
      for (const drafts of tokensOfSession(context, id, startedAt)) later(trail, drafts);
}

import type { ReportedEvent } from '../../events/identity-event.js';
import type { Host } from '../host.js';
import { type AuthContext, type EndpointContext, type Row, trailKey } from './context.js';
import * as seen from './observe.js';
import { originOf } from './origin.js';
import type { EndpointHook, PluginParts } from './parts.js';
import { foundWithin, tellerWith } from './teller.js';
import { newTrail, type Trail } from './trail.js';

export interface BetterAuthHost {
  readonly host: Host;
  readonly parts: PluginParts;
  /** Resolves when all requests that have been answered are told. */
  settled(): Promise<void>;
}

export interface Waiting {
  /** Takes an event, and resolves when it is in the journal. */
  emit(event: ReportedEvent): Promise<void>;
  /** So long an answer waits for that at most. */
  readonly limitMs: number;
}

/** So long after the last that was seen of a request it is told, if nothing says that it has been answered. */
const abandonedAfterMs = 10_000;
/** So long better-auth waits for what has to be read before it is gone. */
const readLimitMs = 1000;

/**
 * better-auth 1.7 as a host: the parts of a plugin of it, which see its endpoints and its database's rows, and a host that
 * tells what a request came to once it has been answered.
 *
 * @param waiting given: the answer waits until the journal has the request's events
 */
export function betterAuthHost(waiting?: Waiting): BetterAuthHost {
  let subscribed:
    | { readonly listener: (event: ReportedEvent) => void; unmapped(kind: string, why: string): void }
    | undefined;
  const trails = new WeakMap<object, Trail>();
  const timers = new WeakMap<Trail, NodeJS.Timeout>();
  const teller = tellerWith(
    (event) => (waiting === undefined ? subscribed?.listener(event) : waiting.emit(event)),
    (kind, why) => subscribed?.unmapped(kind, why),
  );

  /** A hook that throws turns better-auth's answer into a 500. The error's words may hold what was read. */
  async function guarded(kind: string, look: () => unknown): Promise<void> {
    if (subscribed === undefined) return;
    try {
      await look();
    } catch {
      subscribed?.unmapped(kind, 'what better-auth said could not be read');
    }
  }

  async function tell(trail: Trail): Promise<void> {
    if (trail.isTold) return;
    trail.isTold = true;
    clearTimeout(timers.get(trail));
    const told = teller.tell(trail);
    if (waiting !== undefined) await foundWithin(waiting.limitMs, told, undefined);
  }

  function tellLater(trail: Trail, afterMs: number): void {
    clearTimeout(timers.get(trail));
    timers.set(trail, setTimeout(() => void tell(trail), afterMs).unref());
  }

  function begin(handle: object, headers: Headers | undefined, context: AuthContext, isHttp: boolean): Trail {
    const trail = newTrail(originOf(headers, context.options), Date.now(), isHttp);
    trail.context = context;
    trails.set(handle, trail);
    return trail;
  }

  /** The trail of the call that a hook belongs to; what comes after it was told has one of its own. */
  function trailOf(ctx: EndpointContext): Trail {
    ctx.context[trailKey] ??= {};
    const handle = ctx.context[trailKey];
    const known = trails.get(handle);
    const trail = known === undefined || known.isTold ? begin(handle, ctx.headers, ctx.context, false) : known;
    if (known?.isTold) goOnFrom(known, trail);
    tellLater(trail, trail.isLate ? 0 : abandonedAfterMs);
    return trail;
  }

  /** An update that began before the telling ends after it. */
  function goOnFrom(told: Trail, trail: Trail): void {
    trail.isLate = true;
    trail.origin = told.origin;
    trail.updates = told.updates;
    trail.accountUpdates = told.accountUpdates;
  }

  /** Outside of any call there is nothing to wait for. */
  let outside: Trail | undefined;
  let shared: AuthContext | undefined;
  function trailOutside(): Trail {
    if (outside === undefined || outside.isTold) {
      const { updates = [], accountUpdates = [] } = outside ?? {};
      outside = { ...newTrail(originOf(undefined, {}), Date.now(), false), updates, accountUpdates, context: shared };
      tellLater(outside, 0);
    }
    return outside;
  }

  const row =
    (kind: string, look: (trail: Trail, row: Row, ctx: EndpointContext | null) => unknown) =>
    (rowSeen: Row, ctx: EndpointContext | null | undefined): Promise<void> =>
      // Outside of a call it is undefined, whatever better-auth's types say.
      guarded(kind, () => look(ctx ? trailOf(ctx) : trailOutside(), rowSeen, ctx ?? null));

  const hook = (kind: string, look: (ctx: EndpointContext) => unknown): EndpointHook =>
    Object.assign(
      async (ctx: unknown) => {
        await guarded(kind, () => look(ctx as EndpointContext));
        return {};
      },
      { options: {} },
    );

  const options = {
    databaseHooks: {
      user: {
        create: { after: row('user.create', seen.userCreated) },
        update: {
          before: row('user.update', (trail, patch, ctx) =>
            seen.userUpdateBegun(trail, patch, ctx, (found) => foundWithin(readLimitMs, found, undefined)),
          ),
          after: row('user.update', seen.userUpdated),
        },
        delete: { after: row('user.delete', seen.userDeleted) },
      },
      session: {
        create: { after: row('session.create', seen.sessionCreated) },
        delete: { after: row('session.delete', seen.sessionDeleted) },
      },
      account: {
        create: { after: row('account.create', seen.accountCreated) },
        update: {
          before: row('account.update', seen.accountUpdateBegun),
          after: row('account.update', seen.accountUpdated),
        },
        delete: { after: row('account.delete', seen.accountDeleted) },
      },
      verification: { delete: { after: row('verification.delete', seen.verificationDeleted) } },
    },
  };

  const parts: PluginParts = {
    init(context) {
      shared = context;
      return { options };
    },
    hooks: {
      before: [
        {
          matcher: () => subscribed !== undefined,
          handler: hook('endpoint', (ctx) => {
            const trail = trailOf(ctx);
            trail.depth += 1;
            return seen.called(trail, ctx, (remembered) => foundWithin(readLimitMs, remembered, undefined));
          }),
        },
      ],
      after: [
        {
          matcher: () => subscribed !== undefined,
          handler: hook('endpoint', async (ctx) => {
            const trail = trailOf(ctx);
            trail.depth -= 1;
            seen.answered(trail, ctx);
            if (trail.isHttp || trail.depth > 0) return;
            seen.responded(trail, ctx.context.responseHeaders);
            await tell(trail);
          }),
        },
      ],
    },
    onRequest: (request, context) =>
      guarded('request', () => {
        context[trailKey] ??= {};
        begin(context[trailKey], request.headers, context, true);
      }),
    onResponse: (response, context) =>
      guarded('response', async () => {
        const trail = trails.get(context[trailKey] ?? {});
        if (trail === undefined || trail.isTold) return;
        seen.responded(trail, response.headers);
        await tell(trail);
      }),
  };

  const settled = (): Promise<void> => teller.settled();
  return {
    parts,
    settled,
    host: {
      name: 'better-auth',
      on(listener, unmapped) {
        subscribed = { listener, unmapped };
        return () => {
          subscribed = undefined;
        };
      },
      settled,
    },
  };
}

import { createHash } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { ReportedEvent } from '../events/identity-event.js';
import type { Host } from './host.js';
import {
  applicationOf,
  initiatorOf,
  newCorrelation,
  type OidcContext,
  type OidcSession,
  type OidcToken,
  sessionOf,
} from './oidc-request.js';

/** A `Provider` of oidc-provider 9: an EventEmitter that knows its issuer and, while it emits, the request. */
interface OidcProvider extends EventEmitter {
  readonly issuer: string;
}

/** So many logins that wait for consent, and so many grants, are remembered; past it the oldest are forgotten. */
const maxRemembered = 10_000;

function remember<V>(memory: Map<string, V>, key: string, value: V): void {
  memory.delete(key);
  memory.set(key, value);
  for (const oldest of memory.keys()) {
    if (memory.size <= maxRemembered) return;
    memory.delete(oldest);
  }
}

/** What an operator may want to know of and Setwire has no event for. */
const unmappedNames: Readonly<Record<string, string>> = {
  server_error: 'a fault of the provider',
  'backchannel.success': 'a back-channel logout was sent',
  'backchannel.error': 'a back-channel logout could not be sent',
  'registration_create.success': 'a client was registered',
  'registration_update.success': 'a client was changed',
  'registration_delete.success': 'a client was deleted',
  'device_authorization.success': 'a device asks for authorization',
  'pushed_authorization_request.success': 'an authorization request was pushed',
  'backchannel_authentication.error': 'a CIBA request failed',
  'revocation.error': 'a revocation failed',
  'userinfo.error': 'a request for user info failed',
  'end_session.error': 'a logout failed',
};

export function isOidcProvider(target: EventEmitter): target is OidcProvider {
  const { issuer, callback, interactionDetails } = target as unknown as Readonly<Record<string, unknown>>;
  return typeof issuer === 'string' && typeof callback === 'function' && typeof interactionDetails === 'function';
}

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

/**
 * oidc-provider 9 as a host, by the events of its bus (its docs/events.md).
 *
 * - `authorization.success` with the result of a login: `login.success` and `session.established`, or
 *   `session.presented` where the user signed in once more in the same session; without one: `session.presented`
 * - `authorization.error` after a user gave up at the login prompt: `login.failure`
 * - `access_token.*`, `client_credentials.*`, `refresh_token.saved`: `token.issued`
 * - `*_token.destroyed`, `client_credentials.destroyed`, `grant.revoked`: `token.revoked`, once for a grant in a request
 * - `session.destroyed`: `session.revoked`
 *
 * `jti` is the bearer token of an opaque token and the cookie of a session: only hashes and `session.uid` are taken.
 */
export function oidcProviderHost(provider: OidcProvider): Host {
  return {
    name: 'oidc-provider',
    issuer: provider.issuer,
    on(listener, unmapped) {
      const correlationOf = newCorrelation();
      /** By session: whether the login began it, or was one more in it. */
      const pendingLogins = new Map<string, { readonly fresh: boolean }>();
      /** By grant: whose it is. What revokes a grant does not always say. */
      const holders = new Map<string, OidcToken>();
      /** By request: grants whose revocation has been told. */
      const revokedGrants = new WeakMap<object, Set<string>>();

      const currentContext = (): OidcContext | undefined =>
        (provider.constructor as { readonly ctx?: OidcContext }).ctx;

      function tell(ctx: OidcContext | undefined, event: ReportedEvent, by: 'user' | 'application'): void {
        const correlationId = correlationOf(ctx);
        listener({ ...event, ...(correlationId !== undefined && { correlationId }), initiator: initiatorOf(ctx, by) });
      }

      /** A user has signed in; whether that succeeds is known when the authorization does, after a consent perhaps. */
      function interactionEnded(ctx: OidcContext): void {
        const { session, result, entities } = ctx.oidc ?? {};
        const interaction = entities?.Interaction;
        if (session?.uid === undefined || result?.login === undefined) return;
        // The end of a later interaction repeats the result of the login.
        if (interaction?.lastSubmission?.login !== undefined) return;
        const fresh = interaction?.session?.accountId !== result.login.accountId;
        remember(pendingLogins, session.uid, { fresh });
      }

      function authorizationSuccess(ctx: OidcContext): void {
        const { client, session, result } = ctx.oidc ?? {};
        if (session?.accountId === undefined || session.uid === undefined) return;
        const user = { id: session.accountId };
        const application = applicationOf(client);
        const seen = sessionOf(session, client, Date.now());
        const authenticationMethods = session.amr === undefined ? undefined : [...session.amr];
        if (result?.login === undefined) {
          tell(ctx, { type: 'session.presented', user, application, session: seen }, 'user');
          return;
        }
        const fresh = pendingLogins.get(session.uid)?.fresh ?? true;
        pendingLogins.delete(session.uid);
        tell(ctx, { type: 'login.success', user, application, session: seen, authenticationMethods }, 'user');
        tell(
          ctx,
          { type: fresh ? 'session.established' : 'session.presented', user, application, session: seen },
          'user',
        );
      }

      function authorizationError(ctx: OidcContext, error: { readonly error?: unknown }): void {
        const { client, entities } = ctx.oidc ?? {};
        const interaction = entities?.Interaction;
        const code = String(error?.error ?? 'unknown');
        if (interaction?.result?.error === undefined || interaction.prompt?.name !== 'login') {
          unmapped(`authorization.error:${code}`, 'an authorization request failed, which is no failed login');
          return;
        }
        const reason = { code, description: 'the user gave up at the login prompt' };
        tell(ctx, { type: 'login.failure', application: applicationOf(client), reason }, 'user');
      }

      function tokenIssued(token: OidcToken): void {
        const ctx = currentContext();
        const now = Date.now();
        const grantType = ctx?.oidc?.params?.grant_type ?? token.gty;
        const { accountId, clientId } = token;
        if (token.grantId !== undefined)
          remember(holders, token.grantId, {
            ...(accountId !== undefined && { accountId }),
            ...(clientId !== undefined && { clientId }),
          });
        const jwt = token.format !== undefined && token.format !== 'opaque';
        tell(
          ctx,
          {
            type: 'token.issued',
            ...userOf(token),
            application: applicationOf(ctx?.oidc?.client, token.clientId),
            token: {
              ...describe(token),
              ...(jwt && token.jti !== undefined && { id: token.jti }),
              ...(typeof grantType === 'string' && { grantType }),
              ...(token.scope !== undefined &&
                token.scope !== '' && { scopes: token.scope.split(' ').filter(Boolean) }),
              issuedAt: now,
              ...(token.expiresIn !== undefined && { expiresAt: now + token.expiresIn * 1000 }),
            },
          },
          token.accountId === undefined ? 'application' : 'user',
        );
      }

      /** False: it has been told in this request. */
      function isFirstOf(ctx: OidcContext | undefined, grantId: string | undefined): boolean {
        if (ctx === undefined || grantId === undefined) return true;
        const told = revokedGrants.get(ctx) ?? new Set();
        revokedGrants.set(ctx, told);
        if (told.has(grantId)) return false;
        told.add(grantId);
        return true;
      }

      function tokenDestroyed(token: OidcToken): void {
        const ctx = currentContext();
        if (!isFirstOf(ctx, token.grantId)) return;
        const application = applicationOf(ctx?.oidc?.client, token.clientId);
        const by = token.accountId === undefined ? 'application' : 'user';
        tell(ctx, { type: 'token.revoked', ...userOf(token), application, token: describe(token) }, by);
      }

      function grantRevoked(ctx: OidcContext, grantId: string): void {
        if (!isFirstOf(ctx, grantId)) return;
        const { client, session } = ctx.oidc ?? {};
        const holder = holders.get(grantId);
        holders.delete(grantId);
        const ofSession = Object.entries(session?.authorizations ?? {}).find(([, { grantId: id }]) => id === grantId);
        const accountId = holder?.accountId ?? (ofSession && session?.accountId);
        const application = applicationOf(client, holder?.clientId ?? ofSession?.[0] ?? client?.clientId);
        tell(ctx, { type: 'token.revoked', ...userOf({ accountId }), application }, 'user');
      }

      function sessionDestroyed(session: OidcSession): void {
        if (session.accountId === undefined) return;
        const ctx = currentContext();
        const ended = sessionOf(session, undefined);
        if (session.uid !== undefined) pendingLogins.delete(session.uid);
        if (ended) tell(ctx, { type: 'session.revoked', user: { id: session.accountId }, sessions: [ended] }, 'user');
      }

      const listeners: Record<string, (...args: never[]) => void> = {
        'interaction.ended': interactionEnded,
        'session.destroyed': sessionDestroyed,
        'authorization.success': authorizationSuccess,
        'authorization.error': authorizationError,
        'access_token.saved': tokenIssued,
        'access_token.issued': tokenIssued,
        'client_credentials.saved': tokenIssued,
        'client_credentials.issued': tokenIssued,
        'refresh_token.saved': tokenIssued,
        'access_token.destroyed': tokenDestroyed,
        'client_credentials.destroyed': tokenDestroyed,
        'refresh_token.destroyed': tokenDestroyed,
        'grant.revoked': grantRevoked,
        'grant.error': (_ctx: OidcContext, error: { readonly error?: unknown }) =>
          unmapped(
            `grant.error:${String(error?.error ?? 'unknown')}`,
            "a token request failed, which is no user's failed login",
          ),
        ...Object.fromEntries(Object.entries(unmappedNames).map(([name, why]) => [name, () => unmapped(name, why)])),
      };

      const added = Object.entries(listeners).map(([name, listen]) => {
        const guarded = (...args: unknown[]): void => {
          try {
            listen(...(args as never[]));
          } catch {
            // A listener that throws turns the provider's answer into a 500. The error's words may hold what was read.
            unmapped(name, 'what the provider emitted could not be read');
          }
        };
        provider.on(name, guarded);
        return { name, guarded };
      });
      return () => {
        for (const { name, guarded } of added) provider.off(name, guarded);
      };
    },
  };
}

const userOf = ({ accountId }: { readonly accountId?: string | undefined }): Pick<ReportedEvent, 'user'> =>
  accountId === undefined ? {} : { user: { id: accountId } };

function describe(token: OidcToken): NonNullable<ReportedEvent['token']> {
  const format = token.format === undefined || token.format === 'opaque' ? 'opaque' : 'jwt';
  return {
    kind: token.kind === 'RefreshToken' ? 'refresh_token' : 'access_token',
    format,
    ...(token.jti !== undefined && { hash: hashOf(token.jti) }),
  };
}

import type { EventEmitter } from 'node:events';
import type { Host } from './host.js';
import { type FormProvider, loginContextOf } from './oidc-login-form.js';
import { loginListeners } from './oidc-logins.js';
import { initiatorOf, newCorrelation, type OidcContext, type Tell } from './oidc-request.js';
import { tokenListeners } from './oidc-tokens.js';
import { unmappedListeners } from './oidc-unmapped.js';

/** A `Provider` of oidc-provider 9: an EventEmitter that knows its issuer and, while it emits, the request. */
interface OidcProvider extends EventEmitter, FormProvider {
  readonly issuer: string;
}

export function isOidcProvider(target: EventEmitter): target is OidcProvider {
  const { issuer, callback, interactionDetails } = target as unknown as Readonly<Record<string, unknown>>;
  return typeof issuer === 'string' && typeof callback === 'function' && typeof interactionDetails === 'function';
}

/**
 * oidc-provider 9 as a host, by the events of its bus (its docs/events.md).
 *
 * - a login whose account was found (`interaction.ended`, and what follows it in the request): `login.success` and
 *   `session.established`, or `session.presented` where the user signed in once more in the same session
 * - `authorization.success` without a login: `session.presented`
 * - the login prompt left without a login: `login.failure`
 * - `access_token.*`, `client_credentials.*`, `refresh_token.saved`: `token.issued`
 * - `*_token.destroyed`, `client_credentials.destroyed`, `grant.revoked`: `token.revoked`, once for a grant in a request
 * - `session.destroyed`: `session.revoked`
 *
 * `jti` is the bearer token of an opaque token and the cookie of a session: only hashes and `session.uid` are taken.
 */
export function oidcProviderHost(provider: OidcProvider): Host {
  const currentContext = (): OidcContext | undefined => (provider.constructor as { readonly ctx?: OidcContext }).ctx;

  return {
    name: 'oidc-provider',
    issuer: provider.issuer,
    loginContext: (request, response) => loginContextOf(provider, request, response),
    on(listener, unmapped) {
      const correlationOf = newCorrelation();
      const tell: Tell = (ctx, event, by) => {
        const initiator = ctx === undefined ? event.initiator : initiatorOf(ctx, by);
        listener({ ...event, correlationId: correlationOf(ctx), initiator });
      };
      const listeners = {
        ...loginListeners(tell, currentContext, unmapped),
        ...tokenListeners(tell, currentContext),
        ...unmappedListeners(unmapped),
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

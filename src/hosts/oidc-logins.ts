import {
  applicationOf,
  type CurrentContext,
  codeOf,
  type Listeners,
  type OidcContext,
  type OidcError,
  type OidcInteraction,
  type OidcSession,
  sessionOf,
  type Tell,
  type Unmapped,
} from './oidc-request.js';

/**
 * Logins and sessions.
 *
 * oidc-provider keeps a session as soon as the login prompt has a result and the account was found, also where the user
 * then refuses consent or goes away: that is when the login and its session are told, and not when the client is answered.
 */
export function loginListeners(tell: Tell, currentContext: CurrentContext, unmapped: Unmapped): Listeners {
  /** Requests that bring a login: whether it begins the session, or is one more in it. Told once the account is found. */
  const logins = new WeakMap<OidcContext, { readonly fresh: boolean }>();

  function interactionEnded(ctx: OidcContext): void {
    const { result, entities } = ctx.oidc ?? {};
    const interaction = entities?.Interaction;
    if (result?.login === undefined) return;
    // The result of a later prompt repeats that of the login before it.
    if (interaction?.prompt?.name !== 'login' && isPartOfLogin(interaction)) return;
    logins.set(ctx, { fresh: interaction?.session?.accountId !== result.login.accountId });
  }

  function loginSettled(ctx: OidcContext | undefined): void {
    const { session, client, entities } = ctx?.oidc ?? {};
    const login = ctx && logins.get(ctx);
    if (login === undefined || session?.accountId === undefined || entities?.Account === undefined) return;
    logins.delete(ctx as OidcContext);
    const seen = sessionOf(session, client, Date.now());
    const known = { user: { id: session.accountId }, application: applicationOf(client), session: seen };
    const { amr, acr } = session;
    const how = { authenticationMethods: amr === undefined ? undefined : [...amr], acr };
    tell(ctx, { type: 'login.success', ...known, ...how }, 'user');
    if (login.fresh) tell(ctx, { type: 'session.established', ...known, ...how }, 'user');
    else tell(ctx, { type: 'session.presented', ...known }, 'user');
  }

  function authorizationSuccess(ctx: OidcContext): void {
    const { client, session, result, entities } = ctx.oidc ?? {};
    // What follows a login was told with it.
    if (result?.login !== undefined || isPartOfLogin(entities?.Interaction)) return;
    if (session?.accountId === undefined || session.uid === undefined) return;
    const seen = sessionOf(session, client, Date.now());
    const user = { id: session.accountId };
    tell(ctx, { type: 'session.presented', user, application: applicationOf(client), session: seen }, 'user');
  }

  function loginGivenUp(ctx: OidcContext, interaction: OidcInteraction, code: string): void {
    const { client_id: clientId } = interaction.params ?? {};
    const { client } = ctx.oidc ?? {};
    const application = applicationOf(client, typeof clientId === 'string' ? clientId : client?.clientId);
    const reason = { code, description: 'the login prompt was left without a login' };
    tell(ctx, { type: 'login.failure', application, reason }, 'user');
  }

  function authorizationError(ctx: OidcContext, error: OidcError): void {
    const interaction = ctx.oidc?.entities?.Interaction;
    const code = codeOf(error);
    if (interaction && isGivenUp(interaction)) loginGivenUp(ctx, interaction, code);
    else unmapped(`authorization.error:${code}`, 'an authorization request failed, which is no failed login');
  }

  /** The device flow answers such a user with its form again, and says it with no event of its own. */
  function interactionDestroyed(interaction: OidcInteraction): void {
    const ctx = currentContext();
    if (ctx?.oidc?.route === 'device_resume' && isGivenUp(interaction))
      loginGivenUp(ctx, interaction, codeOf(interaction.result));
  }

  function sessionDestroyed(session: OidcSession): void {
    const ended = sessionOf(session, undefined);
    if (session.accountId === undefined || ended === undefined) return;
    const user = { id: session.accountId };
    tell(currentContext(), { type: 'session.revoked', user, sessions: [ended] }, 'user');
  }

  return {
    'interaction.ended': interactionEnded,
    'interaction.destroyed': interactionDestroyed,
    // The first of these that comes: another prompt, the answer to the client, or, after an error, the session alone.
    'interaction.started': loginSettled,
    'authorization.accepted': loginSettled,
    'session.saved': () => loginSettled(currentContext()),
    'authorization.success': authorizationSuccess,
    'authorization.error': authorizationError,
    'session.destroyed': sessionDestroyed,
  };
}

/** A prompt after that of a login, in one authorization request. */
const isPartOfLogin = (interaction: OidcInteraction | undefined): boolean =>
  interaction?.lastSubmission?.login !== undefined;

const isGivenUp = ({ result, prompt }: OidcInteraction): boolean =>
  result?.error !== undefined && prompt?.name === 'login';

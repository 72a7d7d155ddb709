import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { formOf, sendPage } from './http.js';
import { consentPage, loginPage } from './pages.js';
import type { People } from './people.js';

/** What is still missing in a grant, as oidc-provider says it at the consent prompt. */
interface Missing {
  readonly missingOIDCScope?: string[];
  readonly missingOIDCClaims?: string[];
}

/**
 * The login and consent forms. oidc-provider leaves the checking of passwords to the application: here to better-auth, of
 * which Setwire hears by itself who signed in, and who did not. Whoever has a session there need not sign in again.
 */
export function createLogin(provider: Provider, people: People) {
  return async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const { uid, prompt, params, session, grantId } = await provider.interactionDetails(request, response);
    const clientId = String(params.client_id);
    const application = (await provider.Client.find(clientId))?.clientName ?? clientId;
    const step = request.method === 'POST' ? url.pathname.split('/')[3] : undefined;

    const logIn = (accountId: string): Promise<void> => {
      const result = { login: { accountId, amr: ['pwd'] } };
      return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    };

    if (prompt.name === 'login' && step === 'login') {
      const form = await formOf(request);
      const credentials = { username: form.get('username') ?? '', password: form.get('password') ?? '' };
      const asked = await people.ask(request, response, '/sign-in/username', credentials, uid);
      if ('user' in asked && asked.user !== undefined) return logIn(asked.user.id);
      // The same words whatever was wrong: the form must not tell which names exist.
      return sendPage(response, loginPage(uid, application, 'Name or password is wrong.'), 401);
    }

    if (prompt.name === 'consent' && step === 'consent') {
      const grant =
        (grantId && (await provider.Grant.find(grantId))) ||
        new provider.Grant({ accountId: session?.accountId, clientId });
      const { missingOIDCScope, missingOIDCClaims } = prompt.details as Missing;
      if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '));
      if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
      const result = { consent: { grantId: await grant.save() } };
      return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
    }

    if (prompt.name === 'consent')
      return sendPage(response, consentPage(uid, application, String(params.scope).split(' ')));
    const known = prompt.reasons.includes('no_session') ? await people.signedIn(request) : undefined;
    return known === undefined ? sendPage(response, loginPage(uid, application)) : logIn(known.id);
  };
}

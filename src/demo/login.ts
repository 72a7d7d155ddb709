import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { OidcAttachment } from '../index.js';
import type { Accounts } from './accounts.js';
import { formOf, sendPage } from './http.js';
import { consentPage, loginPage } from './pages.js';

/** What is still missing in a grant, as oidc-provider says it at the consent prompt. */
interface Missing {
  readonly missingOIDCScope?: string[];
  readonly missingOIDCClaims?: string[];
}

/**
 * The login and consent forms. oidc-provider leaves the checking of passwords to the application, so its bus never hears
 * of a wrong one: that is what `loginFailed` is for.
 */
export function createLogin(provider: Provider, accounts: Accounts, loginFailed: OidcAttachment['loginFailed']) {
  return async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const { uid, prompt, params, session, grantId } = await provider.interactionDetails(request, response);
    const clientId = String(params.client_id);
    const application = (await provider.Client.find(clientId))?.clientName ?? clientId;
    const step = request.method === 'POST' ? url.pathname.split('/')[3] : undefined;

    if (prompt.name === 'login' && step === 'login') {
      const form = await formOf(request);
      const username = form.get('username') ?? '';
      const outcome = accounts.signIn(username, form.get('password') ?? '');
      if ('refused' in outcome) {
        // Which client the login is for, and where it comes from, the request tells.
        void loginFailed(request, response, {
          user: { ...(outcome.account && { id: outcome.account.id }), username },
          reason: { description: outcome.refused, failedStep: { step: 1, idp: 'LOCAL', authenticator: 'password' } },
        });
        // The same words whatever was wrong: the form must not tell which names exist.
        return sendPage(response, loginPage(uid, application, 'Name or password is wrong.'), 401);
      }
      const result = { login: { accountId: outcome.account.id, amr: ['pwd'] } };
      return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
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
    return sendPage(response, loginPage(uid, application));
  };
}

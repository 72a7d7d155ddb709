import type { FormRequest, FormResponse, LoginContext } from './host.js';
import {
  applicationOf,
  correlationIdOf,
  initiatorOf,
  type OidcClient,
  type OidcContext,
  type OidcInteraction,
} from './oidc-request.js';

/** What a provider knows of the requests that come to the host's own login form. */
export interface FormProvider {
  createContext(request: FormRequest, response: FormResponse): OidcContext;
  interactionDetails(request: FormRequest, response: FormResponse): Promise<OidcInteraction>;
  readonly Client: { find(id: string): Promise<OidcClient | undefined> };
}

/**
 * The context of a request to the login form: where it came from, and, by the interaction's cookie, which client the login
 * is for. The address is the one that the provider would see (its `proxy` setting).
 *
 * A request whose interaction is not found has failed as well, so what is not known is left out.
 */
export async function loginContextOf(
  provider: FormProvider,
  request: FormRequest,
  response: FormResponse,
): Promise<LoginContext> {
  // Read before anything is waited for: the connection may be gone after it.
  const ctx = provider.createContext(request, response);
  const initiator = initiatorOf(ctx, 'user');
  const interaction = await foundBy(() => provider.interactionDetails(request, response));
  const clientId = interaction?.params?.client_id;
  const correlationId = correlationIdOf(ctx, interaction);
  if (typeof clientId !== 'string') return { initiator, correlationId };
  const client = await foundBy(() => provider.Client.find(clientId));
  return { initiator, correlationId, application: applicationOf(client, clientId) };
}

/** What is not found, or could not be looked for, is unknown. */
async function foundBy<T>(find: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await find();
  } catch {
    return undefined;
  }
}

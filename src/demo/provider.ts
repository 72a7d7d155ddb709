import { generateKeyPairSync, randomBytes } from 'node:crypto';
import Provider, { type JWK } from 'oidc-provider';
import { logoutPage, messagePage } from './pages.js';
import type { Person } from './people.js';

/** A confidential client of the identity server. */
export interface ClientSecrets {
  readonly web: string;
  readonly machine: string;
}

const random = (): string => randomBytes(24).toString('base64url');

export const newSecrets = (): ClientSecrets => ({ web: random(), machine: random() });

/** An oidc-provider as one would set it up, with two clients and all in memory. It knows nothing of Setwire. */
export function createProvider(
  issuer: string,
  find: (id: string) => Person | undefined,
  secrets: ClientSecrets,
): Provider {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const signingKey = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' } as JWK;

  const provider = new Provider(issuer, {
    jwks: { keys: [signingKey] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    clients: [
      {
        client_id: 'web',
        client_name: 'The shop',
        client_secret: secrets.web,
        redirect_uris: [`${issuer}/shop/callback`],
        post_logout_redirect_uris: [`${issuer}/`],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
      {
        client_id: 'machine',
        client_name: 'Nightly report',
        client_secret: secrets.machine,
        redirect_uris: [],
        grant_types: ['client_credentials'],
        response_types: [],
      },
    ],
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'] },
    findAccount(_ctx, id) {
      const account = find(id);
      return (
        account && {
          accountId: id,
          claims: () => ({ sub: id, name: account.name, preferred_username: account.username, email: account.email }),
        }
      );
    },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    renderError(ctx, { error, error_description }) {
      ctx.type = 'html';
      ctx.body = messagePage('This did not work', `${error}: ${error_description ?? ''}`);
    },
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      ClientCredentials: 600,
      Grant: 86_400,
      IdToken: 600,
      Interaction: 600,
      RefreshToken: 86_400,
      Session: 86_400,
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource(ctx, form) {
          ctx.body = logoutPage(form);
        },
        postLogoutSuccessSource(ctx) {
          ctx.body = messagePage('Logged out', 'Your session has ended.');
        },
      },
    },
  });
  return provider;
}

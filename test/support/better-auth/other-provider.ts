import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Another identity provider, at which everybody is who the test says. */
export interface OtherProvider {
  /** How better-auth is told of it. */
  readonly config: {
    readonly providerId: string;
    readonly clientId: string;
    readonly clientSecret: string;
    readonly authorizationUrl: string;
    readonly tokenUrl: string;
    readonly userInfoUrl: string;
    readonly pkce: boolean;
  };
  /** Who signs in there from now on. */
  person: { id: string; email: string; name: string; email_verified: boolean };
  /** The tokens that it gives out. */
  readonly tokens: { readonly access_token: string; readonly refresh_token: string };
  stop(): Promise<void>;
}

export async function startOtherProvider(): Promise<OtherProvider> {
  const http = createServer();
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const other: OtherProvider = {
    config: {
      providerId: 'partner',
      clientId: 'us',
      clientSecret: 'the-secret-between-us-and-the-partner',
      authorizationUrl: `${url}/authorize`,
      tokenUrl: `${url}/token`,
      userInfoUrl: `${url}/userinfo`,
      pkce: true,
    },
    person: { id: 'p-1', email: 'pat@partner.example', name: 'Pat', email_verified: true },
    tokens: { access_token: 'partner-access-token-0123456789', refresh_token: 'partner-refresh-token-0123456789' },
    stop() {
      return new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      });
    },
  };
  http.on('request', (request, response) => {
    request.resume();
    const { id: sub, ...claims } = other.person;
    const answer = request.url?.startsWith('/token')
      ? { ...other.tokens, token_type: 'Bearer', expires_in: 3600 }
      : { id: sub, sub, ...claims };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  return other;
}

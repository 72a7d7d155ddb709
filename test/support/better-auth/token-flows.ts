import { createHash, randomBytes } from 'node:crypto';
import type { Person } from './person.js';
import { type Flows, signUp } from './sign-up.js';
import type { World } from './world.js';

const redirectUri = 'https://shop.example.com/callback';
const resource = 'https://api.example.com';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** Registers a client, the only one, as an operator would; gives the header that it shows. */
function register(world: World, clientId: string, name: string): Record<string, string> {
  const secret = world.secret(randomBytes(24).toString('base64url'));
  const clients = world.server.database.oauthClient;
  clients?.splice(0);
  clients?.push({
    id: `row-of-${clientId}`,
    clientId,
    clientSecret: sha256(secret),
    name,
    disabled: false,
    skipConsent: true,
    enableEndSession: true,
    tokenEndpointAuthMethod: 'client_secret_basic',
    grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
    responseTypes: ['code'],
    redirectUris: [redirectUri],
    scopes: ['openid', 'profile', 'offline_access', 'reports'],
    clientCredentialsScopes: ['reports'],
    createdAt: new Date(),
    updatedAt: new Date(),
  });
  return { authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}` };
}

/** The code for the shop, and what it needs to show beside it. */
async function authorize(world: World, person: Person, name: string, more: Record<string, string> = {}) {
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'shop',
    redirect_uri: redirectUri,
    scope: 'openid offline_access',
    state: 'a-state-of-the-shop',
    code_challenge: sha256(verifier),
    code_challenge_method: 'S256',
    ...more,
  });
  const answer = await world.does(
    person.get(`/oauth2/authorize?${query}`),
    'authorize',
    200,
    `session.presented ${name} user`,
  );
  const code = world.secret(new URL(String(answer.body.url)).searchParams.get('code') ?? '');
  return { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier, ...more };
}

/** Tokens of the OAuth provider and of the jwt plugin. */
export const tokenFlows: Flows = {
  async 'a JWT of a session'(world) {
    const yan = await signUp(world, 'yan');
    await world.does(
      yan.get('/token'),
      'token',
      200,
      'session.presented yan user',
      'token.issued yan user access_token jwt',
    );
    await world.does(world.person().get('/token'), 'token without a session', 401);
  },

  async 'tokens by code and by refresh, and those that are revoked'(world) {
    const shop = register(world, 'shop', 'The shop');
    const zoe = await signUp(world, 'zoe');
    const client = world.person();
    const form = await authorize(world, zoe, 'zoe');
    const { body: tokens } = await world.does(
      client.form('/oauth2/token', form, shop),
      'token by code',
      200,
      'token.issued zoe user access_token opaque authorization_code The shop',
      'token.issued zoe user refresh_token opaque authorization_code The shop',
    );
    const refresh = { grant_type: 'refresh_token', refresh_token: String(tokens.refresh_token) };
    const { body: fresh } = await world.does(
      client.form('/oauth2/token', refresh, shop),
      'token by refresh',
      200,
      'token.issued zoe user access_token opaque refresh_token The shop',
      'token.issued zoe user refresh_token opaque refresh_token The shop',
    );
    await world.does(
      client.form('/oauth2/revoke', { token: String(fresh.access_token) }, shop),
      'revoke an access token',
      200,
      'token.revoked zoe user access_token opaque The shop',
    );
    await world.does(client.form('/oauth2/revoke', { token: String(fresh.access_token) }, shop), 'the same again', 400);
    await world.does(client.form('/oauth2/revoke', { token: 'made-up' }, shop), 'revoke what is none', 400);
    await world.does(
      client.form('/oauth2/token', refresh, shop),
      'a refresh token that was used before',
      400,
      'token.revoked zoe user refresh_token opaque The shop',
    );
    const again = await authorize(world, zoe, 'zoe');
    const { body: others } = await world.does(
      client.form('/oauth2/token', again, shop),
      'token by code',
      200,
      'token.issued zoe user access_token opaque authorization_code The shop',
      'token.issued zoe user refresh_token opaque authorization_code The shop',
    );
    await world.does(
      client.form('/oauth2/token', again, shop),
      'a code that was used before',
      400,
      'token.revoked zoe user The shop',
    );
    await world.does(client.form('/oauth2/revoke', { token: String(others.access_token) }, shop), 'what is gone', 400);
    await world.does(
      client.form('/oauth2/token', { ...again, code: 'made-up' }, { authorization: 'Basic c2hvcDp3cm9uZw==' }),
      "a client's wrong secret",
      400,
    );
  },

  async "a session's end, and what it takes with it"(world) {
    const shop = register(world, 'shop', 'The shop');
    const abe = await signUp(world, 'abe');
    const client = world.person();
    const form = await authorize(world, abe, 'abe', { scope: 'openid' });
    await world.does(
      client.form('/oauth2/token', form, shop),
      'token by code',
      200,
      'token.issued abe user access_token opaque authorization_code The shop',
    );
    await world.does(
      abe.post('/sign-out'),
      'sign-out',
      200,
      'session.revoked abe user',
      'token.revoked abe user access_token opaque The shop',
    );
  },

  async 'tokens of programs, and for an API'(world) {
    const shop = register(world, 'shop', 'The shop');
    world.server.database.oauthResource?.push({
      id: 'row-of-the-api',
      identifier: resource,
      name: 'The API',
      disabled: false,
      createdAt: new Date(),
      updatedAt: new Date(),
    });
    world.server.database.oauthClientResource?.push({ id: 'a-link', clientId: 'shop', resourceId: resource });
    const bea = await signUp(world, 'bea');
    const client = world.person();
    await world.does(
      client.form('/oauth2/token', { grant_type: 'client_credentials', scope: 'reports' }, shop),
      'token of a program',
      200,
      'token.issued - application access_token opaque client_credentials The shop',
    );
    const form = await authorize(world, bea, 'bea', { resource });
    await world.does(
      client.form('/oauth2/token', form, shop),
      'token for an API',
      200,
      'token.issued bea user access_token jwt authorization_code The shop',
      'token.issued bea user refresh_token opaque authorization_code The shop',
    );
  },
};

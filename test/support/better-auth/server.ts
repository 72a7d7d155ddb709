import { randomBytes, scryptSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { oauthProvider } from '@better-auth/oauth-provider';
import { passkey } from '@better-auth/passkey';
import { type BetterAuthOptions, type BetterAuthPlugin, betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { toNodeHandler } from 'better-auth/node';
import {
  admin,
  anonymous,
  emailOTP,
  genericOAuth,
  jwt,
  magicLink,
  organization,
  phoneNumber,
  twoFactor,
  username,
} from 'better-auth/plugins';
import { type OtherProvider, startOtherProvider } from './other-provider.js';
import { Person } from './person.js';

/** What was sent to somebody, newest last: a code, a token or the address of a link. */
export type Outbox = Map<string, string[]>;

export interface BetterAuthServer {
  readonly url: string;
  readonly auth: ReturnType<typeof betterAuth>;
  /** The rows as they are kept, by table. */
  readonly database: Readonly<Record<string, Record<string, unknown>[]>>;
  readonly outbox: Outbox;
  readonly other: OtherProvider;
  person(): Person;
  stop(): Promise<void>;
}

const tables = [
  'user',
  'session',
  'account',
  'verification',
  'twoFactor',
  'passkey',
  'organization',
  'member',
  'invitation',
  'jwks',
  'oauthClient',
  'oauthResource',
  'oauthClientResource',
  'oauthAccessToken',
  'oauthRefreshToken',
  'oauthConsent',
  'oauthClientAssertion',
];

const hashOf = (password: string, salt: string): string =>
  `${salt}:${scryptSync(password, salt, 64, { N: 16 }).toString('hex')}`;

/** A real better-auth over HTTP, with every plugin that has something to tell; ours first or last in the list. */
export async function startBetterAuth(
  ours: { readonly first?: readonly BetterAuthPlugin[]; readonly last?: readonly BetterAuthPlugin[] },
  more: Partial<BetterAuthOptions> = {},
): Promise<BetterAuthServer> {
  const http = createServer();
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = `http://localhost:${(http.address() as AddressInfo).port}`;
  const other = await startOtherProvider();
  const database = Object.fromEntries(tables.map((table) => [table, [] as Record<string, unknown>[]]));
  const outbox: Outbox = new Map();
  const send = (to: string, what: string): Promise<void> => {
    outbox.set(to, [...(outbox.get(to) ?? []), what]);
    return Promise.resolve();
  };

  const plugins: BetterAuthPlugin[] = [
    admin(),
    username(),
    anonymous(),
    twoFactor({ otpOptions: { sendOTP: ({ user, otp }) => send(user.email, otp) } }),
    organization(),
    emailOTP({ sendVerificationOTP: ({ email, otp }) => send(email, otp) }),
    magicLink({ sendMagicLink: ({ email, token }) => send(email, token) }),
    phoneNumber({ sendOTP: ({ phoneNumber: to, code }) => void send(to, code) }),
    passkey(),
    jwt(),
    oauthProvider({
      loginPage: '/login',
      consentPage: '/consent',
      scopes: ['openid', 'profile', 'email', 'offline_access', 'reports'],
      silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
    }),
    genericOAuth({ config: [other.config] }),
  ];
  const auth = betterAuth({
    baseURL: url,
    secret: randomBytes(32).toString('base64url'),
    database: memoryAdapter(database),
    logger: { disabled: true },
    telemetry: { enabled: false },
    emailAndPassword: {
      enabled: true,
      sendResetPassword: ({ user, token }) => send(user.email, token),
      revokeSessionsOnPasswordReset: true,
      // As better-auth's own, but cheap.
      password: {
        hash: (password) => Promise.resolve(hashOf(password, randomBytes(16).toString('hex'))),
        verify: ({ hash, password }) => Promise.resolve(hash === hashOf(password, hash.split(':')[0] ?? '')),
      },
    },
    emailVerification: {
      sendVerificationEmail: ({ user, token }) => send(user.email, token),
      autoSignInAfterVerification: true,
    },
    user: {
      additionalFields: {
        department: { type: 'string', required: false },
        pin: { type: 'string', required: false, returned: false },
      },
      changeEmail: { enabled: true },
      deleteUser: { enabled: true },
    },
    account: { accountLinking: { enabled: true, trustedProviders: ['partner'] } },
    ...more,
    // The OAuth provider wants sessions in the database.
    plugins: [
      ...(ours.first ?? []),
      ...(more.plugins ?? plugins.filter(({ id }) => more.secondaryStorage === undefined || id !== 'oauth-provider')),
      ...(ours.last ?? []),
    ],
  });
  await auth.$context;
  const handler = toNodeHandler(auth);
  http.on('request', (request, response) => void handler(request, response));

  return {
    url,
    auth: auth as unknown as ReturnType<typeof betterAuth>,
    database,
    outbox,
    other,
    person: () => new Person(url),
    async stop() {
      await other.stop();
      await new Promise<void>((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      });
    },
  };
}

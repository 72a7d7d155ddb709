import { readFileSync } from 'node:fs';
import type { IdentityEvent } from '../../src/schema-types.js';
import type { ProfileSettings } from '../../src/set/set.js';

export const vectors = new URL('../vectors/wso2/', import.meta.url);

/** The bytes that must come out: the file without its line end. */
export const expectedOf = (name: string): string => readFileSync(new URL(`${name}.json`, vectors), 'utf8').slice(0, -1);

const myorg = (id: string) => ({ id, name: 'myorg', handle: 'myorg.com', depth: 0 });
const O1 = myorg('6f8d17ae-1ad5-441b-b9e0-c7731e739e94');
const O2 = myorg('10084a8d-113f-4211-a0d5-efe36b082211');
const where = (organization: typeof O1) => ({ tenant: { id: '12402', name: 'myorg.com' }, organization });
const primary = { userStore: { name: 'PRIMARY' } };
const by = (type: 'user' | 'admin') => ({ initiator: { type, ip: '203.0.113.10' } });
export const settings: ProfileSettings = {
  endpoint: 'crm',
  claims: ['*'],
  issuer: 'https://localhost:9443',
  defaults: {},
  subject: { format: 'iss_sub', user: 'iss_sub', formats: ['iss_sub', 'email'] },
  eventTypes: {},
};

const peter = { id: '1801d35e-1339-4c16-9c53-61321cf37fb9', username: 'peter' };
const other = '85071750-3d1f-4ba4-b58f-991532e2742b';
const testApp = { id: 'eb395ddd-1280-46e9-98fb-810948c1dab4', name: 'Test App' };
const sessionId = '68d1f2861461c69d8e821d91839bbf8e23ef04fb96c1ac655f452d94d1fd6e4d';
const session = (lastAccessAt: number) => ({ id: sessionId, lastAccessAt, applications: [testApp] });
const account = (claims: Record<string, string>) => ({
  user: { id: other, claims },
  ...where(O1),
  ...primary,
  ...by('admin'),
});

/** What has to be reported for each sample, by the name of its event; `acceptedAt` and `id` are in the sample. */
export const events: Record<string, { file: string; event: Omit<IdentityEvent, 'id' | 'time' | 'acceptedAt'> }> = {
  loginSuccess: {
    file: 'login-success',
    event: {
      type: 'login.success',
      correlationId: '05268edb-9a87-4656-87c0-0fb674dd03b1',
      user: { id: 'd4002616-f00c-49d5-b9b7-63b063819049', username: 'peter@aol.com' },
      ...where(O1),
      ...primary,
      ...by('user'),
      application: { id: '40d982e5-23be-4ee1-8540-9cb696d8c321', name: 'MyApp', clientId: 'myapp' },
      authenticationMethods: ['BasicAuthenticator'],
    },
  },
  loginFailed: {
    file: 'login-failed',
    event: {
      type: 'login.failure',
      correlationId: '05268edb-9a87-4656-87c0-0fb674dd03b1',
      user: { username: 'johndoe@aol.com', claims: { family_name: 'Doe', given_name: 'John' } },
      ...where(O1),
      ...by('user'),
      application: { id: '63d8a96f-ff87-4f38-a1d7-4d10ee470d9a', name: 'Test App' },
      reason: {
        description: 'User authentication failed due to invalid credentials',
        failedStep: { step: 1, idp: 'LOCAL', authenticator: 'BasicAuthenticator' },
      },
    },
  },
  registrationSuccess: {
    file: 'registration-success',
    event: {
      type: 'registration.success',
      user: {
        id: '3fae4858-4b26-4608-9df4-78ae75e3adda',
        username: 'johndoe@aol.com',
        claims: { email: 'johndoe@aol.com', family_name: 'Doe', given_name: 'John' },
      },
      ...where(O1),
      userStore: { name: 'DEFAULT' },
      ...by('admin'),
    },
  },
  registrationFailed: {
    file: 'registration-failed',
    event: {
      type: 'registration.failure',
      user: { username: 'peter', claims: { email: 'peter@aol.com', given_name: 'Peter' } },
      ...where(O1),
      ...by('user'),
      reason: { description: 'The provided username already exists in the tenant: myorg.com' },
    },
  },
  accessTokenIssued: {
    file: 'access-token-issued',
    event: {
      type: 'token.issued',
      user: { ...peter, claims: { email: 'peter@aol.com' } },
      ...where(O2),
      ...primary,
      ...by('user'),
      application: { ...testApp, clientId: 'eaSbhGeDL7ek2ypVrb0h4ZYMSN0a' },
      token: { kind: 'access_token', format: 'opaque', grantType: 'authorization_code', issuedAt: 1755541962069 },
    },
  },
  accessTokenRevoked: {
    file: 'access-token-revoked',
    event: {
      type: 'token.revoked',
      correlationId: '48eaeb32-76c0-4af8-b04e-9ce0c00cb61f',
      user: { id: peter.id, claims: { email: 'peter@aol.com', username: 'peter' } },
      ...where(O2),
      ...primary,
      ...by('user'),
      application: { ...testApp, clientId: 'eaSbhGeDL7ek2ypVrb0h4ZYMSN0a' },
    },
  },
  sessionEstablished: {
    file: 'session-established',
    event: {
      type: 'session.established',
      correlationId: 'b8b6ccbd-69b0-47d3-b0ae-b2b0df085f7c',
      user: peter,
      ...where(O2),
      ...primary,
      ...by('user'),
      application: testApp,
      session: session(1755541960025),
    },
  },
  sessionPresented: {
    file: 'session-presented',
    event: {
      type: 'session.presented',
      correlationId: '60f7dd4f-1e3b-4c0e-9a43-0c1f7a0b6f52',
      user: peter,
      ...where(O2),
      ...primary,
      ...by('user'),
      application: testApp,
      session: session(1755541961792),
    },
  },
  sessionRevoked: {
    file: 'session-revoked',
    event: {
      type: 'session.revoked',
      correlationId: '48eaeb32-76c0-4af8-b04e-9ce0c00cb61f',
      user: peter,
      ...where(O2),
      ...primary,
      ...by('user'),
      sessions: [session(1755541961792)],
    },
  },
  credentialUpdated: {
    file: 'credential-updated',
    event: {
      type: 'credential.updated',
      ...account({ email: 'peter@aol.com' }),
      credential: { type: 'password', change: 'updated' },
    },
  },
  userCreated: {
    file: 'user-created',
    event: {
      type: 'account.created',
      user: {
        id: '3987d74e-8432-4f4d-b1a8-cad463af843d',
        username: 'johndoe@aol.com',
        claims: { email: 'johndoe@aol.com', family_name: 'Doe', given_name: 'John' },
      },
      ...where(O2),
      ...primary,
      ...by('admin'),
    },
  },
  userProfileUpdated: {
    file: 'user-profile-updated',
    event: {
      type: 'account.profile-updated',
      ...account({ email: 'not shown by this event' }),
      changes: { added: { organization: 'myorg' }, updated: { emailAddresses: ['peter@aol.com'] } },
    },
  },
  userDisabled: {
    file: 'user-disabled',
    event: { type: 'account.disabled', ...account({ email: 'peter@aol.com' }) },
  },
  userEnabled: { file: 'user-enabled', event: { type: 'account.enabled', ...account({ email: 'peter@aol.com' }) } },
  userAccountLocked: {
    file: 'user-account-locked',
    event: { type: 'account.locked', ...account({ email: 'peter@aol.com' }) },
  },
  userAccountUnlocked: {
    file: 'user-account-unlocked',
    event: { type: 'account.unlocked', ...account({ email: 'peter@aol.com' }) },
  },
  userDeleted: {
    file: 'user-deleted',
    event: { type: 'account.deleted', ...account({ username: 'peter', email: 'peter@aol.com' }) },
  },
};

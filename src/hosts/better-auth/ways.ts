/** A way to sign in. */
export interface Way {
  /** How the user was authenticated: RFC 8176 values where there is one. */
  readonly methods: readonly string[];
  readonly authenticator: string;
  /** Which step of a sign-in it is, counted from 1. */
  readonly step: 1 | 2;
}

const password: Way = { methods: ['pwd'], authenticator: 'password', step: 1 };
const otp = (authenticator: string): Way => ({ methods: ['otp'], authenticator, step: 1 });
/** The first step before it is always a password: better-auth asks for a second factor after no other. */
const second = (method: string, authenticator: string): Way => ({
  methods: ['pwd', method, 'mfa'],
  authenticator,
  step: 2,
});

/** Endpoints at which a sign-in succeeds or fails. */
const ways: Readonly<Record<string, Way>> = {
  '/sign-in/email': password,
  '/sign-in/username': password,
  '/sign-in/phone-number': password,
  '/sign-in/email-otp': otp('email-otp'),
  '/phone-number/verify': otp('phone-number'),
  '/magic-link/verify': { methods: ['magic-link'], authenticator: 'magic-link', step: 1 },
  '/passkey/verify-authentication': { methods: ['passkey'], authenticator: 'passkey', step: 1 },
  '/two-factor/verify-totp': second('otp', 'totp'),
  '/two-factor/verify-otp': second('otp', 'otp'),
  '/two-factor/verify-backup-code': second('recovery-code', 'backup-code'),
  '/sign-in/anonymous': { methods: ['anonymous'], authenticator: 'anonymous', step: 1 },
  '/siwe/verify': { methods: ['siwe'], authenticator: 'siwe', step: 1 },
  '/one-time-token/verify': { methods: ['one-time-token'], authenticator: 'one-time-token', step: 1 },
};

/** Endpoints at which a person arrives with what another identity provider says of them. */
const federated = new Set(['/sign-in/social', '/callback/:id', '/oauth2/callback/:providerId', '/one-tap/callback']);

/** Endpoints that sign in whoever has just registered, or has proved an address. */
const arrivals: Readonly<Record<string, readonly string[]>> = {
  '/sign-up/email': ['pwd'],
  '/verify-email': ['email'],
  '/email-otp/verify-email': ['otp'],
};

/** The way to sign in behind an endpoint; undefined: it is none at which one fails. */
export function wayOf(path: string, provider: string | undefined): Way | undefined {
  if (federated.has(path)) {
    const name = provider ?? 'social';
    return { methods: [name], authenticator: name, step: 1 };
  }
  return Object.hasOwn(ways, path) ? ways[path] : undefined;
}

/** How a user who has a new session was authenticated, as far as the endpoint tells. */
export const methodsOf = (path: string, provider: string | undefined): readonly string[] | undefined =>
  wayOf(path, provider)?.methods ?? (Object.hasOwn(arrivals, path) ? arrivals[path] : undefined);

/** Endpoints that begin a session whatever session the request came with. */
export const isSignIn = (path: string): boolean =>
  /^\/(?:sign-in|sign-up|magic-link|siwe|one-tap|one-time-token)\//.test(path) ||
  federated.has(path) ||
  path === '/passkey/verify-authentication';

/** Codes of refusals that say nothing of who tried: the request was no attempt, or the application does not offer it. */
const noAttempt =
  /^(?:VALIDATION_ERROR|.*_DISABLED|PROVIDER_NOT_FOUND|ID_TOKEN_NOT_SUPPORTED|.*ORIGIN|CROSS_SITE_.*|METHOD_NOT_.*|UNSUPPORTED_MEDIA_TYPE|state_.*|invalid_callback_request|no_callback_url|oauth_provider_not_found|please_restart_the_process|CHALLENGE_NOT_FOUND)$/;

/** Whether an answer says that somebody tried and was turned away. */
export const isAttempt = (status: number, code: string | undefined): boolean =>
  status >= 400 && status < 500 && status !== 404 && status !== 405 && status !== 415 && !noAttempt.test(code ?? '');

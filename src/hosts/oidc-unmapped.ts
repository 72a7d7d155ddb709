import { codeOf, type Listeners, type OidcContext, type OidcError, type Unmapped } from './oidc-request.js';

/** What an operator may want to know of and Setwire has no event for. */
const names: Readonly<Record<string, string>> = {
  server_error: 'a fault of the provider',
  'backchannel.success': 'a back-channel logout was sent',
  'backchannel.error': 'a back-channel logout could not be sent',
  'registration_create.success': 'a client was registered',
  'registration_update.success': 'a client was changed',
  'registration_delete.success': 'a client was deleted',
  'device_authorization.success': 'a device asks for authorization',
  'pushed_authorization_request.success': 'an authorization request was pushed',
};

/** Errors that the provider answered, each counted by its code: whoever asked was refused, and no user's login failed. */
const errors: Readonly<Record<string, string>> = {
  'grant.error': "a token request failed, which is no user's failed login",
  'backchannel_authentication.error': 'a CIBA request failed',
  'challenge.error': 'a request for a challenge failed',
  'code_verification.error': "a device's user code was not taken",
  'credential.error': 'a request for a credential failed',
  'device_authorization.error': 'a device was refused',
  'device_resume.error': 'a device was not authorized',
  'discovery.error': 'a request for the discovery document failed',
  'end_session.error': 'a logout failed',
  'end_session_confirm.error': 'a logout failed',
  'end_session_success.error': 'the page after a logout failed',
  'introspection.error': 'an introspection failed',
  'jwks.error': 'a request for the keys failed',
  'openid_credential_issuer.error': "a request for the credential issuer's document failed",
  'pushed_authorization_request.error': 'a pushed authorization request failed',
  'registration_create.error': 'a client was not registered',
  'registration_read.error': 'a client could not be read',
  'registration_update.error': 'a client was not changed',
  'registration_delete.error': 'a client was not deleted',
  'revocation.error': 'a revocation failed',
  'userinfo.error': 'a request for user info failed',
};

export function unmappedListeners(unmapped: Unmapped): Listeners {
  const counted = Object.entries(names).map(([name, why]) => [name, () => unmapped(name, why)] as const);
  const byCode = Object.entries(errors).map(
    ([name, why]) =>
      [name, (_ctx: OidcContext, error: OidcError) => unmapped(`${name}:${codeOf(error)}`, why)] as const,
  );
  return Object.fromEntries([...counted, ...byCode]);
}

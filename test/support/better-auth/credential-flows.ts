import { totpOf } from './authenticator.js';
import { type Flows, password, signIn, signUp } from './sign-up.js';

const newPassword = 'another long password';

/** Passwords, second factors and passkeys, as they are set up, used, changed and taken away. */
export const credentialFlows: Flows = {
  async 'passwords that are changed'(world) {
    const oli = await signUp(world, 'oli');
    const other = world.person();
    await signIn(world, other, 'oli');
    await world.does(
      oli.post('/change-password', { currentPassword: 'not the right one', newPassword: world.secret(newPassword) }),
      'a wrong password',
      400,
      'session.presented oli user',
    );
    await world.does(
      oli.post('/change-password', { currentPassword: password, newPassword }),
      'change-password',
      200,
      'session.presented oli user',
      'credential.updated oli user password updated',
    );
    await world.does(
      oli.post('/change-password', { currentPassword: newPassword, newPassword: password, revokeOtherSessions: true }),
      'change-password that ends the other sessions',
      200,
      'credential.updated oli user password updated',
      'session.established oli user',
      'session.revoked oli user ×2',
    );
    await world.does(other.get('/list-sessions'), 'list-sessions of the other', 401);
  },

  async 'passwords that are reset'(world) {
    await signUp(world, 'pia');
    const person = world.person();
    const email = 'pia@example.com';
    await world.does(person.post('/request-password-reset', { email }), 'request-password-reset', 200);
    await world.does(
      person.post('/reset-password', { token: 'made-up', newPassword: world.secret(newPassword) }),
      'a token that is none',
      400,
    );
    await world.does(
      person.post('/reset-password', { token: world.sentTo(email), newPassword }),
      'reset-password',
      200,
      'credential.updated pia user password reset',
      'session.revoked pia user',
    );
    await world.does(
      person.post('/email-otp/request-password-reset', { email }),
      'request-password-reset by a code',
      200,
    );
    await world.does(
      person.post('/email-otp/reset-password', { email, otp: world.sentTo(email), password }),
      'reset-password by a code',
      200,
      'account.profile-updated pia user updated email_verified',
      'credential.updated pia user password reset',
    );
  },

  async 'a second factor'(world) {
    const sam = await signUp(world, 'sam');
    const { body } = await world.does(
      sam.post('/two-factor/enable', { password, method: 'totp' }),
      'enable',
      200,
      'session.presented sam user',
    );
    const uri = String(body.totpURI);
    const codes = body.backupCodes as string[];
    for (const code of codes) world.secret(code);
    world.secret(new URL(uri).searchParams.get('secret') ?? '');
    await world.does(
      sam.post('/two-factor/verify-totp', { code: '000000' }),
      'a wrong code while it is set up',
      401,
      'session.presented sam user',
    );
    await world.does(
      sam.post('/two-factor/verify-totp', { code: totpOf(uri) }),
      'the first code',
      200,
      'credential.updated sam user otp created',
      'session.established sam user',
      'session.revoked sam user',
    );
    const person = world.person();
    await world.does(
      person.post('/sign-in/email', { email: 'sam@example.com', password }),
      'a password, which is not enough',
      200,
    );
    await world.does(
      person.post('/two-factor/verify-totp', { code: '000000' }),
      'a wrong code',
      401,
      'login.failure sam user INVALID_CODE at 2:totp',
    );
    await world.does(
      person.post('/two-factor/verify-totp', { code: totpOf(uri) }),
      'the right code',
      200,
      'login.success sam user pwd+otp+mfa',
      'session.established sam user',
    );
    const another = world.person();
    await world.does(
      another.post('/sign-in/email', { email: 'sam@example.com', password: 'not the right one' }),
      'a wrong password',
      401,
      'login.failure sam user INVALID_EMAIL_OR_PASSWORD at 1:password',
    );
    await world.does(another.post('/sign-in/email', { email: 'sam@example.com', password }), 'a password', 200);
    await world.does(
      another.post('/two-factor/verify-backup-code', { code: 'wrong-code0' }),
      'a wrong backup code',
      401,
      'login.failure sam user INVALID_BACKUP_CODE at 2:backup-code',
    );
    await world.does(
      another.post('/two-factor/verify-backup-code', { code: codes[0] }),
      'a backup code',
      200,
      'login.success sam user pwd+recovery-code+mfa',
      'session.established sam user',
    );
    const third = world.person();
    await world.does(third.post('/sign-in/email', { email: 'sam@example.com', password }), 'a password', 200);
    await world.does(third.post('/two-factor/send-otp'), 'a code is sent', 200);
    await world.does(
      third.post('/two-factor/verify-otp', { code: world.sentTo('sam@example.com') }),
      'the code that was sent',
      200,
      'login.success sam user pwd+otp+mfa',
      'session.established sam user',
    );
    await world.does(
      world.person().post('/two-factor/verify-totp', { code: totpOf(uri) }),
      'a code of nobody',
      401,
      'login.failure - user INVALID_TWO_FACTOR_COOKIE at 2:totp',
    );
    const generated = await world.does(
      third.post('/two-factor/generate-backup-codes', { password }),
      'generate-backup-codes',
      200,
      'session.presented sam user',
      'credential.updated sam user recovery-code updated',
    );
    for (const code of generated.body.backupCodes as string[]) world.secret(code);
    await world.does(
      third.post('/two-factor/disable', { password }),
      'disable',
      200,
      'credential.updated sam user otp deleted',
      'session.established sam user',
      'session.revoked sam user',
    );
  },

  async 'a passkey'(world) {
    const tess = await signUp(world, 'tess');
    const origin = world.server.url;
    const options = await world.does(
      tess.get('/passkey/generate-register-options'),
      'generate-register-options',
      200,
      'session.presented tess user',
    );
    const response = tess.authenticator.create(
      options.body as unknown as Parameters<typeof tess.authenticator.create>[0],
      origin,
    );
    const made = await world.does(
      tess.post('/passkey/verify-registration', { response, name: 'Key ring' }),
      'verify-registration',
      200,
      'session.presented tess user',
      'credential.updated tess user passkey created Key ring',
    );
    const person = world.person();
    const ask = async () => {
      const { body } = await world.does(
        person.get('/passkey/generate-authenticate-options'),
        'generate-authenticate-options',
        200,
      );
      return body as unknown as Parameters<typeof tess.authenticator.get>[0];
    };
    await world.does(
      person.post('/passkey/verify-authentication', { response: tess.authenticator.get(await ask(), origin) }),
      'a sign-in',
      200,
      'login.success tess user passkey',
      'session.established tess user',
    );
    person.forget();
    await world.does(
      person.post('/passkey/verify-authentication', {
        response: person.authenticator.get(await ask(), origin),
      }),
      'a sign-in with a key that nobody knows',
      401,
      'login.failure - user PASSKEY_NOT_FOUND at 1:passkey',
    );
    await world.does(
      tess.post('/passkey/update-passkey', { id: made.body.id, name: 'Old key' }),
      'update-passkey',
      200,
      'session.presented tess user',
      'credential.updated tess user passkey updated Old key',
    );
    await world.does(
      tess.post('/passkey/delete-passkey', { id: made.body.id }),
      'delete-passkey',
      200,
      'session.presented tess user',
      'credential.updated tess user passkey deleted',
    );
  },
};

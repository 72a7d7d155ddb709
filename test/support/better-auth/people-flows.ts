import { anAdmin, type Flows, password, signIn, signUp } from './sign-up.js';

/** Sign-ins with a password, sessions, profiles and accounts. */
export const peopleFlows: Flows = {
  async 'a registration, and those that fail'(world) {
    await signUp(world, 'ann');
    const other = world.person();
    await world.does(
      other.post('/sign-up/email', { email: 'ann@example.com', password, name: 'Another' }),
      'sign-up with an address that is taken',
      422,
      'registration.failure ann user USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL',
    );
    await world.does(
      other.post('/sign-up/email', { email: 'bob@example.com', password: world.secret('short'), name: 'Bob' }),
      'sign-up with a short password',
      400,
      'registration.failure bob@example.com user PASSWORD_TOO_SHORT',
    );
    await world.does(
      other.post('/sign-up/email', { email: 'no address', password, name: 'Bob' }),
      'sign-up without an address',
      400,
      'registration.failure no address user VALIDATION_ERROR',
    );
    await world.does(other.post('/sign-up/email', {}), 'an empty sign-up', 400);
  },

  async 'sign-ins that succeed and fail'(world) {
    const ben = await signUp(world, 'ben');
    await world.does(ben.post('/sign-out'), 'sign-out', 200, 'session.revoked ben user');
    await world.does(ben.post('/sign-out'), 'sign-out without a session', 200);
    await world.does(
      ben.post('/sign-in/email', { email: 'ben@example.com', password: world.secret('not the right one') }),
      'a wrong password',
      401,
      'login.failure ben user INVALID_EMAIL_OR_PASSWORD at 1:password',
    );
    await world.does(
      ben.post('/sign-in/email', { email: 'nobody@example.com', password }),
      'an unknown user',
      401,
      'login.failure nobody@example.com user INVALID_EMAIL_OR_PASSWORD at 1:password',
    );
    await world.does(ben.post('/sign-in/email', { email: 'ben@example.com' }), 'no password', 400);
    await world.does(ben.post('/sign-in/social', { provider: 'nowhere' }), 'an unknown provider', 404);
    await signIn(world, ben, 'ben');
    await world.does(
      ben.get('/get-session'),
      'get-session',
      200,
      'session.presented ben user',
      'token.issued ben user access_token jwt',
    );
    await signIn(world, ben, 'ben');
    await world.does(world.person().get('/get-session'), 'get-session without one', 200);
  },

  async 'sign-ins by user name'(world) {
    const cleo = await signUp(world, 'cleo', { username: 'Cleo_1' });
    await world.does(
      cleo.post('/sign-in/username', { username: 'cleo_1', password }),
      'sign-in',
      200,
      'login.success cleo user pwd',
      'session.established cleo user',
    );
    await world.does(
      cleo.post('/sign-in/username', { username: 'cleo_1', password: 'not the right one' }),
      'a wrong password',
      401,
      'login.failure cleo user INVALID_USERNAME_OR_PASSWORD at 1:password',
    );
    await world.does(
      cleo.post('/sign-in/username', { username: 'nobody_1', password }),
      'an unknown user',
      401,
      'login.failure nobody_1 user INVALID_USERNAME_OR_PASSWORD at 1:password',
    );
  },

  async 'sessions, and their ends'(world) {
    const [one, two, three] = [await signUp(world, 'dan'), world.person(), world.person()];
    await signIn(world, two, 'dan');
    await signIn(world, three, 'dan');
    const list = await world.does(one.get('/list-sessions'), 'list-sessions', 200, 'session.presented dan user');
    const tokens = (list.body as unknown as { token: string }[]).map(({ token }) => world.secret(token));
    const second = world.server.database.session?.find(({ userId }) => userId === world.call('dan', 'dan@example.com'));
    await world.does(
      three.post('/revoke-session', { token: tokens.find((token) => token === second?.token) }),
      'revoke-session of the first',
      200,
      'session.presented dan user',
      'session.revoked dan user',
    );
    await world.does(one.get('/list-sessions'), 'list-sessions of one that is gone', 401);
    // The anonymous plugin takes away the cookie of whoever signs in with one whose session is gone.
    one.forget();
    await signIn(world, one, 'dan');
    await world.does(
      three.post('/revoke-other-sessions'),
      'revoke-other-sessions',
      200,
      'session.presented dan user',
      'session.revoked dan user ×2',
    );
    await world.does(three.post('/revoke-other-sessions'), 'the same again', 200, 'session.presented dan user');
    two.forget();
    await signIn(world, two, 'dan');
    await world.does(three.post('/revoke-sessions'), 'revoke-sessions', 200, 'session.revoked dan user ×2');
    one.forget();
    await signIn(world, one, 'dan');
    for (const session of world.server.database.session ?? [])
      if (session.userId === world.call('dan', 'dan@example.com')) session.expiresAt = new Date(Date.now() - 1000);
    await world.does(
      one.get('/get-session'),
      'get-session of one that has run out',
      200,
      'session.revoked dan system expired',
    );
  },

  async profiles(world) {
    const eve = await signUp(world, 'eve');
    await world.does(
      eve.post('/update-user', { name: 'Eve E', department: 'sales' }),
      'a name that changes and a department that comes',
      200,
      'session.presented eve user',
      'account.profile-updated eve user added department updated name',
    );
    await world.does(
      eve.post('/update-user', { name: 'Eve E' }),
      'what is so already',
      200,
      'session.presented eve user',
    );
    await world.does(
      eve.post('/update-user', { pin: world.secret('pin-314159') }),
      'a field that is never returned',
      200,
      'session.presented eve user',
    );
    await world.does(
      eve.post('/update-user', { image: 'https://example.com/eve.png', department: null }),
      'a picture that comes and a department that goes',
      200,
      'session.presented eve user',
      'account.profile-updated eve user added picture removed department',
    );
    await world.does(
      eve.post('/update-user', { email: 'eve@example.org' }),
      'a change that is refused',
      400,
      'session.presented eve user',
    );
    await world.does(
      eve.post('/send-verification-email', { email: 'eve@example.com' }),
      'send-verification-email',
      200,
      'session.presented eve user',
    );
    const stranger = world.person();
    await world.does(
      stranger.get(`/verify-email?token=${world.sentTo('eve@example.com')}&callbackURL=/welcome`),
      'verify-email in another browser, which signs in',
      302,
      'account.profile-updated eve user updated email_verified',
      'login.success eve user email',
      'session.established eve user',
    );
    await world.does(stranger.get(`/verify-email?token=${world.sentTo('eve@example.com')}`), 'the same again', 200);
    await world.does(
      eve.post('/change-email', { newEmail: 'eve@example.net' }),
      'change-email',
      200,
      'session.presented eve user',
    );
    await world.does(
      eve.get(`/verify-email?token=${world.sentTo('eve@example.net')}`),
      'verify-email of the new address',
      200,
      'session.presented eve user',
      'account.profile-updated eve user updated email',
    );
  },

  async 'what an administrator does to an account'(world) {
    const admin = await anAdmin(world, 'root');
    await world.does(
      admin.post('/admin/create-user', { email: 'fay@example.com', password, name: 'Fay' }),
      'create-user',
      200,
      'session.presented root admin',
      'account.created fay admin',
    );
    const userId = world.call('fay', 'fay@example.com');
    const fay = world.person();
    await signIn(world, fay, 'fay');
    await world.does(
      admin.post('/admin/update-user', { userId, data: { name: 'Fay F', department: 'it' } }),
      'update-user',
      200,
      'session.presented root admin',
      'account.profile-updated fay admin added department updated name',
    );
    await world.does(
      admin.post('/admin/set-role', { userId, role: ['user', 'admin'] }),
      'set-role',
      200,
      'session.presented root admin',
      'account.profile-updated fay admin updated roles',
    );
    await world.does(
      admin.post('/admin/set-user-password', { userId, newPassword: world.secret('another long password') }),
      'set-user-password',
      200,
      'session.presented root admin',
      'credential.updated fay admin password reset',
    );
    const list = await world.does(
      admin.post('/admin/list-user-sessions', { userId }),
      'list-user-sessions',
      200,
      'session.presented root admin',
    );
    const [session] = list.body.sessions as { token: string }[];
    await world.does(
      admin.post('/admin/revoke-user-session', { sessionToken: world.secret(session?.token ?? '') }),
      'revoke-user-session',
      200,
      'session.presented root admin',
      'session.revoked fay admin',
    );
    for (const _ of [1, 2])
      await world.does(
        fay.post('/sign-in/email', { email: 'fay@example.com', password: 'another long password' }),
        'sign-in',
        200,
        'login.success fay user pwd',
        'session.established fay user',
      );
    await world.does(
      admin.post('/admin/revoke-user-sessions', { userId }),
      'revoke-user-sessions',
      200,
      'session.presented root admin',
      'session.revoked fay admin ×2',
    );
    await world.does(
      fay.post('/sign-in/email', { email: 'fay@example.com', password: 'another long password' }),
      'sign-in',
      200,
      'login.success fay user pwd',
      'session.established fay user',
    );
    await world.does(
      admin.post('/admin/ban-user', { userId, banReason: world.secret('a reason for nobody else') }),
      'ban-user',
      200,
      'session.presented root admin',
      'account.locked fay admin banned',
      'session.revoked fay admin',
    );
    await world.does(
      fay.post('/sign-in/email', { email: 'fay@example.com', password: 'another long password' }),
      'a sign-in of somebody banned',
      403,
      'login.failure fay user BANNED_USER at 1:password',
    );
    await world.does(
      admin.post('/admin/unban-user', { userId }),
      'unban-user',
      200,
      'session.presented root admin',
      'account.unlocked fay admin',
    );
    await world.does(
      admin.post('/admin/ban-user', { userId, banExpiresIn: 1 }),
      'ban-user for a while',
      200,
      'session.presented root admin',
      'account.locked fay admin banned',
    );
    const row = world.server.database.user?.find(({ id }) => id === userId);
    if (row) row.banExpires = new Date(Date.now() - 1000);
    await world.does(
      fay.post('/sign-in/email', { email: 'fay@example.com', password: 'another long password' }),
      'a sign-in after the ban has run out',
      200,
      'account.unlocked fay system',
      'login.success fay user pwd',
      'session.established fay user',
    );
    await world.does(
      admin.post('/admin/remove-user', { userId }),
      'remove-user',
      200,
      'session.presented root admin',
      'session.revoked fay admin',
      'account.deleted fay admin',
    );
    await world.does(fay.post('/admin/remove-user', { userId }), 'the same by nobody', 401);
  },

  async 'an administrator who acts for a user'(world) {
    const admin = await anAdmin(world, 'chief');
    await signUp(world, 'gus');
    const userId = world.call('gus', 'gus@example.com');
    await world.does(
      admin.post('/admin/impersonate-user', { userId }),
      'impersonate-user',
      200,
      'session.presented chief admin',
      'session.established gus admin',
    );
    await world.does(
      admin.post('/update-user', { name: 'Gus G' }),
      'update-user',
      200,
      'session.presented gus admin',
      'account.profile-updated gus admin updated name',
    );
    await world.does(admin.post('/admin/stop-impersonating'), 'stop-impersonating', 200, 'session.revoked gus admin');
    await world.does(admin.get('/list-sessions'), 'list-sessions', 200, 'session.presented chief user');
  },

  async 'an account that its user deletes'(world) {
    const hal = await signUp(world, 'hal');
    await world.does(
      hal.post('/delete-user', { password: 'not the right one' }),
      'a wrong password',
      400,
      'session.presented hal user',
    );
    await world.does(
      hal.post('/delete-user', { password }),
      'delete-user',
      200,
      'session.revoked hal user',
      'account.deleted hal user',
    );
  },
};

import type { Answer, Person } from './person.js';
import { anAdmin, type Flows, password, signUp } from './sign-up.js';
import type { World } from './world.js';

/** Goes to the other provider and comes back, with an error where one is given. */
async function arrive(world: World, person: Person, error?: string): Promise<Answer> {
  const { body } = await world.does(
    person.post('/sign-in/social', { provider: 'partner', callbackURL: '/welcome', errorCallbackURL: '/sorry' }),
    'sign-in at the partner begins',
    200,
  );
  const state = new URL(String(body.url)).searchParams.get('state') ?? '';
  const query = new URLSearchParams({ state, ...(error === undefined ? { code: 'partner-code' } : { error }) });
  return person.get(`/callback/partner?${query}`);
}

/** Sign-ins without a password, and what has to be shown beside one. */
export const otherWaysFlows: Flows = {
  async 'sign-ins by another identity provider'(world) {
    for (const token of Object.values(world.server.other.tokens)) world.secret(token);
    world.server.other.person = { id: 'p-1', email: 'ida@partner.example', name: 'Ida', email_verified: true };
    const ida = world.person();
    await world.does(
      arrive(world, ida),
      'the first',
      302,
      'account.created ida user',
      'registration.success ida user',
      'login.success ida user partner',
      'session.established ida user',
    );
    const again = world.person();
    await world.does(
      arrive(world, again),
      'the second',
      302,
      'login.success ida user partner',
      'session.established ida user',
    );
    await world.does(
      arrive(world, world.person(), 'access_denied'),
      'one that was given up there',
      302,
      'login.failure - user access_denied at 1:partner',
    );
    await world.does(
      world.person().get('/callback/partner?code=x&state=made-up'),
      'an arrival that nobody has asked for',
      302,
    );
    await world.does(world.person().get('/callback/partner'), 'an arrival with nothing', 302);

    const admin = await anAdmin(world, 'boss');
    await world.does(
      admin.post('/admin/ban-user', { userId: world.call('ida', 'ida@partner.example') }),
      'a ban',
      200,
      'session.presented boss admin',
      'account.locked ida admin banned',
      'session.revoked ida admin ×2',
    );
    await world.does(
      arrive(world, world.person()),
      'one of somebody banned',
      302,
      'login.failure - user BANNED_USER at 1:partner',
    );
  },

  async "another provider's account that is linked and unlinked"(world) {
    world.server.other.person = { id: 'p-2', email: 'jon@example.com', name: 'Jon', email_verified: true };
    const jon = await signUp(world, 'jon');
    const { body } = await world.does(
      jon.post('/link-social', { provider: 'partner', callbackURL: '/linked' }),
      'link-social',
      200,
      'session.presented jon user',
    );
    const state = new URL(String(body.url)).searchParams.get('state') ?? '';
    await world.does(
      jon.get(`/callback/partner?code=partner-code&state=${state}`),
      'the arrival',
      302,
      'credential.updated jon user other created partner',
    );
    const account = world.server.database.account?.find(({ accountId }) => accountId === 'p-2');
    await world.does(
      jon.post('/unlink-account', { accountId: account?.id }),
      'unlink-account',
      200,
      'session.presented jon user',
      'credential.updated jon user other deleted partner',
    );
  },

  async 'sign-ins by a code in a mail'(world) {
    const kim = world.person();
    const email = 'kim@example.com';
    const ask = () =>
      world.does(kim.post('/email-otp/send-verification-otp', { email, type: 'sign-in' }), 'a code is sent', 200);
    await ask();
    await world.does(
      kim.post('/sign-in/email-otp', { email, otp: world.sentTo(email) }),
      'the first',
      200,
      'account.created kim user',
      'registration.success kim user',
      'login.success kim user otp',
      'session.established kim user',
    );
    kim.forget();
    await ask();
    await world.does(
      kim.post('/sign-in/email-otp', { email, otp: '000000' }),
      'a wrong code',
      400,
      'login.failure kim user INVALID_OTP at 1:email-otp',
    );
    await world.does(
      kim.post('/sign-in/email-otp', { email, otp: world.sentTo(email) }),
      'the second',
      200,
      'login.success kim user otp',
      'session.established kim user',
    );
  },

  async 'sign-ins by a link in a mail'(world) {
    const leo = world.person();
    const email = 'leo@example.com';
    await world.does(leo.post('/sign-in/magic-link', { email, name: 'Leo' }), 'a link is sent', 200);
    const link = (): string =>
      `/magic-link/verify?token=${world.sentTo(email)}&callbackURL=/welcome&errorCallbackURL=/sorry`;
    await world.does(
      leo.get(link()),
      'the first',
      302,
      'account.created leo user',
      'registration.success leo user',
      'login.success leo user magic-link',
      'session.established leo user',
    );
    await world.does(
      world.person().get(link()),
      'the same link again',
      302,
      'login.failure - user INVALID_TOKEN at 1:magic-link',
    );
  },

  async 'a telephone number'(world) {
    const mia = await signUp(world, 'mia');
    const phoneNumber = '+3612345678';
    await world.does(mia.post('/phone-number/send-otp', { phoneNumber }), 'a code is sent', 200);
    await world.does(
      mia.post('/phone-number/verify', { phoneNumber, code: '000000', updatePhoneNumber: true }),
      'a wrong code',
      400,
    );
    await world.does(mia.post('/phone-number/send-otp', { phoneNumber }), 'a code is sent', 200);
    await world.does(
      mia.post('/phone-number/verify', { phoneNumber, code: world.sentTo(phoneNumber), updatePhoneNumber: true }),
      'the number is added',
      200,
      'session.presented mia user',
      'account.profile-updated mia user added phone_number,phone_number_verified',
    );
    const other = world.person();
    await world.does(
      other.post('/sign-in/phone-number', { phoneNumber, password: 'not the right one' }),
      'a wrong password',
      401,
      'login.failure mia user INVALID_PHONE_NUMBER_OR_PASSWORD at 1:password',
    );
    await world.does(
      other.post('/sign-in/phone-number', { phoneNumber, password }),
      'a sign-in',
      200,
      'login.success mia user pwd',
      'session.established mia user',
    );
  },

  async 'somebody who stays anonymous, and registers then'(world) {
    const guest = world.person();
    const { body } = await world.does(
      guest.post('/sign-in/anonymous'),
      'sign-in',
      200,
      'account.created guest user',
      'login.success guest user anonymous',
      'session.established guest user',
    );
    const { id } = body.user as { id: string };
    await world.does(
      guest.post('/sign-up/email', { email: 'ned@example.com', password, name: 'Ned' }),
      'sign-up',
      200,
      'account.created ned user',
      'registration.success ned user',
      'login.success ned user pwd',
      'session.established ned user',
      'session.revoked guest user',
      'account.deleted guest user',
    );
    if (world.server.database.user?.some((user) => user.id === id)) throw new Error('the guest is still there');
  },
};

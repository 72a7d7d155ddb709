import { type Flows, signUp } from './sign-up.js';

const type = (what: string): string => `x-better-auth.organization.member-${what}`;

/** Who belongs to which organization. */
export const organizationFlows: Flows = {
  async 'an organization and its members'(world) {
    const uma = await signUp(world, 'uma');
    const vic = await signUp(world, 'vic');
    await signUp(world, 'wes');
    const { body } = await world.does(
      uma.post('/organization/create', { name: 'Best Car', slug: 'best-car' }),
      'create',
      200,
      'session.presented uma user',
      `${type('added')} uma user added roles Best Car`,
    );
    const organizationId = String(body.id);
    const invited = await world.does(
      uma.post('/organization/invite-member', { email: 'vic@example.com', role: 'member', organizationId }),
      'invite-member',
      200,
      'session.presented uma user',
    );
    await world.does(
      vic.post('/organization/accept-invitation', { invitationId: invited.body.id }),
      'accept-invitation',
      200,
      'session.presented vic user',
      `${type('added')} vic user added roles`,
    );
    const members = world.server.database.member ?? [];
    const member = members.find(({ userId }) => userId === world.call('vic', 'vic@example.com'));
    await world.does(
      uma.post('/organization/update-member-role', { memberId: member?.id, role: 'admin', organizationId }),
      'update-member-role',
      200,
      'session.presented uma user',
      `${type('role-changed')} vic admin updated roles`,
    );
    await world.does(
      uma.post('/organization/remove-member', { memberIdOrEmail: 'vic@example.com', organizationId }),
      'remove-member',
      200,
      'session.presented uma user',
      `${type('removed')} vic admin removed roles`,
    );
    await world.does(
      uma.post('/organization/leave', { organizationId }),
      'leave as the only owner',
      400,
      'session.presented uma user',
    );
    const again = await world.does(
      uma.post('/organization/invite-member', { email: 'vic@example.com', role: 'member', organizationId }),
      'invite-member',
      200,
      'session.presented uma user',
    );
    await world.does(
      vic.post('/organization/accept-invitation', { invitationId: again.body.id }),
      'accept-invitation',
      200,
      'session.presented vic user',
      `${type('added')} vic user added roles`,
    );
    await world.does(
      vic.post('/organization/leave', { organizationId }),
      'leave',
      200,
      'session.presented vic user',
      `${type('removed')} vic user removed roles`,
    );
    await world.does(
      uma.post('/organization/delete', { organizationId }),
      'delete',
      200,
      'session.presented uma user',
      `${type('removed')} uma user removed roles Best Car`,
    );
  },
};

import type { Organization } from '../../schema-types.js';
import { type EndpointContext, isRow, type Row, textIn } from './context.js';
import { legible } from './person.js';
import type { Draft } from './trail.js';

const typeOf = (what: 'added' | 'removed' | 'role-changed'): string => `x-better-auth.organization.member-${what}`;

function organizationOf(member: Row, organization: unknown): Organization | undefined {
  const id = textIn(member, 'organizationId');
  if (id === undefined) return undefined;
  const name = textIn(organization, 'name');
  const handle = textIn(organization, 'slug');
  return {
    id,
    ...(name !== undefined && { name: legible(name, 1024) }),
    ...(handle !== undefined && { handle: legible(handle, 1024) }),
  };
}

/** A membership that came, went, or has another role; its role as the claim `roles`. */
function memberDraft(what: Parameters<typeof typeOf>[0], member: unknown, of?: unknown): Draft[] {
  const userId = textIn(member, 'userId');
  const organization = isRow(member) ? organizationOf(member, of) : undefined;
  if (userId === undefined || organization === undefined) return [];
  const roles = (textIn(member, 'role') ?? '')
    .split(',')
    .filter(Boolean)
    .map((role) => legible(role.trim(), 256));
  const kind = ({ added: 'added', 'role-changed': 'updated', removed: 'removed' } as const)[what];
  return [
    {
      event: { type: typeOf(what), organization, ...(roles.length > 0 && { changes: { [kind]: { roles } } }) },
      userId,
    },
  ];
}

/** Memberships by the answers of the organization plugin's endpoints: no hook of the database tells of them. */
export function membershipsOf({ path, operationId, context: { returned } }: EndpointContext): Draft[] {
  const answer: Row = isRow(returned) ? returned : {};
  switch (path ?? operationId) {
    case '/organization/create':
      return (Array.isArray(answer.members) ? answer.members : []).flatMap((member) =>
        memberDraft('added', member, answer),
      );
    case 'addMember':
      return memberDraft('added', answer);
    case '/organization/accept-invitation':
      return memberDraft('added', answer.member);
    case '/organization/remove-member':
      return memberDraft('removed', answer.member);
    case '/organization/leave':
      return memberDraft('removed', answer);
    case '/organization/update-member-role':
      return memberDraft('role-changed', answer);
    default:
      return [];
  }
}

/** Who is in an organization that is about to be deleted, so that it can be told that they no longer are. */
export function membersBeforehand({ path, body, context }: EndpointContext): Promise<readonly unknown[]> | undefined {
  const id = path === '/organization/delete' ? textIn(body, 'organizationId') : undefined;
  if (id === undefined) return undefined;
  return context.adapter.findMany({ model: 'member', where: [{ field: 'organizationId', value: id }], limit: 1000 });
}

/** All of them have lost their membership, if it was deleted. */
export function membershipsLost(members: readonly unknown[], returned: unknown): Draft[] {
  return members.flatMap((member) => memberDraft('removed', member, returned));
}

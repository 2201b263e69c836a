import { once } from '../async/once.ts';
import { described, named, optional, text } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { AccountId, InvitationId, OrganizationId, UserId } from './ids.ts';
import { listOf, pageQuery } from './lists.ts';
import { contract } from './route-doc.ts';
import { Email, Name, Timestamp } from './scalars.ts';

/** What a member may do: `owner` and `admin` everything, `member` jobs, `billing` the books. */
export const MemberRole = once(() => z.enum(['owner', 'admin', 'member', 'billing']));

export const Organization = named('Organization', () =>
  z.looseObject({
    id: OrganizationId(),
    name: z.string(),
    account_id: described(AccountId(), 'Its account: `account_id` of a job that it pays for'),
    role: described(MemberRole(), 'What the caller is there'),
    created_at: Timestamp(),
  }),
);

export const Member = named('Member', () =>
  z.looseObject({ user_id: UserId(), email: z.nullable(z.string()), role: MemberRole(), created_at: Timestamp() }),
);

export const Invitation = named('Invitation', () =>
  z.looseObject({
    id: InvitationId(),
    email: z.string(),
    role: MemberRole(),
    status: z.enum(['pending', 'accepted', 'revoked', 'expired']),
    expires_at: Timestamp(),
    token: optional(z.string(), 'Shown once; whoever signs in with that address may accept with it'),
  }),
);

const InvitationRequest = named('InvitationRequest', () =>
  z.strictObject({ email: Email(), role: z._default(MemberRole(), 'member') }),
);

const tag = 'Organizations';
const params = () => z.object({ id: OrganizationId() });
const memberParams = () => z.object({ id: OrganizationId(), user_id: UserId() });
const page = () => z.strictObject(pageQuery());
const invited = { description: 'Invited', schema: Invitation };

export const createOrganization = contract({
  method: 'post',
  path: '/v1/organizations',
  scopes: ['keys'],
  tag,
  summary: 'Found an organisation; the caller becomes its owner',
  body: () => z.strictObject({ name: Name() }),
  idempotency: 'optional',
  answers: { 201: { description: 'Created', schema: Organization } },
  refusals: ['forbidden', 'idempotency_mismatch'],
});

export const listOrganizations = contract({
  method: 'get',
  path: '/v1/organizations',
  scopes: ['keys'],
  tag,
  summary: "The caller's organisations",
  query: page,
  answers: { 200: { description: 'A page of them', schema: listOf(Organization) } },
});

export const showOrganization = contract({
  method: 'get',
  path: '/v1/organizations/{id}',
  scopes: ['keys'],
  tag,
  summary: 'One organisation',
  params,
  answers: { 200: { description: 'The organisation', schema: Organization } },
  refusals: ['not_found'],
});

export const renameOrganization = contract({
  method: 'patch',
  path: '/v1/organizations/{id}',
  scopes: ['keys'],
  tag,
  summary: 'Rename an organisation',
  params,
  body: () => z.strictObject({ name: Name() }),
  answers: { 200: { description: 'The organisation', schema: Organization } },
  refusals: ['forbidden', 'not_found'],
});

export const listMembers = contract({
  method: 'get',
  path: '/v1/organizations/{id}/members',
  scopes: ['keys'],
  tag,
  summary: 'Who belongs to it, and as what',
  params,
  query: page,
  answers: { 200: { description: 'A page of members', schema: listOf(Member) } },
  refusals: ['not_found'],
});

/** Any other key could let in somebody who may do more than it. */
const UNLIMITED =
  'An API key may do this only if it has the scopes jobs, keys, billing and webhooks, and no expiry, models, cap or rate limit of its own.';

export const inviteMember = contract({
  method: 'post',
  path: '/v1/organizations/{id}/members',
  scopes: ['keys'],
  tag,
  summary: 'Invite somebody by email address',
  description: `Nobody is made a member unasked: the answer carries a token that the person accepts with. ${UNLIMITED}`,
  params,
  body: InvitationRequest,
  idempotency: 'optional',
  answers: { 201: invited },
  refusals: ['forbidden', 'not_found', 'invalid_state', 'idempotency_mismatch'],
});

export const createInvitation = contract({ ...inviteMember, path: '/v1/organizations/{id}/invitations' });

export const listInvitations = contract({
  method: 'get',
  path: '/v1/organizations/{id}/invitations',
  scopes: ['keys'],
  tag,
  summary: 'Invitations that nobody has accepted yet',
  params,
  query: page,
  answers: { 200: { description: 'A page of invitations', schema: listOf(Invitation) } },
  refusals: ['forbidden', 'not_found'],
});

export const revokeInvitation = contract({
  method: 'delete',
  path: '/v1/organizations/{id}/invitations/{invitation_id}',
  scopes: ['keys'],
  tag,
  summary: 'Take an invitation back',
  description: UNLIMITED,
  params: () => z.object({ id: OrganizationId(), invitation_id: InvitationId() }),
  answers: { 204: { description: 'Nobody can accept it any more' } },
  refusals: ['forbidden', 'not_found'],
});

export const acceptInvitation = contract({
  method: 'post',
  path: '/v1/organizations/invitations/accept',
  scopes: ['keys'],
  tag,
  summary: 'Accept an invitation, as the person it was sent to',
  body: () => z.strictObject({ token: text(1, 200) }),
  idempotency: 'optional',
  answers: { 200: { description: 'The organisation that one now belongs to', schema: Organization } },
  refusals: ['forbidden', 'not_found', 'invalid_state', 'idempotency_mismatch'],
});

export const changeMember = contract({
  method: 'patch',
  path: '/v1/organizations/{id}/members/{user_id}',
  scopes: ['keys'],
  tag,
  summary: 'Give a member another role',
  description: `API keys of the organisation that the person made and that may do more than the new role are revoked. ${UNLIMITED}`,
  params: memberParams,
  body: () => z.strictObject({ role: MemberRole() }),
  answers: { 200: { description: 'The member', schema: Member } },
  refusals: ['forbidden', 'not_found', 'invalid_state'],
});

export const removeMember = contract({
  method: 'delete',
  path: '/v1/organizations/{id}/members/{user_id}',
  scopes: ['keys'],
  tag,
  summary: 'Remove a member, or leave; the last owner stays',
  description: UNLIMITED,
  params: memberParams,
  query: () =>
    z.strictObject({
      keep_api_keys: described(
        z._default(z.enum(['true', 'false']), 'false'),
        'API keys of the organisation that the person made',
      ),
    }),
  answers: { 204: { description: 'Gone, and the API keys that they made with them' } },
  refusals: ['forbidden', 'not_found', 'invalid_state'],
});

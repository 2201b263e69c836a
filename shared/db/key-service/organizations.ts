import type { Credential } from '../../auth/credential.ts';
import type { Call } from '../client.ts';
import type { Deleted, Once, Page, PageFilter, Replayed } from '../common.ts';

export type Role = 'owner' | 'admin' | 'member' | 'billing';
export type OrganizationRow = {
  id: string;
  object: 'organization';
  name: string;
  account_id: string;
  /** The caller's. */
  role: Role;
  created_at: string;
};
export type MemberRow = { user_id: string; object: 'member'; email: string | null; role: Role; created_at: string };
export type InvitationRow = {
  id: string;
  object: 'invitation';
  organization_id: string;
  email: string;
  role: Role;
  status: 'pending' | 'accepted' | 'revoked' | 'expired';
  invited_by: string;
  expires_at: string;
  created_at: string;
};
/** `token_hash` is the SHA-256 of what the invited person is sent; nobody can read it back. */
export type NewInvitation = { email: string; role: Role; token_hash: string };
export type RemovedMember = { user_id: string; object: 'member'; deleted: true; revoked_api_keys: string[] };
export type ProjectRow = {
  id: string;
  object: 'project';
  name: string;
  account_id: string;
  organization_id: string | null;
  created_at: string;
};

/** Organisations, who belongs to them, and projects. */
export const organizationCalls = (call: Call) => ({
  createOrganization: (credential: Credential, request: { name: string }, idempotency: Once) =>
    call<Replayed<OrganizationRow>>('create_organization', { credential, request, idempotency }),
  listOrganizations: (credential: Credential) => call<Page<OrganizationRow>>('list_organizations', { credential }),
  getOrganization: (credential: Credential, id: string) =>
    call<OrganizationRow>('get_organization', { credential, id }),
  renameOrganization: (credential: Credential, id: string, name: string) =>
    call<OrganizationRow>('rename_organization', { credential, id, name }),

  listMembers: (credential: Credential, organization_id: string) =>
    call<Page<MemberRow>>('list_members', { credential, organization_id }),
  changeMember: (credential: Credential, organization_id: string, user_id: string, role: Role) =>
    call<MemberRow>('change_member', { credential, organization_id, user_id, role }),
  removeMember: (credential: Credential, organization_id: string, user_id: string, keep_api_keys: boolean) =>
    call<RemovedMember>('remove_member', { credential, organization_id, user_id, keep_api_keys }),

  inviteMember: (credential: Credential, organization_id: string, request: NewInvitation, idempotency: Once) =>
    call<Replayed<InvitationRow>>('invite_member', { credential, organization_id, request, idempotency }),
  listInvitations: (credential: Credential, organization_id: string) =>
    call<Page<InvitationRow>>('list_invitations', { credential, organization_id }),
  revokeInvitation: (credential: Credential, organization_id: string, id: string) =>
    call<InvitationRow>('revoke_invitation', { credential, organization_id, id }),
  acceptInvitation: (credential: Credential, token_hash: string, idempotency: Once) =>
    call<Replayed<OrganizationRow>>('accept_invitation', { credential, token_hash, idempotency }),

  createProject: (credential: Credential, request: { name: string; organization_id?: string }, idempotency: Once) =>
    call<Replayed<ProjectRow>>('create_project', { credential, request, idempotency }),
  listProjects: (credential: Credential, filter: PageFilter & { organization_id?: string }) =>
    call<Page<ProjectRow>>('list_projects', { credential, filter }),
  getProject: (credential: Credential, id: string) => call<ProjectRow>('get_project', { credential, id }),
  renameProject: (credential: Credential, id: string, name: string) =>
    call<ProjectRow>('rename_project', { credential, id, name }),
  deleteProject: (credential: Credential, id: string) => call<Deleted>('delete_project', { credential, id }),
});

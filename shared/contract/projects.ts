import { described, named } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { AccountId, OrganizationId, ProjectId } from './ids.ts';
import { listOf, pageQuery } from './lists.ts';
import { contract } from './route-doc.ts';
import { Name, Timestamp } from './scalars.ts';

export const Project = named('Project', () =>
  z.looseObject({
    id: ProjectId(),
    name: z.string(),
    account_id: described(AccountId(), 'Who pays for its jobs'),
    organization_id: z.nullish(OrganizationId()),
    created_at: Timestamp(),
  }),
);

const tag = 'Projects';
const params = () => z.object({ id: ProjectId() });
const project = { description: 'The project', schema: Project };

export const createProject = contract({
  method: 'post',
  path: '/v1/projects',
  scopes: ['keys'],
  tag,
  summary: "Start a project: the caller's own, or an organisation's",
  body: () => z.strictObject({ name: Name(), organization_id: z.optional(OrganizationId()) }),
  idempotency: 'optional',
  answers: { 201: { ...project, description: 'Created' } },
  refusals: ['forbidden', 'not_found', 'idempotency_mismatch'],
});

export const listProjects = contract({
  method: 'get',
  path: '/v1/projects',
  scopes: ['keys'],
  tag,
  summary: 'Projects that the caller can use',
  query: () => z.strictObject({ organization_id: z.optional(OrganizationId()), ...pageQuery(/^proj_[0-9a-f]{32}$/) }),
  answers: { 200: { description: 'A page of projects', schema: listOf(Project) } },
  refusals: ['not_found'],
});

export const showProject = contract({
  method: 'get',
  path: '/v1/projects/{id}',
  scopes: ['keys'],
  tag,
  summary: 'One project',
  params,
  answers: { 200: project },
  refusals: ['not_found'],
});

export const changeProject = contract({
  method: 'patch',
  path: '/v1/projects/{id}',
  scopes: ['keys'],
  tag,
  summary: 'Rename a project',
  params,
  body: () => z.strictObject({ name: Name() }),
  answers: { 200: project },
  refusals: ['forbidden', 'not_found'],
});

export const removeProject = contract({
  method: 'delete',
  path: '/v1/projects/{id}',
  scopes: ['keys'],
  tag,
  summary: 'Close a project: no new jobs, its keys and settings are gone; its jobs and their books stay',
  params,
  answers: { 204: { description: 'Closed' } },
  refusals: ['forbidden', 'not_found'],
});

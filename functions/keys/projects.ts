import * as contract from '../../shared/contract/projects.ts';
import { unwrap } from '../../shared/errors/result.ts';
import { markReplayed } from '../../shared/http/idempotency-key.ts';
import { onceOf } from '../../shared/http/once.ts';
import { type Route, route } from '../../shared/http/route.ts';
import type { KeysDeps } from './deps.ts';

/** `/v1/projects`. */
export const projectRoutes = ({ db }: KeysDeps): Route[] => [
  route({
    ...contract.createProject,
    async handle({ credential, body, idempotencyKey }, c) {
      const once = await onceOf(c, idempotencyKey, body);
      const { replayed, ...project } = unwrap(await db.createProject(credential, body, once));
      markReplayed(c, replayed);
      return c.json(project, 201);
    },
  }),
  route({
    ...contract.listProjects,
    handle: async ({ credential, query }, c) => c.json(unwrap(await db.listProjects(credential, query))),
  }),
  route({
    ...contract.showProject,
    handle: async ({ credential, params }, c) => c.json(unwrap(await db.getProject(credential, params.id))),
  }),
  route({
    ...contract.changeProject,
    handle: async ({ credential, params, body }, c) =>
      c.json(unwrap(await db.renameProject(credential, params.id, body.name))),
  }),
  route({
    ...contract.removeProject,
    async handle({ credential, params }, c) {
      unwrap(await db.deleteProject(credential, params.id));
      return c.body(null, 204);
    },
  }),
];

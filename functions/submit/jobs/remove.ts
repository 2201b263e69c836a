import { unwrap } from '../../../shared/errors/result.ts';
import { route } from '../../../shared/http/route.ts';
import type { Deps } from '../deps.ts';
import { JobParams } from './answers.ts';

export const removeJob = ({ db }: Deps) =>
  route({
    method: 'delete',
    path: '/v1/jobs/{id}',
    scopes: ['jobs'],
    tag: 'Jobs',
    summary: 'Delete what a job was about',
    description: 'Prompt, metadata and assets go; the books stay. A job that still runs must be canceled first.',
    params: JobParams,
    answers: { 204: { description: 'Deleted' } },
    refusals: ['not_found', 'invalid_state'],
    async handle({ credential, params }, c) {
      unwrap(await db.deleteJob(credential, params.id));
      return c.body(null, 204);
    },
  });

import { TimelineItem } from '../../../shared/contract/job-events.ts';
import { listOf } from '../../../shared/contract/lists.ts';
import { unwrap } from '../../../shared/errors/result.ts';
import { route } from '../../../shared/http/route.ts';
import type { Deps } from '../deps.ts';
import { JobParams } from './answers.ts';

export const jobTimeline = ({ db }: Deps) =>
  route({
    method: 'get',
    path: '/v1/jobs/{id}/timeline',
    scopes: ['jobs'],
    tag: 'Jobs',
    summary: 'Everything that happened to a job, from acceptance to the last delivery',
    params: JobParams,
    answers: { 200: { description: 'In order of time', schema: listOf(TimelineItem) } },
    refusals: ['not_found'],
    async handle({ credential, params }, c) {
      return c.json({ data: unwrap(await db.jobTimeline(credential, params.id)), next_cursor: null });
    },
  });

import { findModel } from '../../../shared/catalog/models.ts';
import { AccountId, ProjectId } from '../../../shared/contract/ids.ts';
import { Job, JobStatus } from '../../../shared/contract/job.ts';
import { jobFromRow } from '../../../shared/contract/job-from-row.ts';
import { listOf, pageQuery, queryInstant } from '../../../shared/contract/lists.ts';
import { unwrap } from '../../../shared/errors/result.ts';
import { route } from '../../../shared/http/route.ts';
import { optional, text } from '../../../shared/schema/build.ts';
import * as z from '../../../shared/schema/zod.ts';
import type { Deps } from '../deps.ts';

const Query = () =>
  z.strictObject({
    status: z.optional(JobStatus()),
    model: optional(text(1, 200), 'By any of its names'),
    project_id: z.optional(ProjectId()),
    account_id: z.optional(AccountId()),
    from: optional(queryInstant(), 'Created at or after'),
    to: optional(queryInstant(), 'Created before'),
    ...pageQuery(/^job_[0-9a-f]{32}$/),
  });

export const listJobs = ({ db, settings }: Deps) =>
  route({
    method: 'get',
    path: '/v1/jobs',
    scopes: ['jobs'],
    tag: 'Jobs',
    summary: 'Jobs, the newest first',
    query: Query,
    answers: { 200: { description: 'A page of jobs', schema: listOf(Job) } },
    refusals: ['not_found'],
    async handle({ credential, query }, c) {
      const model = query.model && (findModel(query.model)?.model.id ?? query.model);
      const page = unwrap(await db.listJobs(credential, { ...query, model }));
      return c.json({ ...page, data: page.data.map((row) => jobFromRow(row, settings.origin)) });
    },
  });

import type { Credential } from '../../../shared/auth/credential.ts';
import { subjectOf } from '../../../shared/auth/credential.ts';
import { jobFromRow } from '../../../shared/contract/job-from-row.ts';
import type { JobRow } from '../../../shared/db/rows.ts';
import { unwrap } from '../../../shared/errors/result.ts';
import { type AppContext, route } from '../../../shared/http/route.ts';
import type { Deps } from '../deps.ts';
import { inBackground } from '../http/background.ts';
import { JobParams, jobAnswer } from './answers.ts';

export const getJob = (deps: Deps) =>
  route({
    method: 'get',
    path: '/v1/jobs/{id}',
    scopes: ['jobs'],
    tag: 'Jobs',
    summary: 'A job as it is now',
    params: JobParams,
    answers: { 200: jobAnswer },
    refusals: ['not_found'],
    async handle({ credential, params }, c) {
      return c.json(jobFromRow(await readJob(c, deps, credential, params.id), deps.settings.origin));
    },
  });

/** A caller that reads now and then always sees the database; one that polls hot shares a copy that is at most a second old. */
async function readJob(c: AppContext, { db, snapshots }: Deps, credential: Credential, id: string): Promise<JobRow> {
  const hot = c.get('readLimit')?.hot ?? false;
  const subject = subjectOf(credential);
  const cached = hot ? await snapshots.get(subject, id) : null;
  if (cached) return cached;
  const row = unwrap(await db.getJob(credential, id));
  if (hot) inBackground(c, snapshots.put(subject, row));
  return row;
}

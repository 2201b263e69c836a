import { JobId } from '../../../shared/contract/ids.ts';
import { Job } from '../../../shared/contract/job.ts';
import { jobFromRow } from '../../../shared/contract/job-from-row.ts';
import type { Changed } from '../../../shared/db/submit.ts';
import { markReplayed } from '../../../shared/http/idempotency-key.ts';
import type { AppContext } from '../../../shared/http/route.ts';
import * as z from '../../../shared/schema/zod.ts';
import type { Deps } from '../deps.ts';
import { inBackground } from '../http/background.ts';

/** `{id}` in the path of everything that is about one job. */
export const JobParams = () => z.object({ id: JobId() });

export const jobAnswer = { description: 'The job as it is now', schema: Job };

/** After an action: wakes the lanes that it freed or filled, and shows the job as it is now. */
export function changedJob(c: AppContext, { wake, settings }: Deps, changed: Changed): Response {
  inBackground(c, wake(changed.lanes ?? []));
  markReplayed(c, changed.replayed);
  return c.json(jobFromRow(changed.job, settings.origin));
}

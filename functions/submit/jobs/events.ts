import { once } from '../../../shared/async/once.ts';
import { credentialOf } from '../../../shared/auth/credential.ts';
import { JobId } from '../../../shared/contract/ids.ts';
import { isTerminal } from '../../../shared/contract/job.ts';
import { refuse, unwrap } from '../../../shared/errors/result.ts';
import { type AppContext, publicRoute, queryOf } from '../../../shared/http/route.ts';
import { eventStream } from '../../../shared/http/sse.ts';
import { validate } from '../../../shared/http/validate.ts';
import { optional, text } from '../../../shared/schema/build.ts';
import * as z from '../../../shared/schema/zod.ts';
import type { Deps } from '../deps.ts';
import { jobStream } from './job-stream.ts';

const Query = once(() =>
  z.strictObject({
    token: optional(text(1, 200), 'Stands in `urls.events` of the job; a credential does as well'),
    last_event_id: optional(z.string(), 'For clients that cannot send the header `Last-Event-ID`'),
  }),
);

export const jobEvents = (deps: Deps) =>
  publicRoute({
    method: 'get',
    path: '/v1/jobs/{id}/events',
    tag: 'Jobs',
    summary: 'What happens to a job, as server-sent events',
    description:
      '`status`, `progress`, `output`, then `done` with the whole job. Send `Last-Event-ID` to go on after a break; 204 says that there is nothing more to come.',
    params: () => z.object({ id: JobId() }),
    query: Query,
    answers: {
      200: { description: 'The stream', schema: () => z.string(), contentType: 'text/event-stream' },
      204: { description: 'The job has ended and the last event was already seen' },
    },
    refusals: ['not_found', 'unauthenticated', 'forbidden', 'invalid_input'],
    async handle(c) {
      const id = JobId().safeParse(c.req.param('id')).data ?? refuse({ code: 'not_found' });
      const query = unwrap(validate(Query(), queryOf(c)));
      const token = query.token ?? (await tokenOf(c, deps, id));
      const after = versionOf(c.req.header('last-event-id') ?? query.last_event_id);
      const first = unwrap(await deps.db.jobEvents(id, token, after));
      if (isTerminal(first.job.status) && after >= first.job.version) return c.body(null, 204);
      return eventStream(c.req.raw, (signal) => jobStream(deps, { first, token, signal }));
    },
  });

/** Without a token in the URL the caller must be allowed to read the job. */
async function tokenOf(c: AppContext, { db, verifyUser }: Deps, id: string): Promise<string> {
  const credential = unwrap(await credentialOf(c.req.raw.headers, verifyUser));
  return unwrap(await db.getJob(credential, id)).events_token;
}

/** What is not a version of ours starts from the beginning. */
const versionOf = (id: string | undefined) => (/^\d{1,9}$/.test(id ?? '') ? Number(id) : 0);

import { hookAttempt } from '../evidence.ts';
import type { World } from '../world.ts';

type Submission = { id: string; prompt: string; webhook: string | null };

/** One attempt, one submission: by what the Workers sent, and by what the providers took. */
export async function checkSubmissions(world: World): Promise<void> {
  for (const [attempt, sent] of world.evidence.submissions) {
    if (sent > 1) world.report('violations', 'an attempt was submitted more than once', { attempt, sent });
  }
  const known = new Map((await attemptsOf(world)).map((row) => [row.id, row]));
  for (const provider of ['replicate', 'fal']) {
    const taken = new Set<string>();
    for (const { id, webhook } of await submissionsOf(world, provider)) {
      const attempt = hookAttempt(webhook === null ? '' : new URL(webhook).pathname) ?? '';
      if (taken.has(attempt)) world.report('violations', 'a provider runs an attempt twice', { provider, attempt });
      taken.add(attempt);
      const row = known.get(attempt);
      if (row === undefined) world.report('violations', '14 a provider runs what nobody ordered', { provider, id });
      else if (row.request_id !== null && row.request_id !== id)
        world.report('violations', '14 an attempt took over another request', { attempt, id, took: row.request_id });
      else if (row.class !== null && REFUSED.has(row.class))
        world.report('violations', 'a submission that was taken counts as refused', { attempt, id, class: row.class });
    }
  }
}

/** Verdicts after which the part may be tried again elsewhere: only if the provider has not taken it. */
const REFUSED = new Set(['refused', 'rate_limited', 'key']);

type Attempt = { id: string; request_id: string | null; class: string | null };

const attemptsOf = ({ look }: World) =>
  look.must<Attempt>("select id, provider_request_id as request_id, error->>'class' as class from darkroom.attempts");

async function submissionsOf({ stack }: World, provider: string): Promise<Submission[]> {
  const response = await fetch(`${stack.file().emulators[provider]}/__requests`);
  return ((await response.json()) as { data: Submission[] }).data;
}

/** Parts whose next attempt began before the last one had ended: a second try blindly. */
export async function checkRetries({ look, report }: World): Promise<void> {
  const rows = await look.must(
    `select a.part_id, a.id, b.id as next from darkroom.attempts a
       join darkroom.attempts b on b.part_id = a.part_id and b.fence = a.fence + 1
      where a.finished_at is null or a.status not in ('failed') or a.error->>'class' in ('input', 'moderation', 'lost')`,
  );
  for (const row of rows) report('violations', 'tried again without a definite failure', row);
}

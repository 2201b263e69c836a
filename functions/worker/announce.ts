import type { Ended } from '../../shared/db/rows.ts';
import type { WorkerDeps } from './deps.ts';

/**
 * Tells `callback` that an attempt has ended: signed, directly and once. The body names the verdict, which is in the database; should
 * this message get lost, the sweep sends it again or `callback` finds the verdict by itself.
 */
export async function announce({ post, log }: Pick<WorkerDeps, 'post' | 'log'>, ended: Ended): Promise<void> {
  const { attempt_id, event, fence } = ended;
  const { status } = await post('/internal/callbacks', {
    id: `cb_${attempt_id}_${event}`,
    body: { attempt_id, event, fence },
  });
  if (status !== 200) log('warn', 'callback_left_to_the_sweep', { attempt_id, event, fence, status });
}

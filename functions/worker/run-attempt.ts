import type { Work } from '../../shared/db/rows.ts';
import type { Submission, Verdict } from '../../shared/db/worker.ts';
import type { Started } from '../../shared/providers/types.ts';
import { hookToken } from '../../shared/signatures/hook-token.ts';
import { isHooked, usualWait } from './check-after.ts';
import { concludeNow, recordVerdict } from './conclude.ts';
import type { Adapter, WorkerDeps } from './deps.ts';
import { openProvider } from './open-provider.ts';
import { persist } from './persist.ts';
import { failed, outOfService } from './verdict.ts';

const VAULT_COOLING_SECONDS = 15;
const LOOK_AFTER_SECONDS = 30;

/**
 * Submits a claimed attempt, once. It is `starting` in the database since the claim; whatever happens from here on, nobody submits it
 * a second time: an answer that got lost leaves it `submission_unknown`.
 */
export async function runAttempt(deps: WorkerDeps, work: Work): Promise<void> {
  const opened = await openProvider(deps, work);
  if (!opened.ok) return void (await recordVerdict(deps, work, withoutKey(opened.reason, opened.message)));
  const input = deps.providerInput(work);
  if (!input.ok) {
    const reason = input.refusal.detail ?? 'This route cannot be used.';
    return void (await recordVerdict(deps, work, failed('refused', 'route_unavailable', reason)));
  }
  const request = {
    model: work.provider_model,
    input: input.value,
    outputs: work.outputs,
    kind: deps.kindOf(work),
    attemptId: work.attempt_id,
    ...(isHooked(deps, work) && { hookUrl: await hookUrl(deps, work) }),
  };
  // An adapter that throws is a bug of ours, and says nothing about what the provider has received.
  const started = await opened.provider.start(request).catch((error): Started => {
    deps.log('error', 'adapter_threw', { provider: work.provider, error });
    return { status: 'ambiguous', message: 'The provider could not be asked.' };
  });
  const cancel = await recordStart(deps, work, opened.adapter, started);
  if (cancel && started.status === 'pending') await opened.provider.cancel?.(started.state);
}

/** True if the job was canceled meanwhile and the provider does not know yet. */
async function recordStart(deps: WorkerDeps, work: Work, adapter: Adapter, started: Started): Promise<boolean> {
  deps.log('info', 'started', { attempt_id: work.attempt_id, provider: work.provider, status: started.status });
  if (started.status === 'pending') {
    const { requestId, state } = started;
    return recordSubmission(deps, work, {
      outcome: 'submitted',
      request_id: requestId,
      state,
      check_after_seconds: usualWait(deps, work),
    });
  }
  if (started.status !== 'ambiguous') {
    await concludeNow(deps, work, started);
  } else if (adapter.synchronous) {
    await recordVerdict(deps, work, failed('lost', 'lost', 'The answer of the provider got lost.'));
  } else {
    await recordSubmission(deps, work, { outcome: 'unknown', check_after_seconds: LOOK_AFTER_SECONDS });
  }
  return false;
}

async function recordSubmission(deps: WorkerDeps, work: Work, submission: Submission): Promise<boolean> {
  const { attempt_id, fence } = work;
  const answer = await persist(deps.sleep, () => deps.db.recordSubmission(attempt_id, fence, submission));
  return answer.recorded && answer.cancel_requested;
}

/** Decided before any call, so it is as definite as can be. A vault that is down says nothing about the key: it only cools. */
function withoutKey(reason: 'missing' | 'unavailable', message: string): Verdict {
  if (reason === 'missing') return outOfService('disabled', 'provider_key_invalid', message);
  return {
    ...failed('refused', 'provider_key_unavailable', message),
    key_state: 'cooling',
    retry_after_seconds: VAULT_COOLING_SECONDS,
  };
}

/** Where the provider reports: names the attempt and carries a token that nobody can guess. The fence is no secret. */
export async function hookUrl({ origin, signingSecret }: WorkerDeps, work: Work): Promise<string> {
  const { attempt_id, provider, key_id, key_version, fence } = work;
  const token = await hookToken({ secret: signingSecret, attemptId: attempt_id, keyId: key_id, version: key_version });
  return `${origin}/hooks/${provider}/${attempt_id}/${token}?fence=${fence}`;
}

import { PostgrestClient } from '@supabase/postgrest-js';
import { isErrorCode } from '../errors/codes.ts';
import { ok, type Refusal, type Result, refused } from '../errors/result.ts';
import { type Log, silent } from '../log/log.ts';
import { classify, type Fault, retryable } from './fault.ts';

/**
 * Calls one SQL function of the schema `api`. Business refusals come as they are. Transport faults are
 * `{code: 'unavailable', ambiguous}`: `ambiguous` says that the call may have had its effect although no answer came.
 * What the database raises otherwise is a fault of ours: `internal_error`.
 */
export type Call = <T>(fn: string, args?: Record<string, unknown>) => Promise<Result<T>>;

type DatabaseOptions = {
  url: string;
  anonKey: string;
  /** A JWT whose `role` is the Worker's database role. */
  roleToken: string;
  timeoutMs?: number;
  fetch?: typeof fetch;
  log?: Log;
};

const TIMEOUT_MS = 10_000;
export function createDatabase({ timeoutMs = TIMEOUT_MS, log = silent, ...options }: DatabaseOptions): Call {
  const rpc = connect(options);

  async function once(fn: string, args: Record<string, unknown>): Promise<{ value: unknown } | { fault: Fault }> {
    const { data, error, status } = await rpc(fn, args, AbortSignal.timeout(timeoutMs));
    return error ? { fault: classify(error, status) } : { value: data };
  }

  return async function call<T>(fn: string, args: Record<string, unknown> = {}): Promise<Result<T>> {
    let answer = await once(fn, args);
    if ('fault' in answer && retryable(answer.fault)) answer = await once(fn, args);
    if ('value' in answer) return unfold<T>(answer.value);
    log('error', 'database_fault', { fn, ...answer.fault });
    return answer.fault.kind === 'transport'
      ? refused('unavailable', { ambiguous: answer.fault.ambiguous })
      : refused('internal_error', { sqlstate: answer.fault.sqlstate });
  };
}

/** supabase-js's own client of the database alone: the rest of it (sign-in, realtime, storage) is a third of a Worker's weight. */
function connect({ url, anonKey, roleToken, fetch: ownFetch }: Omit<DatabaseOptions, 'timeoutMs' | 'log'>) {
  const client = new PostgrestClient(`${url}/rest/v1`, {
    headers: { apikey: anonKey, authorization: `Bearer ${roleToken}` },
    schema: 'api',
    ...(ownFetch && { fetch: ownFetch }),
  });
  return (fn: string, args: Record<string, unknown>, signal: AbortSignal) => client.rpc(fn, args).abortSignal(signal);
}

/** What every SQL function answers. */
type Answer = { ok?: unknown; refusal?: Refusal };

function unfold<T>(answer: unknown): Result<T> {
  const { ok: value, refusal } = (answer ?? {}) as Answer;
  if (value !== undefined) return ok(value as T);
  if (isErrorCode(refusal?.code)) return { ok: false, refusal: refusal as Refusal };
  return refused('internal_error', { cause: 'an answer that is neither ok nor a refusal' });
}

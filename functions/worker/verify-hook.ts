import { refuse } from '../../shared/errors/result.ts';
import type { HookRequest, HookResult } from '../../shared/providers/types.ts';
import { verifyHookToken } from '../../shared/signatures/hook-token.ts';
import type { Adapter, WorkerDeps } from './deps.ts';
import type { HookSecrets } from './hook-secrets.ts';
import { openKey } from './open-provider.ts';

/** A webhook as it came: nothing in it is believed yet. */
export type Hook = {
  provider: string;
  attemptId: string;
  token: string;
  fence: string;
  headers: Headers;
  body: Uint8Array;
};

export type VerifiedHook = Extract<HookResult, { ok: true }> & {
  /** Key and version, from the token. */
  keyName: string;
  /** Reads the webhook again now that more is known of the attempt. */
  again: (known: Pick<HookRequest, 'kind' | 'requestId'>) => Promise<HookResult>;
};

const UNSIGNED = { code: 'unauthenticated', detail: 'This address takes signed webhooks only.' } as const;

/** Whether the path is one that we made: checked without the database, before the body is even read. */
export async function verifyPath({ adapter, signingSecret }: WorkerDeps, hook: Omit<Hook, 'headers' | 'body'>) {
  const token = await verifyHookToken({ token: hook.token, attemptId: hook.attemptId, secrets: [signingSecret] });
  const found = adapter(hook.provider);
  if (!token || !found || !/^\d{1,15}$/.test(hook.fence)) return refuse(UNSIGNED);
  return { adapter: found, keyName: `${token.keyId}.${token.version}` };
}

/** The vendor's own signature. 401 for a bad one, 503 where the vendor's keys cannot be had now; nothing is written for either. */
export async function verifyVendor(
  deps: WorkerDeps,
  hookSecrets: HookSecrets,
  { adapter, keyName }: { adapter: Adapter; keyName: string },
  hook: Hook,
): Promise<VerifiedHook> {
  const { provider, attemptId, fence, headers, body } = hook;
  const open = () => openKey(deps, { attempt_id: attemptId, fence: Number(fence) });
  const verify = async (known: Pick<HookRequest, 'kind' | 'requestId'>, fresh = false): Promise<HookResult> => {
    const secrets = adapter.publicKeys ? [] : await hookSecrets({ provider, keyName, open, fresh });
    if (!secrets) return { ok: false, reason: 'keys_unavailable' };
    const { publicKeys } = adapter;
    return adapter.verifyHook({
      ...known,
      headers,
      body,
      now: deps.now(),
      secrets,
      publicKeys,
      outputOrigins: deps.outputOrigins,
    });
  };
  // What the attempt makes is not known before the database is asked, and does not matter for the signature.
  const first = await verify({ kind: 'image' });
  const again = !first.ok && first.reason === 'signature' && !adapter.publicKeys;
  const result = again ? await verify({ kind: 'image' }, true) : first;
  if (result.ok) return { ...result, keyName, again: verify };
  deps.log('warn', 'hook_refused', { provider, attempt_id: attemptId, reason: result.reason });
  return refuse(result.reason === 'keys_unavailable' ? { code: 'unavailable' } : UNSIGNED);
}

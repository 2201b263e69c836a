import type { OpenResult } from '../../shared/internal/key-vault.ts';
import * as z from '../../shared/schema/zod.ts';
import type { WorkerDeps } from './deps.ts';

/** The webhook secrets of a key's account; null where they cannot be had right now. `fresh` asks past what is remembered. */
export type HookSecrets = (request: SecretRequest) => Promise<string[] | null>;

type SecretRequest = {
  provider: string;
  /** Key and version: what the secret is remembered by. */
  keyName: string;
  /** Asked only where nothing is remembered. */
  open: () => Promise<OpenResult | null>;
  fresh?: boolean;
};

const REPLICATE_URL = 'https://api.replicate.com/v1';
const TIMEOUT_MS = 5_000;
/** A forged webhook must not make us ask the provider each time. */
const FRESH_AFTER_MS = 60_000;

const SecretAnswer = () => z.object({ key: z.string().check(z.startsWith('whsec_')) });

/**
 * Remembers secrets for as long as the isolate lives. One that stands with the key wins; Replicate's is fetched with the key.
 * @see https://replicate.com/docs/topics/webhooks/verify-webhook
 */
export function createHookSecrets(deps: WorkerDeps): HookSecrets {
  const known = new Map<string, { secrets: string[]; at: number }>();
  return async function hookSecrets({ provider, keyName, open, fresh = false }) {
    const remembered = known.get(keyName);
    if (remembered && (!fresh || deps.now() - remembered.at < FRESH_AFTER_MS)) return remembered.secrets;
    const opened = await open();
    if (!opened) return null;
    if ('missing' in opened) return [];
    const { webhook_secret: kept } = opened.config;
    const secret = typeof kept === 'string' ? kept : undefined;
    const secrets = secret ? [secret] : provider === 'replicate' ? await fetchReplicate(deps, opened.key) : [];
    if (secrets) known.set(keyName, { secrets, at: deps.now() });
    return secrets;
  };
}

async function fetchReplicate({ fetch, adapter }: WorkerDeps, key: string): Promise<string[] | null> {
  try {
    const response = await fetch(`${adapter('replicate')?.baseUrl ?? REPLICATE_URL}/webhooks/default/secret`, {
      headers: { authorization: `Bearer ${key}` },
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = SecretAnswer().safeParse(await response.json());
    return response.ok && answer.success ? [answer.data.key] : null;
  } catch {
    return null;
  }
}

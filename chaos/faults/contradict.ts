import { signedHeaders } from '../../shared/signatures/standard-webhooks.ts';
import { readJson } from '../evidence.ts';
import type { Act } from '../proxy.ts';
import type { World } from '../world.ts';

/** Replicate reports a success, and a moment later, with a good signature, that the same prediction failed. */
export function failAfterSuccess({ stack }: World): Act {
  return async (exchange, forward, { happened, decline }) => {
    const prediction = readJson(exchange.body);
    if (prediction?.status !== 'succeeded') {
      decline();
      return forward();
    }
    const original = await forward();
    const body = JSON.stringify({ ...prediction, status: 'failed', output: null, error: 'It failed after all.' });
    const secret = await webhookSecret(stack);
    if (original.status !== 200 || secret === undefined) return original;
    const signed = await signedHeaders({
      id: `msg_${prediction.id}`,
      timestamp: Math.floor(Date.now() / 1000),
      body,
      secret,
    });
    const { status } = await forward({ body: Buffer.from(body), headers: { ...exchange.headers, ...signed } });
    if (status === 200) happened();
    return original;
  };
}

async function webhookSecret(stack: World['stack']): Promise<string | undefined> {
  const { REPLICATE_API_TOKEN: token } = stack.secrets().providers;
  try {
    const url = `${stack.file().emulators.replicate}/webhooks/default/secret`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    return String(((await response.json()) as { key: unknown }).key);
  } catch {
    return undefined;
  }
}

import { expect } from 'vitest';
import type { OwnStack } from '../own-stack.ts';

/** Jobs of one kind, and how they end; also after a crash, unless that left in doubt what the provider knows. */
type Kind = { times: number; ends: string; body: object };

/** Work that a kill leaves in doubt is never sent again; it ends here at the latest. */
const DEADLINE_SECONDS = 40;

export const replicate = (prompt: string, more: object = {}) => ({
  model: 'flux-dev',
  input: { prompt },
  routing: { allow_fallbacks: false },
  deadline_seconds: DEADLINE_SECONDS,
  ...more,
});
export const fal = (prompt: string, more: object = {}) => replicate(prompt, { model: 'fal-ai/flux/dev', ...more });

export const KINDS: Record<string, Kind> = {
  waiting: { times: 14, ends: 'completed', body: replicate('#slow=3 waiting', { deadline_seconds: 60 }) },
  running: { times: 12, ends: 'completed', body: fal('#slow=6 running') },
  quick: { times: 8, ends: 'completed', body: fal('quick') },
  parts: { times: 2, ends: 'completed', body: fal('#slow=4 parts', { count: 6 }) },
  held: { times: 6, ends: 'completed', body: fal('held #slow=3', { preview: 'hold' }) },
  previewed: { times: 4, ends: 'completed', body: fal('previewed #slow=4', { preview: true }) },
  canceled: { times: 6, ends: 'canceled', body: fal('canceled #slow=15') },
  unheard: { times: 4, ends: 'expired', body: fal('unheard', { deadline_seconds: 8 }) },
  quiet: { times: 8, ends: 'completed', body: fal('quiet #nohook #slow=3') },
  lost: { times: 6, ends: 'completed', body: fal('lost #lost #slow=3') },
  silent: { times: 4, ends: 'expired', body: fal('silent #lost-silent', { deadline_seconds: 6 }) },
  hanging: { times: 4, ends: 'expired', body: fal('hanging #hang', { deadline_seconds: 6 }) },
  failing: { times: 8, ends: 'failed', body: fal('failing #fail #slow=3') },
  refused: { times: 4, ends: 'failed', body: fal('refused #500', { deadline_seconds: 20 }) },
  echoing: { times: 6, ends: 'completed', body: fal('echoing #dup=5 #slow=3') },
  forged: { times: 4, ends: 'completed', body: fal('forged #badsig #slow=3') },
};

export type Placed = { id: string; kind: string; key: string; box?: ReturnType<OwnStack['inbox']> };

/** One account for each kind; the first two jobs of a kind have a webhook whose first try fails. */
export async function placeAll({ api, makeAccount, inbox }: OwnStack): Promise<Placed[]> {
  const kinds = Object.entries(KINDS).map(async ([kind, { times, body }]) => {
    const { api_key: key } = await makeAccount({ credits: 20_000 });
    const place = async (_: unknown, index: number): Promise<Placed> => {
      const box = index < 2 ? inbox() : undefined;
      await box?.answer({ status: 503, times: 1 });
      const answer = await api('/v1/jobs', { key, body: { ...body, webhook_url: box?.url } });
      expect(answer).toMatchObject({ status: 202 });
      return { id: answer.body.id, kind, key, box };
    };
    return Promise.all(Array.from({ length: times }, place));
  });
  return (await Promise.all(kinds)).flat();
}

/** Those of one kind, in the order in which they were placed. */
export const ofKind = (placed: Placed[], kind: string) => placed.filter((one) => one.kind === kind);

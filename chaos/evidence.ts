import type { Json } from './client.ts';
import type { Look } from './database.ts';
import type { Seams } from './seams.ts';
import type { Exchange, Reply } from './wire.ts';
import type { World } from './world.ts';

/** What the seams saw pass. */
export type Evidence = {
  /** Submissions that the Workers sent, by attempt. */
  submissions: Map<string, number>;
  /** Jobs of whose webhooks the partner said that it wants no more. */
  gone: Set<string>;
  /** Deliveries that reached the partner, and what the database knew of them at that moment. */
  deliveries: number;
  /** How often the books were looked at during the storm. */
  looks: number;
  /** Checks of the moment that were still under way. */
  pending: Set<Promise<void>>;
  /** Resolves when a webhook for the attempt has arrived. */
  hook: (attemptId: string) => Promise<void>;
};

/** Where partners' redirects lead; nobody ever comes here by himself. */
export const FOLLOWED = '/internal/followed';

type Hearing = { arrived: boolean; waiting: (() => void)[] };

/** Watches every seam. */
export function collectEvidence(
  seams: Seams,
  { look, report, count }: Pick<World, 'look' | 'report' | 'count'>,
): Evidence {
  const hooks = new Map<string, Hearing>();
  const hearing = (id: string) => {
    const known = hooks.get(id) ?? { arrived: false, waiting: [] };
    hooks.set(id, known);
    return known;
  };
  const evidence: Evidence = {
    submissions: new Map(),
    gone: new Set(),
    deliveries: 0,
    looks: 0,
    pending: new Set(),
    hook: (id) =>
      new Promise((resolve) => {
        const { arrived, waiting } = hearing(id);
        if (arrived) resolve();
        else waiting.push(resolve);
      }),
  };
  seams.public.watch({
    request: (exchange) => {
      if (exchange.path === FOLLOWED) report('violations', '53 a redirect was followed', exchange.headers);
      const attempt = hookAttempt(exchange.path);
      if (attempt === undefined) return;
      const known = hearing(attempt);
      known.arrived = true;
      for (const resolve of known.waiting.splice(0)) resolve();
    },
  });
  for (const provider of [seams.replicate, seams.fal]) {
    provider.watch({
      request: (exchange) => {
        const attempt = submittedAttempt(exchange);
        if (attempt !== undefined) evidence.submissions.set(attempt, (evidence.submissions.get(attempt) ?? 0) + 1);
      },
    });
  }
  seams.inbox.watch({
    request: (exchange) => {
      const check = checkCommitted(look, report, exchange).finally(() => evidence.pending.delete(check));
      evidence.pending.add(check);
      evidence.deliveries += 1;
    },
  });
  watchAnswers(seams, count);
  return evidence;
}

/** Faults that a service makes by itself when asked to: they have happened once their answer passes. */
function watchAnswers(seams: Seams, count: World['count']): void {
  const says = (reply: Reply, text: string) => reply.status >= 400 && reply.body.includes(text);
  seams.supabase.watch({ reply: (_, reply) => says(reply, '40001') && count('04-serialization-failure') });
  seams.cloudinary.watch({
    reply: (_, reply) => {
      if (says(reply, 'Resource not found')) count('38-output-expired');
      else if (says(reply, 'Invalid image file') || says(reply, 'Invalid video file')) count('39-media-corrupt');
    },
  });
}

/** 21: at the moment a partner hears of a state, that state is committed. */
async function checkCommitted(look: Look, report: World['report'], exchange: Exchange): Promise<void> {
  const body: Json = readJson(exchange.body);
  const { id, version, status } = body?.data ?? {};
  if (id === undefined) return;
  const rows = await look.ask('select from darkroom.job_events where job_id = $1 and version = $2 and to_status = $3', [
    id,
    version,
    status,
  ]);
  if (rows?.length === 0)
    report('violations', '21 a webhook describes uncommitted state', { job: id, version, status });
}

/** The attempt of `/hooks/:provider/:attempt/…`. */
export const hookAttempt = (path: string): string | undefined => /^\/hooks\/[^/]+\/([^/]+)\//.exec(path)?.[1];

/** The attempt of a submission, from the address that the provider is to call. */
export function submittedAttempt({ method, path, body }: Exchange): string | undefined {
  if (method !== 'POST' || path.includes('/cancel')) return undefined;
  const fal = new URL(path, 'http://fal').searchParams.get('fal_webhook');
  const hook: unknown = fal ?? readJson(body)?.webhook;
  return typeof hook === 'string' ? hookAttempt(new URL(hook).pathname) : undefined;
}

export function readJson(body: Buffer): Json {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

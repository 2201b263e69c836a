import { Hono } from 'hono';
import { z } from 'zod';
import { isFault } from './steering.ts';
import type { Database } from './store.ts';

/** What a fault may be narrowed to. `prompt` matches any part of it, `key` the whole key or its end. */
export type Match = { provider_model?: string; prompt?: string; key?: string };
/** One request as faults and counters see it; without prompt and model it is a look at the account. */
export type Call = { provider_model?: string; prompt?: string; key: string };
export type Submission = {
  id: string;
  model: string;
  prompt: string;
  key_last4: string;
  webhook: string | null;
  at: string;
  status: string;
};

type Fault = { match: Match; fault: string; left: number | null };

export type Control = {
  /** `/__control` and `/__requests`. */
  routes: Hono;
  /** The fault set for this call, used up by one if it was limited. */
  fault(call: Call): string | undefined;
  /** Counts a call that was turned away or broken off. */
  refused(): void;
  /** Keeps a submission that was accepted, answered or not. */
  accepted(submission: Submission): void;
};

type Options = {
  database: Database;
  /** The state of a submission now, for `GET /__requests`. */
  statusOf?: (id: string) => string | undefined;
  /** More counters for `GET /__control`. */
  counters?: () => Record<string, unknown>;
};

const body = z.strictObject({
  match: z
    .strictObject({ provider_model: z.string().optional(), prompt: z.string().optional(), key: z.string().optional() })
    .default({}),
  fault: z.string().refine(isFault, 'is no fault this emulator knows').nullable(),
  times: z.int().min(1).optional(),
});

/** The back door of an emulator: sets faults from outside and tells what has arrived. Both outlive the process. */
export function createControl({ database, statusOf, counters }: Options): Control {
  const faults = database.table<Fault>('faults');
  const submissions = database.table<Submission>('submissions');
  let refused = 0;

  const fault = (call: Call) => {
    const found = faults.all().find(({ match }) => matches(match, call));
    if (found === undefined) return undefined;
    const id = JSON.stringify(found.match);
    if (found.left === 1) faults.delete(id);
    else if (found.left !== null) faults.put(id, { ...found, left: found.left - 1 });
    return found.fault;
  };
  const set = ({ match, fault: name, times }: z.infer<typeof body>) => {
    if (name !== null) faults.put(JSON.stringify(match), { match, fault: name, left: times ?? null });
    else if (Object.keys(match).length > 0) faults.delete(JSON.stringify(match));
    else for (const known of faults.all()) faults.delete(JSON.stringify(known.match));
  };
  const current = () =>
    submissions.all().map((submission) => ({ ...submission, status: statusOf?.(submission.id) ?? submission.status }));

  const routes = new Hono();
  routes.post('/__control', async (c) => {
    const parsed = body.safeParse(await c.req.json().catch(() => null));
    if (!parsed.success) return c.json({ error: z.prettifyError(parsed.error) }, 422);
    set(parsed.data);
    return c.json({ faults: faults.all() });
  });
  routes.get('/__control', (c) =>
    c.json({
      faults: faults.all(),
      counters: { accepted: submissions.all().length, refused, by_prompt: tally(submissions.all()), ...counters?.() },
    }),
  );
  routes.get('/__requests', (c) => {
    const { prompt = '', model } = c.req.query();
    const data = current().filter((row) => row.prompt.includes(prompt) && (model === undefined || row.model === model));
    return c.json({ data });
  });
  return {
    routes,
    fault,
    refused() {
      refused += 1;
    },
    accepted: (submission) => submissions.put(submission.id, submission),
  };
}

function matches(match: Match, call: Call): boolean {
  if (match.provider_model !== undefined && match.provider_model !== call.provider_model) return false;
  if (match.prompt !== undefined && !(call.prompt?.includes(match.prompt) ?? false)) return false;
  return match.key === undefined || call.key.endsWith(match.key);
}

function tally(submissions: Submission[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { prompt } of submissions) counts[prompt] = (counts[prompt] ?? 0) + 1;
  return counts;
}

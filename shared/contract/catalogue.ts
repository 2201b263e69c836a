import { described, named, type Of } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { JsonObject, Timestamp } from './scalars.ts';

export const Model = named('Model', () =>
  z.looseObject({
    id: z.string(),
    object: z.literal('model'),
    created: z.int(),
    owned_by: z.string(),
    aliases: z.array(z.string()),
    operation: z.string(),
    display_name: z.string(),
    inputs: z.array(z.string()),
    outputs: z.array(z.string()),
    status: z.string(),
    successor: z.nullable(z.string()),
    recommended: z.boolean(),
    eta_seconds: z.nullable(z.number()),
    input_schema: JsonObject(),
    price: z.looseObject({ credits: z.nullable(z.number()) }),
    preview: z.boolean(),
    routes: z.array(z.object({ provider: z.string(), provider_model: z.string(), rank: z.int() })),
  }),
);
export type Model = Of<typeof Model>;

export const Provider = named('Provider', () =>
  z.object({
    id: z.string(),
    name: z.string(),
    models: z.array(z.string()),
    free: z.boolean(),
    available: described(z.boolean(), 'Some key for it is in service'),
    key_url: z.nullable(z.string()),
    website_url: z.nullable(z.string()),
    env: described(z.nullable(z.string()), 'The variable that its platform key stands in'),
    uses: z.int(),
    successes: z.int(),
    failures: z.int(),
    mean_ms: z.nullable(z.number()),
    p95_ms: z.nullable(z.number()),
    last_used_at: z.nullable(Timestamp()),
    circuit: z.enum(['closed', 'open', 'half_open']),
  }),
);
export type Provider = Of<typeof Provider>;

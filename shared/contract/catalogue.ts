import * as z from 'zod';
import { JsonObject, Timestamp } from './scalars.ts';

export const Model = z
  .looseObject({
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
    successor: z.string().nullable(),
    recommended: z.boolean(),
    eta_seconds: z.number().nullable(),
    input_schema: JsonObject,
    price: z.looseObject({ credits: z.number().nullable() }),
    preview: z.boolean(),
    routes: z.array(z.object({ provider: z.string(), provider_model: z.string(), rank: z.int() })),
  })
  .meta({ id: 'Model' });
export type Model = z.infer<typeof Model>;

export const Provider = z
  .object({
    id: z.string(),
    name: z.string(),
    models: z.array(z.string()),
    free: z.boolean(),
    available: z.boolean().describe('Some key for it is in service'),
    key_url: z.string().nullable(),
    website_url: z.string().nullable(),
    env: z.string().nullable().describe('The variable that its platform key stands in'),
    uses: z.int(),
    successes: z.int(),
    failures: z.int(),
    mean_ms: z.number().nullable(),
    p95_ms: z.number().nullable(),
    last_used_at: Timestamp.nullable(),
    circuit: z.enum(['closed', 'open', 'half_open']),
  })
  .meta({ id: 'Provider' });
export type Provider = z.infer<typeof Provider>;

import * as z from '../schema/zod.ts';
import { inputSchema } from './input.ts';
import { aliasesOf, isRetired, models } from './models.ts';
import { priceOf, ruleAt } from './pricing.ts';
import type { Model } from './types.ts';

export type ListedModel = ReturnType<typeof listModel>;

/** The catalogue as clients see it, with OpenAI's fields besides. `now` in milliseconds. */
export function listModels(now: number): ListedModel[] {
  return models.map((model) => listModel(model, now));
}

export function listModel(model: Model, now: number) {
  return {
    id: model.id,
    object: 'model' as const,
    created: Date.parse(model.released) / 1000,
    owned_by: model.owner,
    aliases: aliasesOf(model),
    operation: model.operation,
    display_name: model.name,
    inputs: model.inputs,
    outputs: model.outputs,
    status: isRetired(model, now) ? 'retired' : model.status,
    retires: model.retires ?? null,
    successor: model.successor ?? null,
    recommended: model.recommended ?? false,
    eta_seconds: model.eta_seconds,
    input_schema: jsonSchema(model),
    price: listPrice(model, now),
    preview: model.preview !== undefined,
    routes: model.routes.map(({ provider, model: provider_model }, rank) => ({ provider, provider_model, rank })),
  };
}

/** The first route's rule, and what one output of it costs with the model's defaults. */
function listPrice(model: Model, now: number) {
  const [route] = model.routes;
  const price = route && priceOf(model, route, { input: {}, stage: 'final', now });
  return { rule: (route && ruleAt(route, now)) ?? null, credits: price?.credits ?? null };
}

const jsonSchemas = new Map<string, unknown>();

function jsonSchema(model: Model): unknown {
  const known = jsonSchemas.get(model.id) ?? z.toJSONSchema(inputSchema(model), { io: 'input' });
  jsonSchemas.set(model.id, known);
  return known;
}

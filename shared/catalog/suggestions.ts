import { type Input, validateInput } from './input.ts';
import { findModel, isRetired, models } from './models.ts';
import { priceOf } from './pricing.ts';
import type { Model } from './types.ts';

/** Another model that would take the same input. Credits are of one output with the platform's key. */
export type Suggestion = { model: string; display_name: string; credits: number; eta_seconds: number };

const MOST = 3;

/**
 * What to try where a model failed for no fault of the input: models for the same work that take it as it is, and are cheaper or usually
 * faster; the cheapest first. `now` in milliseconds.
 */
export function suggestionsFor(name: string, input: Input, now: number): Suggestion[] {
  const failed = findModel(name)?.model;
  const known = failed && suggestionOf(failed, input, now);
  if (!known) return [];
  return models
    .filter(
      (model) => model !== failed && model.operation === failed.operation && model.outputs[0] === failed.outputs[0],
    )
    .filter((model) => !isRetired(model, now) && validateInput(model, input).ok)
    .map((model) => suggestionOf(model, input, now))
    .filter((one) => one !== undefined)
    .filter(({ credits, eta_seconds }) => credits < known.credits || eta_seconds < known.eta_seconds)
    .toSorted((a, b) => a.credits - b.credits || a.eta_seconds - b.eta_seconds)
    .slice(0, MOST);
}

/** By the model's first route, which is tried first. */
function suggestionOf(model: Model, input: Input, now: number): Suggestion | undefined {
  const [route] = model.routes;
  const price = route && priceOf(model, route, { input, stage: 'final', now });
  return price && { model: model.id, display_name: model.name, credits: price.credits, eta_seconds: model.eta_seconds };
}

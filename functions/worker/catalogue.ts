import type { Input } from '../../shared/catalog/input.ts';
import { findModel } from '../../shared/catalog/models.ts';
import { providerInput } from '../../shared/catalog/provider-input.ts';
import { type Suggestion, suggestionsFor } from '../../shared/catalog/suggestions.ts';
import type { Work } from '../../shared/db/rows.ts';
import { ok, type Result, refused } from '../../shared/errors/result.ts';
import type { MediaKind } from '../../shared/providers/types.ts';

/** An attempt's input in its provider's fields. Refused for a route that left the catalogue while the job waited. */
export function catalogueInput(work: Work): Result<Record<string, unknown>> {
  const { provider, provider_model, outputs, stage } = work;
  const model = findModel(work.model)?.model;
  const route = model?.routes.find((one) => one.provider === provider && one.model === provider_model);
  if (!model || !route) return refused('model_retired', { detail: 'This route is no longer offered.' });
  const input = work.input as Parameters<typeof providerInput>[0]['input'];
  return ok(providerInput({ model, provider, provider_model, input, outputs, stage }));
}

/** What to try in place of an attempt that failed for no fault of its input. `now` in milliseconds. */
export const catalogueSuggestions = ({ model, input }: Work, now: number): Suggestion[] =>
  suggestionsFor(model, input as Input, now);

/** What the model makes; an attempt at one that left the catalogue carries it in its own state. */
export function catalogueKind(work: Work): MediaKind {
  return findModel(work.model)?.model.outputs[0] ?? 'image';
}

import { bytedance } from './data/bytedance.ts';
import { flux } from './data/flux.ts';
import { google } from './data/google.ts';
import { ideogram } from './data/ideogram.ts';
import { minimax } from './data/minimax.ts';
import { openai } from './data/openai.ts';
import { videoModels } from './data/video.ts';
import type { Model, Route } from './types.ts';

export const models: readonly Model[] = [google, flux, ideogram, openai, bytedance, minimax, videoModels].flat();

export type FoundModel = { model: Model; pinnedRoute?: Route };

const byName = new Map<string, FoundModel>();
// A provider's id that several models share belongs to the first of them.
for (const model of models) {
  for (const name of [model.id, ...(model.aliases ?? [])]) byName.set(name, { model });
}
for (const model of models) {
  for (const route of model.routes) {
    if (!byName.has(route.model)) byName.set(route.model, { model, pinnedRoute: route });
  }
}

/** A model by its id or alias, or by a provider's id, which pins that provider's route. */
export function findModel(idOrAlias: string): FoundModel | undefined {
  return byName.get(idOrAlias);
}

/** Every other name of a model: its aliases, and the provider ids that belong to it. */
export function aliasesOf(model: Model): string[] {
  const owned = model.routes.map((route) => route.model).filter((name) => byName.get(name)?.model === model);
  return [...new Set([...(model.aliases ?? []), ...owned])].filter((name) => name !== model.id);
}

/** Whether a model can no longer be asked for: retired, or past the day that was announced. `now` in milliseconds. */
export function isRetired(model: Model, now: number): boolean {
  return model.status === 'retired' || (model.retires !== undefined && now >= Date.parse(model.retires));
}

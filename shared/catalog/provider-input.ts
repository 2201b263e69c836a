import { type Input, withDefaults } from './input.ts';
import type { Mapping, Model, Route } from './types.ts';

/** The first given field that a route cannot honour, and why; undefined if it can do all that was asked for. */
export function cannotHonour(route: Route, input: Input): string | undefined {
  const missing = route.requires?.find((name) => input[name] === undefined);
  if (missing) return `works only with ${missing}`;
  for (const [name, value] of Object.entries(input)) {
    const mapping = route.fields[name];
    if (mapping === undefined) return `takes no ${name}`;
    if (!allows(mapping, value)) return `cannot do ${name} ${JSON.stringify(value)}`;
  }
}

/**
 * A job's input in the provider's own fields. Defaults go along where the route knows the field; a preview changes what
 * the model and the route say of previews, and a final changes nothing.
 */
export function providerInput(request: {
  model: Model;
  provider_model: string;
  provider?: string;
  input: Input;
  outputs: number;
  stage: 'preview' | 'final';
}): Record<string, unknown> {
  const route = routeOf(request.model, request.provider_model, request.provider);
  const preview = request.stage === 'preview';
  const input = withDefaults(
    request.model,
    preview ? { ...request.input, ...request.model.preview?.input } : request.input,
  );
  const result: Record<string, unknown> = { ...route.fixed };
  for (const [name, value] of Object.entries(input)) put(result, route.fields[name], value);
  if (preview) Object.assign(result, route.preview);
  if (route.count_field) result[route.count_field] = Math.min(request.outputs, route.outputs_per_call);
  return result;
}

/** The route of a model by the provider's id. Throws if there is none: candidates are made from the same data. */
export function routeOf(model: Model, providerModel: string, provider?: string): Route {
  const route = model.routes.find((one) => one.model === providerModel && (!provider || one.provider === provider));
  if (!route) throw new Error(`${model.id} has no route ${providerModel}`);
  return route;
}

function allows(mapping: Mapping, value: string | number | boolean): boolean {
  if (mapping === null || typeof mapping === 'string') return true;
  if (mapping.values) return Object.hasOwn(mapping.values, String(value));
  return !mapping.only || mapping.only.includes(value as string | number);
}

function put(result: Record<string, unknown>, mapping: Mapping | undefined, value: string | number | boolean): void {
  if (mapping === undefined || mapping === null || !allows(mapping, value)) return;
  if (typeof mapping === 'string') result[mapping] = value;
  else {
    const theirs = mapping.values ? mapping.values[String(value)] : mapping.as === 'string' ? String(value) : value;
    if (theirs !== null) result[mapping.to] = theirs;
  }
}

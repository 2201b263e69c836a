import type { Input } from './input.ts';
import { type Price, priceOf } from './pricing.ts';
import { profiles, profilesOf } from './profiles.ts';
import { cannotHonour } from './provider-input.ts';
import { isNamed } from './route-names.ts';
import type { Model, Route } from './types.ts';

/** A job's wishes about who does the work. */
export type Routing = {
  provider_key?: string;
  order?: readonly string[];
  only?: readonly string[];
  ignore?: readonly string[];
  sort?: 'rank' | 'price' | 'speed';
  max_credits?: number;
  allow_fallbacks?: boolean;
};

/** A route as a job keeps it: ordered, priced, the first is tried first. */
export type Candidate = {
  provider: string;
  provider_model: string;
  profiles: string[];
  rank: number;
  outputs_per_call: number;
  longest_seconds: number;
  /** Per output; in the preview stage the preview's price. */
  credits: number;
  /** Per output with the caller's own key. */
  fee_credits: number;
  /** The provider's list price per output. */
  cost_usd: number;
  /** Of one second of the result, where its own length counts; `credits` and `cost_usd` are for the length that was stated. */
  per_second?: { credits: number; usd: number };
  price_version: string;
};

export type Considered = {
  provider: string;
  provider_model: string;
  outcome: 'candidate' | 'left_out';
  reason: string;
};

type Option = { route: Route; rank: number; price: Price };

/**
 * The routes a job may take, in order: a pinned one first, then as the routing says, then by rank. Routes that would
 * silently change what was asked for (a duration, an aspect ratio, an input) are left out with the reason.
 * Fallbacks are on for a model's id and off for a pinned route, unless the routing says otherwise.
 */
export function candidatesFor(request: {
  model: Model;
  pinnedRoute?: Route;
  input: Input;
  count: number;
  stage: 'preview' | 'final';
  routing?: Routing;
  /** Milliseconds. */
  now: number;
}): { candidates: Candidate[]; considered: Considered[] } {
  const { model, pinnedRoute, routing = {} } = request;
  const considered: Considered[] = [];
  const leaveOut = (route: Route, reason: string) => void considered.push(consider(route, 'left_out', reason));
  const options: Option[] = [];
  for (const [rank, route] of model.routes.entries()) {
    const price = priceOf(model, route, request);
    const reason = whyNot(route, price, request);
    if (price && !reason) options.push({ route, rank, price });
    else leaveOut(route, reason ?? 'is not priced for this input');
  }
  const sorted = options.toSorted(byPreference(routing, pinnedRoute));
  const fallbacks = routing.allow_fallbacks ?? !pinnedRoute;
  const kept = fallbacks ? sorted : sorted.filter(({ route }) => !pinnedRoute || route === pinnedRoute).slice(0, 1);
  for (const { route } of sorted) if (!kept.some((one) => one.route === route)) leaveOut(route, 'fallbacks are off');
  const candidates = kept.map((option) => toCandidate(option, routing));
  return {
    candidates,
    considered: [...kept.map(({ route, rank }) => chosen(route, rank, pinnedRoute)), ...considered],
  };
}

function whyNot(
  route: Route,
  price: Price | undefined,
  { pinnedRoute, input, count, routing = {} }: Parameters<typeof candidatesFor>[0],
): string | undefined {
  if (route.pinned_only && route !== pinnedRoute) return 'is another variant, used only by its own id';
  if (routing.only && !routing.only.some((name) => isNamed(route, name))) return 'is not among routing.only';
  if (routing.ignore?.some((name) => isNamed(route, name))) return 'is among routing.ignore';
  if (routing.provider_key && !serves(routing.provider_key, route)) return `is not served by ${routing.provider_key}`;
  const refusal = cannotHonour(route, input);
  if (refusal) return refusal;
  const total = (price?.credits ?? 0) * count;
  if (routing.max_credits !== undefined && total > routing.max_credits) return `costs ${total} credits`;
}

/** A profile of the table serves its models, a provider's own all of the provider's. */
function serves(profile: string, route: Route): boolean {
  const pool = Object.hasOwn(profiles, profile) ? profiles[profile] : undefined;
  if (pool) return pool.provider === route.provider && pool.models.includes(route.model);
  return profile === route.provider;
}

function byPreference(routing: Routing, pinned: Route | undefined) {
  const place = ({ route }: Option) => {
    const at = routing.order?.findIndex((name) => isNamed(route, name)) ?? -1;
    return at < 0 ? Number.MAX_SAFE_INTEGER : at;
  };
  const measure = ({ rank, price, route }: Option) =>
    routing.sort === 'price' ? price.credits : routing.sort === 'speed' ? route.longest_seconds : rank;
  return (a: Option, b: Option) =>
    Number(b.route === pinned) - Number(a.route === pinned) ||
    place(a) - place(b) ||
    measure(a) - measure(b) ||
    a.rank - b.rank;
}

function toCandidate({ route, rank, price }: Option, routing: Routing): Candidate {
  return {
    provider: route.provider,
    provider_model: route.model,
    profiles: poolsOf(route, routing),
    rank,
    outputs_per_call: route.outputs_per_call,
    longest_seconds: route.longest_seconds,
    credits: price.credits,
    fee_credits: 0,
    cost_usd: price.usd,
    ...(price.per_second && { per_second: price.per_second }),
    price_version: price.version,
  };
}

/** The pool that was asked for; all of a provider's if that is how it was named. */
function poolsOf(route: Route, { provider_key: name }: Routing): string[] {
  return name === undefined || name === route.provider ? profilesOf(route.provider, route.model) : [name];
}

function chosen(route: Route, rank: number, pinned: Route | undefined): Considered {
  return consider(route, 'candidate', route === pinned ? 'asked for by its own id' : `rank ${rank}`);
}

function consider(route: Route, outcome: Considered['outcome'], reason: string): Considered {
  return { provider: route.provider, provider_model: route.model, outcome, reason };
}

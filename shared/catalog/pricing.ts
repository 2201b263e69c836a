import { type Input, withDefaults } from './input.ts';
import type { Model, PriceRule, Rate, Route } from './types.ts';

/** Where no seed prices: the list price ÷ 0.8 at US$0.001 a credit, so 800 millionths of list price for each. */
const LIST_MICROS_PER_CREDIT = 800;
const PREVIEW_SHARE = 0.2;

export type Price = {
  /** Per output, whole. */
  credits: number;
  /** The provider's list price per output. */
  usd: number;
  /** Of one second, unrounded, where the result's own length is charged. */
  per_second?: { credits: number; usd: number };
  version: string;
};

/** The rule of a route at a moment: the youngest that has begun. */
export function ruleAt(route: Route, now: number): PriceRule | undefined {
  const today = new Date(now).toISOString().slice(0, 10);
  return route.prices.filter(({ from }) => from <= today).reduce<PriceRule | undefined>(younger, undefined);
}

function younger(a: PriceRule | undefined, b: PriceRule): PriceRule {
  return a && a.from > b.from ? a : b;
}

/** The name under which a job records what it was priced by. */
export function priceVersion(route: Route, rule: PriceRule): string {
  return `${route.provider}:${route.model}@${rule.from}`;
}

/** What one output costs, or undefined if no rule prices this input. `stage` is whose price it is. */
export function priceOf(
  model: Model,
  route: Route,
  { input, stage, now }: { input: Input; stage: 'preview' | 'final'; now: number },
): Price | undefined {
  const rule = ruleAt(route, now);
  if (!rule) return undefined;
  const final = rateOf(rule, withDefaults(model, input));
  if (!final) return undefined;
  const version = priceVersion(route, rule);
  if (stage === 'final')
    return { credits: final.credits, usd: final.usd, version, ...measuredRate(model, rule, final.rate) };
  const run = rateOf(rule, withDefaults(model, { ...input, ...model.preview?.input })) ?? final;
  const credits = rule.preview_credits ?? Math.ceil(final.credits * PREVIEW_SHARE);
  return { credits, usd: run.usd, version };
}

function measuredRate(model: Model, rule: PriceRule, rate: Rate): Pick<Price, 'per_second'> {
  if (rule.kind !== 'per_second' || !model.fields.duration_seconds?.measured) return {};
  return { per_second: { credits: creditsPerUnit(rate), usd: rate.usd } };
}

/** Ours per unit, unrounded. */
const creditsPerUnit = (rate: Rate) => rate.credits ?? Math.round(rate.usd * 1e6) / LIST_MICROS_PER_CREDIT;

/** The rate that an input chooses, and what one output of it comes to. */
export function rateOf(rule: PriceRule, input: Input) {
  const key = (rule.by ?? []).map((name) => String(input[name])).join('/');
  const rate = Object.hasOwn(rule.rates, key) ? rule.rates[key] : undefined;
  const units = unitsOf(rule, input);
  if (!rate || units === undefined) return undefined;
  return { rate, units, credits: creditsOf(rule, rate, units), usd: Math.round(rate.usd * 1e6 * units) / 1e6 };
}

function unitsOf(rule: PriceRule, input: Input): number | undefined {
  if (rule.kind === 'flat' || rule.kind === 'per_image') return 1;
  const seconds = Number(input.duration_seconds);
  if (!(seconds > 0)) return undefined;
  return rule.kind === 'per_second' ? seconds : Math.ceil(seconds / (rule.seconds ?? 1));
}

/** In whole millionths, so that 0.03 ÷ 0.8 is 37.5 and not a hair more. */
function creditsOf(rule: PriceRule, rate: Rate, units: number): number {
  if (rate.credits !== undefined) return Math.ceil(rate.credits * units);
  const micros = Math.round(rate.usd * 1e6);
  if (rule.kind === 'per_started_seconds') return Math.ceil(micros / LIST_MICROS_PER_CREDIT) * units;
  return Math.ceil((micros * units) / LIST_MICROS_PER_CREDIT);
}

/** How a quote came to its number, for people: `2 × 5 s × 87.5 credits/s, rounded up = 876 credits`. */
export function quoteFormula(
  model: Model,
  route: Route,
  { input, count, stage, now }: { input: Input; count: number; stage: 'preview' | 'final'; now: number },
): string {
  const price = priceOf(model, route, { input, stage, now });
  const rule = ruleAt(route, now);
  const chosen = rule && rateOf(rule, withDefaults(model, input));
  if (!price || !chosen) return 'not priced';
  const total = `${price.credits * count} credits`;
  if (stage === 'preview') return `${count} × preview of ${chosen.credits} credits at ${price.credits} = ${total}`;
  return `${count} × ${describeUnit(rule, chosen)} = ${total}`;
}

function describeUnit(rule: PriceRule, chosen: NonNullable<ReturnType<typeof rateOf>>): string {
  const each = creditsPerUnit(chosen.rate);
  if (rule.kind === 'flat' || rule.kind === 'per_image') return `${chosen.credits} credits`;
  if (rule.kind === 'per_second') return `${chosen.units} s × ${each} credits/s, rounded up,`;
  return `${chosen.units} × ${chosen.credits / chosen.units} credits per started ${rule.seconds} s`;
}

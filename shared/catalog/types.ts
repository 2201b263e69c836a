import type { OPERATIONS } from '../contract/operations.ts';
import type { MediaKind } from '../providers/types.ts';

export type Operation = (typeof OPERATIONS)[number];

/** One input field of a model, under our own name. Its zod schema, and so its JSON Schema, is made from this. */
export type Field = FieldType & {
  required?: true;
  /** Used for price and provider when the field is not given. The job's input stays as it was sent. */
  default?: string | number | boolean;
  about?: string;
  /** Of `duration_seconds`: only the result shows it. A price per second is held for what was stated and charged for what was delivered. */
  measured?: true;
};

type FieldType =
  | { type: 'text'; max: number }
  | { type: 'integer'; min: number; max: number; step?: number }
  | { type: 'number'; min: number; max: number }
  | { type: 'choice'; of: readonly (string | number)[] }
  | { type: 'boolean' }
  | { type: 'media'; media: 'image' | 'video' | 'audio' };

/**
 * Where a field goes at a provider: its name there (a dot nests), or null if it is honoured without being sent.
 * A value that is not in `only` or `values` cannot be honoured, and the route is left out; null in `values` is the
 * route's own way anyway, and sent as nothing.
 */
export type Mapping =
  | string
  | null
  | {
      to: string;
      only?: readonly (string | number)[];
      values?: Readonly<Record<string, unknown>>;
      as?: 'string';
    };

export type Rate = {
  /** The provider's list price in US dollars per unit. */
  usd: number;
  /** Ours per unit, where a seed gives it; else the list price ÷ 0.8, rounded up. */
  credits?: number;
};

/**
 * What one output of a route costs, from a day on. Rules are only ever appended: jobs record which they were priced by.
 * `by` names the fields whose values, joined with a slash, choose the rate (the only rate is under the empty string).
 */
export type PriceRule = {
  /** First day (UTC), `YYYY-MM-DD`. */
  from: string;
  kind: 'flat' | 'per_image' | 'per_second' | 'per_started_seconds';
  /** Length of a started unit, for `per_started_seconds`. */
  seconds?: number;
  by?: readonly string[];
  rates: Readonly<Record<string, Rate>>;
  /** Price of a preview in credits; by default 20 % of the final's, rounded up. */
  preview_credits?: number;
  /** Not confirmed with the provider: where the number was read, and when. */
  provisional?: { source: string; asOf: string };
};

export type Route = {
  provider: string;
  /** The provider's own id of the model. */
  model: string;
  /** Not a fallback of the model (another variant of it): used only when asked for by its own id. */
  pinned_only?: true;
  /** Most outputs of one call, and the provider's field that asks for them. */
  outputs_per_call: number;
  count_field?: string;
  longest_seconds: number;
  fields: Readonly<Record<string, Mapping>>;
  /** Fields that this route cannot do without, though the model can. */
  requires?: readonly string[];
  /** Provider fields sent with every call, and with a preview's. */
  fixed?: Readonly<Record<string, unknown>>;
  preview?: Readonly<Record<string, unknown>>;
  prices: readonly PriceRule[];
};

export type Model = {
  id: string;
  /** Other names that start at rank 0. Provider ids are aliases by themselves, and pin their route. */
  aliases?: readonly string[];
  name: string;
  operation: Operation;
  owner: string;
  /** Day the model came out, `YYYY-MM-DD`. */
  released: string;
  inputs: readonly ('text' | 'image' | 'video' | 'audio')[];
  outputs: readonly MediaKind[];
  status: 'active' | 'retiring' | 'upstream-retired' | 'retired';
  /** Day of retirement, for `retiring`. */
  retires?: string;
  successor?: string;
  recommended?: true;
  eta_seconds: number;
  fields: Readonly<Record<string, Field>>;
  /** In the order of their rank: the first is tried first. */
  routes: readonly Route[];
  /** The model has previews: what changes of the input for one. */
  preview?: { input: Readonly<Record<string, string | number | boolean>> };
};

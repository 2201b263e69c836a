import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Json } from '../client.ts';
import { inPath, type Operation, type Resolve } from './document.ts';
import { addOne, dropOne, encode, makeForeign, replaceOne, spoil, type Wire } from './mutations.ts';
import { FRESH, RECIPES } from './recipes.ts';
import { valuesOf } from './schema.ts';
import { idToken } from './tokens.ts';

export type Change =
  | { as: 'it is' }
  | { as: 'replaced'; leaf: string; at: number }
  | { as: 'dropped'; at: number }
  | { as: 'added'; name: string }
  | { as: 'spoilt'; how: string }
  | { as: 'foreign' }
  | { as: 'zipped' }
  | { as: 'padded' };

/** One request, in words that can be printed: bodies are made when they are sent, and ids are tokens. */
export type Case = {
  why: string;
  operation: Operation;
  caller: string;
  method: string;
  path: string;
  query: string;
  headers: Record<string, string>;
  body?: { value: Json; change: Change };
  /** Nobody may say yes to it. */
  refused: boolean;
  /** Its path may name another operation, or none. */
  astray?: true;
};

export type Making = {
  resolve: Resolve;
  hints: Record<string, fc.Arbitrary<unknown>>;
  callers: string[];
  /** Jobs for every model of the catalogue, by its own schema. */
  jobs: fc.Arbitrary<object>;
  /** Those that the document has, by path. */
  methods: Map<string, string[]>;
};
export type Cases = fc.Arbitrary<Case>;
export type Of<T> = (operation: Operation, making: Making) => T;

const TOO_MUCH = 5.5 * 1024 * 1024;

export function wireOf({ value, change }: NonNullable<Case['body']>): Wire {
  switch (change.as) {
    case 'replaced':
      return replaceOne(value, change.leaf, change.at);
    case 'dropped':
      return dropOne(value, change.at);
    case 'added':
      return addOne(value, change.name);
    case 'spoilt':
      return spoil(value, change.how);
    case 'foreign':
      return makeForeign(value);
    case 'zipped':
      return { bytes: gzipSync(encode(value)), refused: true };
    case 'padded':
      return { bytes: Buffer.from(encode(value) + ' '.repeat(TOO_MUCH)), refused: true };
    default:
      return { bytes: Buffer.from(encode(value)), refused: false };
  }
}

const usesUp = ({ method }: Operation) => method !== 'GET';

/** A request that should succeed, as far as schemas and recipes can tell. `spare`: of what it may use up. */
export function plausible(operation: Operation, making: Making, { spare = false } = {}): Cases {
  const recipe = RECIPES[operation.id] ?? {};
  const ids = inPath(operation).map(({ name, schema }, at, all) => {
    const whose = spare && usesUp(operation) && at === all.length - 1 ? 'spare' : 'own';
    const { pattern, format } = making.resolve(schema);
    const token = format === 'uuid' ? `{{${whose}:user}}` : idToken(pattern, whose);
    const given = recipe.path?.[name];
    const kept = given?.includes('{{spare') && !spare ? undefined : given;
    return [name, kept ? fc.constant(kept) : token ? fc.constant(token) : valuesOf(schema, making, name)] as const;
  });
  return fc
    .record({
      path: fc.record(Object.fromEntries(ids)),
      body: bodies(operation, making).map((body) => (spare ? body : withoutSpares(body))),
    })
    .map(
      ({ path, body }): Case => ({
        why: 'plausible',
        operation,
        caller: recipe.caller ?? 'a key for all',
        method: operation.method,
        path: operation.path.replace(/\{(\w+)\}/g, (_, name) => segment(path[name])),
        query: recipe.query ?? '',
        headers: requiredHeaders(operation),
        body: body === undefined ? undefined : { value: body, change: { as: 'it is' } },
        refused: false,
      }),
    );
}

export const segment = (value: unknown) =>
  /^\{\{.*\}\}$/.test(String(value)) ? String(value) : encodeURIComponent(String(value));

/** Only a request that should succeed uses something up. */
const withoutSpares = (body: Json): Json =>
  body === undefined ? undefined : JSON.parse(JSON.stringify(body).replaceAll('{{spare:', '{{own:'));

/** A key of its own for each, unless a case brings one. */
const requiredHeaders = ({ parameters }: Operation): Record<string, string> =>
  parameters.some(({ in: place, name, required }) => place === 'header' && required && /idempotency/i.test(name))
    ? { 'idempotency-key': '{{fresh}}' }
    : {};

/** Half of them as somebody would write them who knows the service; the rest as the schema alone has them. */
function bodies({ id, body }: Operation, making: Making): fc.Arbitrary<Json> {
  if (!body) return fc.constant(undefined);
  const fresh = FRESH[id];
  const given = RECIPES[id]?.body;
  const known = [
    ...(fresh ? [fc.constant(null).map(fresh)] : []),
    ...(given ? [fc.constant(given)] : []),
    ...(takesJob(body, making) ? [making.jobs] : []),
  ];
  const generated = valuesOf(body, making);
  return known.length > 0 ? fc.oneof({ arbitrary: fc.oneof(...known), weight: 2 }, generated) : generated;
}

function takesJob(body: Json, { resolve }: Making): boolean {
  const schema = resolve(body);
  return [schema, ...(schema.anyOf ?? []).map(resolve)].some(({ properties }) => properties?.model && properties.input);
}

/** Plausible, but nothing of the caller's is gone if it succeeds. */
export const harmless: Of<Cases> = (operation, making) =>
  plausible(operation, making).map((one) =>
    operation.method === 'DELETE' ? { ...one, path: one.path.replaceAll('{{own:', '{{unknown:') } : one,
  );

export const withBody = (one: Case, why: string, change: Change): Case => {
  const body = { value: one.body?.value ?? {}, change };
  return { ...one, why, body, refused: wireOf(body).refused };
};

/** More than any operation takes in. */
export const oversized: Of<Cases> = (operation, making) =>
  plausible(operation, making).map((one) => withBody(one, 'a body of 5.5 MB', { as: 'padded' }));

/** The same request from somebody else. */
export const from = (operation: Operation, making: Making, caller: string, refused: boolean): Cases =>
  plausible(operation, making).map((one) => ({ ...one, why: `from ${caller}`, caller, refused }));

export const harmlessFrom = (operation: Operation, making: Making, caller: string): Cases =>
  harmless(operation, making).map((one) => ({ ...one, why: `from ${caller}`, caller }));

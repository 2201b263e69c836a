import fc from 'fast-check';
import type { Json } from '../client.ts';
import type { Resolve } from './document.ts';
import { idToken } from './tokens.ts';

/** `hints` stand in for what a schema cannot say, by the name of a property: which models there are, how a key looks. */
type Context = { resolve: Resolve; hints: Record<string, fc.Arbitrary<unknown>> };

/** Generous enough to meet a limit now and then, short enough to be read. */
const USUAL_LENGTH = 24;

/** Values that a JSON schema takes. Ids become tokens, which a request resolves when it is sent. */
export function valuesOf(schema: Json, context: Context, name = ''): fc.Arbitrary<unknown> {
  const hint = Object.hasOwn(context.hints, name) ? context.hints[name] : undefined;
  const plain = plainValues(context.resolve(schema), context);
  return hint ? fc.oneof({ arbitrary: hint, weight: 4 }, { arbitrary: plain, weight: 1 }) : plain;
}

function plainValues(schema: Json, context: Context): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map((choice: Json) => valuesOf({ ...without(schema), ...choice }, context)));
  if (schema.allOf) return valuesOf(Object.assign(without(schema), ...schema.allOf.map(context.resolve)), context);
  if (Array.isArray(schema.type))
    return fc.oneof(...schema.type.map((type: string) => plainValues({ ...schema, type }, context)));
  return ofType(schema, context);
}

function without({ anyOf: _, oneOf: __, allOf: ___, ...rest }: Json): Json {
  return rest;
}

function ofType(schema: Json, context: Context): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'string':
      return texts(schema);
    case 'integer':
      return fc.integer(range(schema));
    case 'number':
      return fc.double({ ...range(schema), noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}, context), lengths(schema.minItems ?? 0, schema.maxItems, 3));
    case 'object':
      return objects(schema, context);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

const range = ({ minimum = -1e9, maximum = 1e9 }: Json) => ({ min: minimum, max: Math.min(maximum, minimum + 2e9) });

const lengths = (min: number, max: number | undefined, more: number) => ({
  minLength: min,
  maxLength: Math.min(max ?? min + more, min + more),
});

function texts(schema: Json): fc.Arbitrary<string> {
  const token = idToken(schema.pattern);
  if (token) return fc.constant(token);
  if (schema.format === 'uuid') return fc.constant('{{own:user}}');
  if (schema.format === 'email') return fc.uuid().map((id) => `${id}@film.test`);
  if (schema.format === 'date-time') return fc.date({ noInvalidDate: true, ...CENTURY }).map((at) => at.toISOString());
  if (schema.pattern) return fc.stringMatching(new RegExp(schema.pattern));
  return fc.string({ unit: 'grapheme', ...lengths(schema.minLength ?? 0, schema.maxLength, USUAL_LENGTH) });
}

const CENTURY = { min: new Date('2000-01-01'), max: new Date('2100-01-01') };

function objects(schema: Json, context: Context): fc.Arbitrary<unknown> {
  const properties = Object.entries<Json>(schema.properties ?? {});
  const known = Object.fromEntries(properties.map(([name, one]) => [name, valuesOf(one, context, name)]));
  const required = (schema.required ?? []).filter((name: string) => name in known);
  const record = fc.record(known, { requiredKeys: required });
  if (properties.length > 0 || !schema.additionalProperties) return record;
  return fc.dictionary(fc.string({ minLength: 1, maxLength: 12 }), valuesOf(schema.additionalProperties, context), {
    maxKeys: 4,
    noNullPrototype: true,
  });
}

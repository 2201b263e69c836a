/** The part of JSON Schema that vendors publish for a model's inputs. */
export type Field = {
  type: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object' | 'any';
  format?: 'uri';
  items?: Field;
  enum?: readonly (string | number)[];
  minimum?: number;
  maximum?: number;
  required?: true;
};
export type Fields = Record<string, Field>;

export type Problem = { path: (string | number)[]; value: unknown } & (
  | { kind: 'required' }
  | { kind: 'unknown' }
  | { kind: 'uri' }
  | { kind: 'type'; expected: string; given: string }
  | { kind: 'enum'; allowed: readonly (string | number)[] }
  | { kind: 'minimum'; limit: number }
  | { kind: 'maximum'; limit: number }
);

export const string: Field = { type: 'string' };
export const uri: Field = { type: 'string', format: 'uri' };
export const uris: Field = { type: 'array', items: uri };
export const strings: Field = { type: 'array', items: string };
export const integer: Field = { type: 'integer' };
export const number: Field = { type: 'number' };
export const boolean: Field = { type: 'boolean' };
export const any: Field = { type: 'any' };
export const required = (field: Field): Field => ({ ...field, required: true });
export const oneOf = (...values: [string | number, ...(string | number)[]]): Field => ({
  type: typeof values[0] === 'string' ? 'string' : 'integer',
  enum: values,
});
/** One of the words of a text: long enumerations stay on a line. */
export const words = (text: string): Field => ({ type: 'string', enum: text.split(' ') });
export const between = (minimum: number, maximum: number, type: 'integer' | 'number' = 'integer'): Field => ({
  type,
  minimum,
  maximum,
});

/** Every violation of the fields by the input. Null counts as absent. `strict` also reports fields the model lacks. */
export function violations(fields: Fields, input: Record<string, unknown>, strict: boolean): Problem[] {
  const missing = Object.entries(fields)
    .filter(([name, field]) => field.required && (input[name] ?? null) === null)
    .map(([name]): Problem => ({ kind: 'required', path: [name], value: input }));
  const wrong = Object.entries(input).flatMap(([name, value]): Problem[] => {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined) return strict ? [{ kind: 'unknown', path: [name], value }] : [];
    return (value ?? null) === null ? [] : violationsOf(field, value, [name]);
  });
  return [...missing, ...wrong];
}

function violationsOf(field: Field, value: unknown, path: (string | number)[]): Problem[] {
  const given = typeName(value);
  const fits = field.type === 'any' || field.type === given || (field.type === 'number' && given === 'integer');
  if (!fits) return [{ kind: 'type', path, value, expected: field.type, given }];
  if (field.enum && !field.enum.includes(value as string)) return [{ kind: 'enum', path, value, allowed: field.enum }];
  if (field.format === 'uri' && !isUri(value as string)) return [{ kind: 'uri', path, value }];
  if (field.minimum !== undefined && (value as number) < field.minimum)
    return [{ kind: 'minimum', path, value, limit: field.minimum }];
  if (field.maximum !== undefined && (value as number) > field.maximum)
    return [{ kind: 'maximum', path, value, limit: field.maximum }];
  const { items } = field;
  return items ? (value as unknown[]).flatMap((item, index) => violationsOf(items, item, [...path, index])) : [];
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

const isUri = (value: string) =>
  /^data:[\w.+-]+\/[\w.+-]+;/.test(value) || (/^https?:\/\//.test(value) && URL.canParse(value));

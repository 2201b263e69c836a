import * as z from './zod.ts';

/** A text of so many characters. */
export const text = (least: number, most: number) =>
  new z.ZodMiniString({ type: 'string', checks: [z.minLength(least), z.maxLength(most)] });

/** A text of this form. */
export const matching = (form: RegExp, message?: string) =>
  new z.ZodMiniString({ type: 'string', checks: [z.regex(form, message)] });

/** A whole number in a range. */
export const whole = (least: number, most: number) => z.int().check(z.minimum(least), z.maximum(most));

/** A list of so many. */
export const arrayOf = <T extends z.ZodMiniType>(item: T, least: number, most: number) =>
  z.array(item).check(z.minLength(least), z.maxLength(most));

/** A copy with a sentence for the OpenAPI document: what it is made from may stand in many places. */
export function described<T extends z.ZodMiniType>(schema: T, description: string): T {
  const copy = schema.clone();
  z.globalRegistry.add(copy as z.ZodMiniType, { description });
  return copy;
}

/** A schema that was made for this name: the OpenAPI document has it once and refers to it. */
export function named<T extends z.ZodMiniType>(id: string, schema: T, description?: string): T {
  z.globalRegistry.add(schema as z.ZodMiniType, { id, ...(description && { description }) });
  return schema;
}

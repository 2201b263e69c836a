import { once } from '../async/once.ts';
import * as z from './zod.ts';

/** A text of so many characters. Made with its checks, because `.check` makes a copy each time: most fields are such texts. */
export const text = (least: number, most: number) =>
  new z.ZodMiniString({ type: 'string', checks: [z.minLength(least), z.maxLength(most)] }) as z.ZodMiniString<string>;

/** A text of this form. */
export const matching = (form: RegExp, message?: string) =>
  new z.ZodMiniString({ type: 'string', checks: [z.regex(form, message)] }) as z.ZodMiniString<string>;

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

/** What may be left out, with a sentence for the document. */
export function optional<T extends z.ZodMiniType>(schema: T, description: string): z.ZodMiniOptional<T> {
  const made = z.optional(schema);
  z.globalRegistry.add(made as z.ZodMiniType, { description });
  return made;
}

/**
 * A schema with a name: the OpenAPI document has it once and refers to it. It is made when something first asks for it; of the API's
 * schemas most starts need few.
 */
export function named<T extends z.ZodMiniType>(id: string, make: () => T, description?: string): () => T {
  return once(() => {
    const schema = make();
    z.globalRegistry.add(schema as z.ZodMiniType, { id, ...(description && { description }) });
    return schema;
  });
}

/** What such a schema lets through. */
export type Of<S extends () => z.ZodMiniType> = z.output<ReturnType<S>>;

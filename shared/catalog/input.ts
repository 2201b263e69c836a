import { whole } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { models } from './models.ts';
import type { Field, Model } from './types.ts';

export type Input = Record<string, string | number | boolean>;
export type InputError = { path: string; message: string };
export type ValidatedInput = { ok: true; input: Input } | { ok: false; errors: InputError[] };

const LARGEST_DATA_URI_BYTES = 1024 * 1024;
/** What people call the number of outputs in an input; it stands beside it. */
const COUNT_NAMES = ['count', 'n', 'num_images', 'num_outputs', 'number_of_images', 'batch_size'];

const schemas = new Map<string, z.ZodMiniType<Input>>();

/** The zod schema of a model's input, made on first use: strict, so that an unknown field is an error that names it. */
export function inputSchema(model: Model): z.ZodMiniType<Input> {
  const known = schemas.get(model.id);
  if (known) return known;
  const shape = Object.entries(model.fields).map(([name, field]) => [name, fieldSchema(field)] as const);
  const schema = z.strictObject(Object.fromEntries(shape)) as unknown as z.ZodMiniType<Input>;
  schemas.set(model.id, schema);
  return schema;
}

/** Checks a job's input against its model. Paths begin with `input`; the input itself is passed on as it was sent. */
export function validateInput(model: Model, input: unknown): ValidatedInput {
  const parsed = inputSchema(model).safeParse(input);
  if (parsed.success) return { ok: true, input: parsed.data };
  return { ok: false, errors: parsed.error.issues.flatMap((issue) => describe(model, issue, input)) };
}

/** The input with the model's defaults in the gaps; what prices and providers go by. */
export function withDefaults(model: Model, input: Input): Input {
  const filled: Input = { ...input };
  for (const [name, field] of Object.entries(model.fields)) {
    if (field.default !== undefined && filled[name] === undefined) filled[name] = field.default;
  }
  return filled;
}

function fieldSchema(field: Field): z.ZodMiniType {
  const schema: z.ZodMiniType = field.required ? typeSchema(field) : z.optional(typeSchema(field));
  return schema.register(z.globalRegistry, {
    ...(field.about && { description: field.about }),
    ...(field.default !== undefined && { default: field.default }),
    // Tells forms what to offer; the value is a URL, a data URI or an upload's id all the same.
    ...(field.type === 'media' && { 'x-media': field.media }),
  });
}

function typeSchema(field: Field): z.ZodMiniType {
  switch (field.type) {
    case 'text':
      return z.string().check(z.maxLength(field.max), z.regex(/\S/, 'must not be empty'));
    case 'integer':
      return field.step
        ? z.int().check(z.minimum(field.min), z.maximum(field.max), z.multipleOf(field.step))
        : whole(field.min, field.max);
    case 'number':
      return z.number().check(z.minimum(field.min), z.maximum(field.max));
    case 'choice':
      return z.literal([...field.of]);
    case 'boolean':
      return z.boolean();
    case 'media':
      return z.string().check(
        z.superRefine((text, context) => {
          const problem = mediaProblem(text, field.media);
          if (problem) context.addIssue({ code: 'custom', message: problem });
        }),
      );
  }
}

/** An https URL (what it may point to is checked elsewhere), a data URI of up to 1 MB, or the id of an upload. */
function mediaProblem(text: string, media: string): string | null {
  if (/^upl_[0-9a-z]{1,64}$/.test(text)) return null;
  if (/^https?:\/\/\S{1,8192}$/i.test(text)) return null;
  const data = /^data:([a-z0-9-]+)\/[a-z0-9.+-]+;base64,([A-Za-z0-9+/]+={0,2})$/.exec(text);
  if (!data) return `must be an https URL, a base64 data URI or an upload's id`;
  if (data[1] !== media) return `must be ${media === 'video' ? 'a' : 'an'} ${media}`;
  return ((data[2]?.length ?? 0) * 3) / 4 > LARGEST_DATA_URI_BYTES ? 'a data URI may hold 1 MB at most' : null;
}

function describe(model: Model, issue: z.core.$ZodIssue, input: unknown): InputError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: `input.${key}`, message: unknownField(model, key) }));
  }
  const [name] = issue.path;
  if (name === undefined) return [{ path: 'input', message: 'must be an object' }];
  const given = (input as Record<PropertyKey, unknown>)[name];
  return [{ path: ['input', ...issue.path].join('.'), message: given === undefined ? 'is required' : issue.message }];
}

function unknownField(model: Model, key: string): string {
  if (COUNT_NAMES.includes(key)) return 'is not an input: the number of outputs is the job’s count';
  const ours = canonicalName(model, key);
  if (ours) return `is called ${ours} here`;
  const taken = models.some((other) => Object.hasOwn(other.fields, key));
  return taken ? `${model.name} takes no ${key}` : 'is not an input of this model';
}

/** Our name for what one of the model's providers calls `key`. */
function canonicalName(model: Model, key: string): string | undefined {
  for (const route of model.routes) {
    for (const [name, mapping] of Object.entries(route.fields)) {
      const theirs = typeof mapping === 'object' ? mapping?.to : mapping;
      if (theirs === key && name !== key) return name;
    }
  }
}

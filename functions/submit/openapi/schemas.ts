import * as z from '../../../shared/schema/zod.ts';

export type JsonSchema = Record<string, unknown>;

const DEFINITIONS = '#/$defs/';
const COMPONENTS = '#/components/schemas/';

/**
 * Zod to OpenAPI 3.1, whose schemas are JSON Schema 2020-12 as zod writes it. Schemas with an id in their `meta` become components,
 * all others stay where they stand. Unlike a plugin of zod's this needs no languages of zod's messages in the bundle.
 */
export function createSchemas() {
  const components: Record<string, JsonSchema> = {};

  /** `input` is what a client sends, `output` what it gets. */
  function schemaOf(schema: z.ZodMiniType, io: 'input' | 'output'): JsonSchema {
    const { $schema: _, $defs = {}, ...own } = withComponents(z.toJSONSchema(schema, { io, unrepresentable: 'any' }));
    Object.assign(components, $defs);
    return own;
  }

  return { components, schemaOf };
}

function withComponents(schema: object): JsonSchema & { $defs?: Record<string, JsonSchema> } {
  return JSON.parse(JSON.stringify(schema).replaceAll(`"$ref":"${DEFINITIONS}`, `"$ref":"${COMPONENTS}`));
}

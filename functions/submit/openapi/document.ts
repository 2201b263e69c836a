import { WEBHOOK_EVENTS } from '../../../shared/contract/job-request.ts';
import type { RouteDoc } from '../../../shared/contract/route-doc.ts';
import { WebhookEvent } from '../../../shared/contract/webhook-event.ts';
import { Problem } from '../../../shared/errors/problem.ts';
import * as z from '../../../shared/schema/zod.ts';
import { VERSION } from '../version.ts';
import { operationOf } from './operation.ts';
import { createSchemas, type JsonSchema } from './schemas.ts';

/** The OpenAPI 3.1 document of these routes. */
export function openApiDocument(routes: RouteDoc[], origin: string): JsonSchema {
  const schemas = createSchemas();
  schemas.schemaOf(Problem(), 'output');
  const paths: Record<string, JsonSchema> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route, schemas.schemaOf) };
  }
  const webhooks = webhooksOf(schemas.schemaOf(WebhookEvent(), 'output'));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Darkroom',
      version: VERSION,
      description: 'Generates pictures, films, voices and text, and keeps the books.',
    },
    servers: [{ url: origin }],
    security: [{ apiKey: [] }, { bearer: [] }],
    paths,
    webhooks,
    components: {
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key, a user token or a client token' },
      },
      schemas: schemas.components,
    },
  };
}

const signed = () =>
  ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => ({
    name,
    in: 'header',
    required: true,
    schema: z.toJSONSchema(z.string()),
  }));

function webhooksOf(schema: JsonSchema): Record<string, JsonSchema> {
  const message = (event: string) => ({
    post: {
      operationId: event,
      summary: `Sent when this happened to a job: ${event}`,
      description: 'Signed as Standard Webhooks has it. Any 2xx takes it; everything else is sent again.',
      parameters: signed(),
      requestBody: { required: true, content: { 'application/json': { schema } } },
      responses: { '2XX': { description: 'Received' } },
    },
  });
  return Object.fromEntries(WEBHOOK_EVENTS.map((event) => [event, message(event)]));
}

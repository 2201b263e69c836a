import { type Answer, needsBody, type RouteDoc } from '../../../shared/contract/route-doc.ts';
import { ERRORS, type ErrorCode } from '../../../shared/errors/codes.ts';
import { described, text } from '../../../shared/schema/build.ts';
import * as z from '../../../shared/schema/zod.ts';
import type { JsonSchema } from './schemas.ts';

type SchemaOf = (schema: z.ZodMiniType, io: 'input' | 'output') => JsonSchema;

const IdempotencyKey = () => described(text(1, 255), 'The same key never runs twice; kept at least 24 hours');
const Prefer = () => described(z.string(), '`wait=N`: answer when the job has ended or after N seconds, at most 60');

const IfMatch = () =>
  described(z.string(), 'An `ETag`: the change is refused with 412 if the object is no longer that one');
const LastEventId = () => described(z.string(), 'The id of the last event that was seen: the stream goes on after it');

/** One operation of the document. */
export function operationOf(route: RouteDoc, schemaOf: SchemaOf): JsonSchema {
  return {
    operationId: operationId(route),
    tags: [route.tag],
    summary: route.summary,
    ...(route.description && { description: route.description }),
    ...security(route),
    parameters: [
      ...parameters(route.params?.(), 'path', schemaOf),
      ...parameters(route.query?.(), 'query', schemaOf),
      ...headers(route, schemaOf),
    ],
    ...(route.body && {
      requestBody: {
        required: needsBody(route),
        content: { 'application/json': { schema: schemaOf(route.body(), 'input') } },
      },
    }),
    responses: { ...answers(route.answers, schemaOf), ...refusals(route) },
  };
}

/** Nothing for what anybody may read; a way in for each scope that opens it; else what the document says for all. */
function security({ access, scopes }: RouteDoc): JsonSchema {
  if (access === 'public') return { security: [] };
  if (scopes === undefined) return {};
  return { security: scopes.flatMap((scope) => [{ apiKey: [scope] }, { bearer: [scope] }]) };
}

/** `post /v1/jobs/{id}/cancel` → `postJobsIdCancel`. */
function operationId({ method, path }: RouteDoc): string {
  const words = path
    .replace(/^\/v1/, '')
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean);
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function parameters(object: z.ZodMiniObject | undefined, place: 'path' | 'query', schemaOf: SchemaOf): JsonSchema[] {
  return Object.entries(object?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path',
    schema: schemaOf(schema as z.ZodMiniType, 'input'),
  }));
}

function headers({ idempotency, waits, conditional, resumable }: RouteDoc, schemaOf: SchemaOf): JsonSchema[] {
  const header = (name: string, schema: z.ZodMiniType, required: boolean) => ({
    name,
    in: 'header',
    required,
    schema: schemaOf(schema, 'input'),
  });
  return [
    ...(idempotency ? [header('Idempotency-Key', IdempotencyKey(), idempotency === 'required')] : []),
    ...(waits ? [header('Prefer', Prefer(), false)] : []),
    ...(conditional ? [header('If-Match', IfMatch(), false)] : []),
    ...(resumable ? [header('Last-Event-ID', LastEventId(), false)] : []),
  ];
}

function answers(all: Record<number, Answer>, schemaOf: SchemaOf): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(all).map(([status, answer]) => [status, answerOf(answer, schemaOf)]));
}

function answerOf({ description, schema, contentType = 'application/json' }: Answer, schemaOf: SchemaOf): JsonSchema {
  return { description, ...(schema && { content: { [contentType]: { schema: schemaOf(schema(), 'output') } } }) };
}

/** What every route behind a credential can say no with, besides its own. */
function refusals({ access, scopes, body, refusals: own = [] }: RouteDoc): Record<string, JsonSchema> {
  const common: ErrorCode[] =
    access === 'public' ? [] : ['unauthenticated', 'invalid_input', 'rate_limited', 'unavailable'];
  const ofScopes: ErrorCode[] = scopes ? ['forbidden'] : [];
  const ofBody: ErrorCode[] = body ? ['invalid_json', 'payload_too_large', 'unsupported_media_type'] : [];
  const byStatus = Map.groupBy(new Set([...own, ...common, ...ofScopes, ...ofBody]), (code) => ERRORS[code].status);
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, refusal(codes)]));
}

function refusal(codes: ErrorCode[]): JsonSchema {
  return {
    description: codes.map((code) => `\`${code}\``).join(', '),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

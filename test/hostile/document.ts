import type { Json } from '../client.ts';

export type Parameter = { name: string; in: 'path' | 'query' | 'header'; required: boolean; schema: Json };

/** What the OpenAPI document says of one operation, and all that the cases are made of. */
export type Operation = {
  id: string;
  method: string;
  path: string;
  parameters: Parameter[];
  body?: Json;
  /** One of these opens it; none: any credential; null: it is public, or looks for itself. */
  scopes: string[] | null;
  /** Answers that the document lists, by status. */
  responses: Record<string, Json>;
};

export type Service = { origin: string; operations: Operation[]; resolve: Resolve };
export type Resolve = (schema: Json) => Json;

export async function readDocument(origin: string): Promise<Service> {
  const document = (await (await fetch(`${origin}/openapi.json`)).json()) as Json;
  const operations = Object.entries<Json>(document.paths).flatMap(([path, item]) =>
    Object.entries<Json>(item).map(([method, one]) => operation(path, method, one, document.security)),
  );
  return { origin, operations, resolve: resolver(document) };
}

function operation(path: string, method: string, one: Json, common: Json): Operation {
  const security: Record<string, string[]>[] = one.security ?? common;
  const scopes = [...new Set(security.flatMap((way) => Object.values(way).flat()))];
  return {
    id: one.operationId,
    method: method.toUpperCase(),
    path,
    parameters: one.parameters ?? [],
    body: one.requestBody?.content['application/json'].schema,
    scopes: security.length === 0 ? null : scopes,
    responses: one.responses,
  };
}

/** Follows a `$ref`; what stands beside it counts as well. */
const resolver =
  (document: Json): Resolve =>
  (schema) => {
    if (typeof schema?.$ref !== 'string') return schema;
    const { $ref, ...rest } = schema;
    const target = $ref
      .slice(2)
      .split('/')
      .reduce((at: Json, part: string) => at[part], document);
    return { ...target, ...rest };
  };

export const writes = ({ method }: Operation) => ['POST', 'PUT', 'PATCH'].includes(method);
export const inPath = ({ parameters }: Operation) => parameters.filter((one) => one.in === 'path');
export const inQuery = ({ parameters }: Operation) => parameters.filter((one) => one.in === 'query');

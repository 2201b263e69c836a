import { beforeAll, describe, expect, test } from 'vitest';
import type { Json } from './client.ts';
import { api, stack } from './stack.ts';

describe('GET /openapi.json', () => {
  let document: Json;
  beforeAll(async () => {
    const { status, body, headers } = await api('/openapi.json', { key: null });
    expect([status, headers.get('content-type')]).toEqual([200, expect.stringMatching(/^application\/json/)]);
    document = body;
  });

  const resolve = (ref: string) =>
    ref
      .slice(2)
      .split('/')
      .reduce((at, part) => at?.[part.replaceAll('~1', '/').replaceAll('~0', '~')], document);
  const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

  const operations = () =>
    [document.paths, document.webhooks].flatMap((items) =>
      Object.entries(items).flatMap(([path, item]) =>
        Object.entries(item as object).map(([method, operation]) => ({ path, method, operation: operation as Json })),
      ),
    );

  test('has the members that OpenAPI 3.1 asks for', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d$/);
    expect(document.info).toMatchObject({ title: 'Darkroom', version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    expect(document.servers).toEqual([{ url: stack().origin }]);
    for (const path of Object.keys(document.paths)) expect(path).toMatch(/^\//);
    for (const [name, scheme] of Object.entries<Json>(document.components.securitySchemes)) {
      expect([name, scheme.type]).toEqual([name, expect.stringMatching(/^(apiKey|http)$/)]);
    }
  });

  test('describes every operation whole', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, method, operation } of operations()) {
      const at = `${method} ${path}`;
      expect(METHODS, at).toContain(method);
      expect(operation.summary, at).toMatch(/\w/);
      const parameters = (operation.parameters ?? []) as {
        in: string;
        name: string;
        required?: boolean;
        schema: Json;
      }[];
      const inPath = parameters.filter((parameter) => parameter.in === 'path');
      expect(inPath.map(({ name }) => name).sort(), at).toEqual(
        [...path.matchAll(/\{(\w+)\}/g)].map(([, n]) => n).sort(),
      );
      for (const { required, schema } of inPath) expect([required, typeof schema], at).toEqual([true, 'object']);
      const statuses = Object.keys(operation.responses);
      expect(statuses.length, at).toBeGreaterThan(0);
      for (const [status, { description }] of Object.entries<Json>(operation.responses)) {
        expect(status, at).toMatch(/^([1-5]\d\d|[1-5]XX|default)$/);
        expect(description, at).toMatch(/\w/);
      }
    }
  });

  test('has schemas that lead somewhere and say what they are', () => {
    const visit = (schema: Json, at: string): void => {
      if (schema === null || typeof schema !== 'object') return;
      if (typeof schema.$ref === 'string') expect(resolve(schema.$ref), `${at}: ${schema.$ref}`).toBeDefined();
      if (typeof schema.type === 'string' && !at.endsWith('securitySchemes')) {
        expect(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'], at).toContain(schema.type);
      }
      if (Array.isArray(schema.required)) {
        const named = schema.required.filter((name: unknown) => typeof name === 'string');
        expect(Object.keys(schema.properties ?? {}), at).toEqual(expect.arrayContaining(named));
      }
      for (const [name, member] of Object.entries(schema)) visit(member, `${at}.${name}`);
    };
    visit(document.components.schemas, 'schemas');
    for (const { path, method, operation } of operations()) visit(operation, `${method} ${path}`);
  });

  test('lists what people send and get, webhooks included', () => {
    const paths = [
      '/v1/jobs',
      '/v1/jobs/{id}',
      '/v1/jobs/{id}/cancel',
      '/v1/jobs/{id}/events',
      '/v1/batches',
      '/v1/quotes',
    ];
    const more = ['/v1/models', '/v1/providers', '/v1/credits', '/v1/credits/entries', '/v1/credits/grants', '/health'];
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining([...paths, ...more]));
    const events = ['job.preview_ready', 'job.completed', 'job.failed', 'job.canceled', 'job.expired'];
    expect(Object.keys(document.webhooks).sort()).toEqual(events.sort());
    const { schema } = document.webhooks['job.completed'].post.requestBody.content['application/json'];
    expect(Object.keys(resolve(schema.$ref).properties).sort()).toEqual(['data', 'timestamp', 'type']);
  });
});

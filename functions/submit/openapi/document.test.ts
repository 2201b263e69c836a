import { beforeAll, describe, expect, test } from 'vitest';
import { fakeApp } from '../testing/fakes.ts';

// biome-ignore lint/suspicious/noExplicitAny: a document is looked into at arbitrary places
let document: any;

beforeAll(async () => {
  document = await (await fakeApp().call('/openapi.json', { key: null })).json();
});

test('is OpenAPI 3.1 of this version', () => {
  expect(document.openapi).toBe('3.1.0');
  expect(document.info.title).toBe('Darkroom');
  expect(document.servers).toEqual([{ url: 'https://darkroom.test' }]);
});

test('every reference leads somewhere', () => {
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref as string);
  expect(refs.length).toBeGreaterThan(20);
  for (const ref of new Set(refs)) {
    const target = ref
      .replace('#/', '')
      .split('/')
      .reduce((at, part) => at?.[part], document);
    expect(target, ref).toBeDefined();
  }
});

test('operations have unique ids, and refuse with problems', () => {
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path as object)) as {
    operationId: string;
    responses: object;
  }[];
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(document.paths['/v1/jobs'].post.responses['402'].content).toHaveProperty('application/problem+json');
  expect(document.paths['/health'].get.security).toEqual([]);
});

test('operations name the scopes that open them, any one of each list', () => {
  const { get: credits } = document.paths['/v1/credits'];
  const ways = (scope: string) => [{ apiKey: [scope] }, { bearer: [scope] }];
  expect(credits.security).toEqual([...ways('jobs'), ...ways('billing')]);
  expect(credits.responses).toHaveProperty('403');
  expect(document.paths['/v1/models'].get).not.toHaveProperty('security');
});

describe('comes from the schemas that check requests', () => {
  test('a request shows what clients send, aliases included, and refuses the rest', () => {
    const { JobRequest } = document.components.schemas;
    expect(Object.keys(JobRequest.properties)).toEqual(
      expect.arrayContaining(['model', 'module', 'input', 'params', 'routing', 'deadline_seconds']),
    );
    expect(JobRequest.additionalProperties).toBe(false);
    expect(JobRequest.properties.deadline_seconds).toMatchObject({ minimum: 5, maximum: 86_400 });
  });

  test('headers that count are parameters', () => {
    const names = (path: string) =>
      document.paths[path].post.parameters.map((parameter: { name: string; required: boolean }) => [
        parameter.name,
        parameter.required,
      ]);
    expect(names('/v1/jobs')).toEqual([
      ['Idempotency-Key', false],
      ['Prefer', false],
    ]);
    expect(names('/v1/credits/grants')).toEqual([['Idempotency-Key', true]]);
  });

  test('a body is required where one of its members is', () => {
    const required = (path: string) => document.paths[path].post.requestBody.required;
    expect(['/v1/jobs', '/v1/quotes', '/v1/api-keys', '/v1/api-keys/{id}/roll'].map(required)).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  test('webhooks carry the job', () => {
    expect(Object.keys(document.webhooks)).toContain('job.completed');
    const { schema } = document.webhooks['job.completed'].post.requestBody.content['application/json'];
    expect(schema).toEqual({ $ref: '#/components/schemas/WebhookEvent' });
    expect(document.components.schemas.WebhookEvent.properties.data).toEqual({ $ref: '#/components/schemas/Job' });
  });
});

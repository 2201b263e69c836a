import { createHash } from 'node:crypto';
import { IMAGE_MODELS } from './image-models.ts';
import type { ReplicateModel } from './model.ts';
import { VIDEO_MODELS } from './video-models.ts';

export type Catalog = {
  byName(name: string): ReplicateModel | undefined;
  /** By version id, `owner/name` or `owner/name:version`, all of which `POST /v1/predictions` takes. */
  byVersion(version: string): { name: string; model: ReplicateModel; version: string } | undefined;
  /** The model object of `GET /v1/models/{owner}/{name}`. */
  describe(name: string): Record<string, unknown> | undefined;
};

export function createCatalog(more: Record<string, ReplicateModel> = {}): Catalog {
  const models = new Map(Object.entries({ ...IMAGE_MODELS, ...VIDEO_MODELS, ...more }));
  const versionOf = (name: string) =>
    models.get(name)?.version ?? createHash('sha256').update(`version of ${name}`).digest('hex');
  const names = new Map([...models.keys()].map((name) => [versionOf(name), name]));
  return {
    byName: (name) => models.get(name),
    byVersion(reference) {
      const [first = '', second] = reference.split(':');
      const version = second ?? (names.has(first) ? first : undefined);
      const name = version === undefined ? first : names.get(version);
      const model = name === undefined ? undefined : models.get(name);
      if (name === undefined || model === undefined) return undefined;
      if (version === undefined) return model.official ? { name, model, version: 'hidden' } : undefined;
      return second !== undefined && first !== name ? undefined : { name, model, version };
    },
    describe(name) {
      const model = models.get(name);
      return model && present(name, model, versionOf(name));
    },
  };
}

function present(path: string, model: ReplicateModel, version: string): Record<string, unknown> {
  const [owner, name] = path.split('/');
  return {
    url: `https://replicate.com/${path}`,
    owner,
    name,
    description: `${path}, emulated`,
    visibility: 'public',
    github_url: null,
    paper_url: null,
    license_url: null,
    run_count: 1,
    cover_image_url: null,
    default_example: null,
    latest_version: {
      id: version,
      created_at: '2025-01-01T00:00:00.000Z',
      cog_version: '0.16.0',
      openapi_schema: schema(model),
    },
  };
}

function schema({ fields, output }: ReplicateModel): Record<string, unknown> {
  const uri = { type: 'string', format: 'uri' };
  const properties = Object.fromEntries(
    Object.entries(fields).map(([name, { required: _, ...field }], index) => [
      name,
      { title: name, 'x-order': index, ...field },
    ]),
  );
  const names = Object.entries(fields).flatMap(([name, field]) => (field.required ? [name] : []));
  const Input = { type: 'object', title: 'Input', required: names, properties };
  const Output = { title: 'Output', ...(output === 'array' ? { type: 'array', items: uri } : uri) };
  return {
    openapi: '3.0.2',
    info: { title: 'Cog', version: '0.1.0' },
    paths: {},
    components: { schemas: { Input, Output } },
  };
}

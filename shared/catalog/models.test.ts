import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { findProvider } from '../providers/registry.ts';
import { aliasesOf, findModel, isRetired, models } from './models.ts';
import { profiles, profilesOf } from './profiles.ts';
import { findProviderInfo } from './providers.ts';
import type { Mapping, Model } from './types.ts';

const routes = models.flatMap((model) =>
  model.routes.map((route) => [`${model.id} ${route.model}`, model, route] as const),
);
const nameOf = (mapping: Mapping) => (typeof mapping === 'object' ? mapping?.to : mapping);

describe('findModel', () => {
  test.each([
    ['vision-nova', 'google/imagen-4', 'imagen-4'],
    ['vision-nova', 'black-forest-labs/flux-kontext-pro', 'flux-kontext-pro'],
    ['vision-nova', 'ideogram-ai/ideogram-v3-turbo', 'ideogram-v3-turbo'],
    ['vision-nova', 'black-forest-labs/flux-1.1-pro', 'flux-1.1-pro'],
    ['vision-nova', 'black-forest-labs/flux-dev', 'flux-dev'],
    ['vision-atlas vision-flux', 'fal-ai/flux-2-pro', 'flux-2-pro'],
    ['vision-atlas vision-flux', 'fal-ai/nano-banana-pro', 'nano-banana-pro'],
    ['vision-atlas vision-flux', 'fal-ai/gpt-image-1.5', 'gpt-image-1.5'],
    ['vision-atlas vision-flux', 'fal-ai/bytedance/seedream/v4/text-to-image', 'seedream-v4'],
    ['cinematic-nova', 'minimax/video-01', 'minimax-video-01'],
    ['cinematic-nova', 'luma/reframe-video', 'luma-reframe-video'],
    ['cinematic-nova', 'topazlabs/video-upscale', 'topaz-video-upscale'],
    ['cinematic-pro cinematic-x', 'fal-ai/kling-video/v2.5-turbo/pro/image-to-video', 'kling-v2.5-turbo-pro-i2v'],
    ['cinematic-pro cinematic-x', 'fal-ai/minimax/hailuo-02-fast/image-to-video', 'hailuo-02-fast-i2v'],
    ['cinematic-pro cinematic-x', 'fal-ai/minimax/hailuo-02/standard/image-to-video', 'hailuo-02-standard-i2v'],
    ['cinematic-pro cinematic-x', 'fal-ai/bytedance/seedance/v1/lite/text-to-video', 'seedance-v1-lite-t2v'],
  ])('%s serve %s, which pins the first route of %s', (names, providerModel, id) => {
    const found = findModel(providerModel);
    expect(found?.model.id).toBe(id);
    expect(found?.pinnedRoute).toBe(found?.model.routes[0]);
    const provider = found?.pinnedRoute?.provider ?? '';
    expect(profilesOf(provider, providerModel)).toEqual([...names.split(' '), provider]);
    expect(findModel(id)).toEqual({ model: found?.model });
  });

  test('knows no others', () => {
    for (const name of ['', 'flux', 'constructor', '__proto__', 'fal-ai/flux/dev/'])
      expect(findModel(name)).toBeUndefined();
  });

  test('every name is of one model, and every alias leads back', () => {
    const names = models.flatMap((model) => [model.id, ...aliasesOf(model)]);
    expect(new Set(names).size).toBe(names.length);
    for (const model of models) for (const name of aliasesOf(model)) expect(findModel(name)?.model).toBe(model);
  });
});

test('a retiring model is retired from its day on', () => {
  const model = models.find(({ id }) => id === 'gpt-image-1.5') as Model;
  expect(isRetired(model, Date.UTC(2026, 10, 30, 23, 59))).toBe(false);
  expect(isRetired(model, Date.UTC(2026, 11, 1))).toBe(true);
});

test('profiles name routes that exist, and every provider has an adapter and is described', () => {
  for (const { provider, models: served } of Object.values(profiles)) {
    for (const name of served)
      expect(routes.some(([, , route]) => route.provider === provider && route.model === name)).toBe(true);
  }
  const ids = [...new Set(routes.map(([, , route]) => route.provider))];
  for (const id of ids) expect([findProvider(id), findProviderInfo(id)]).not.toContain(undefined);
});

describe('a route', () => {
  test.each(routes)('%s maps only fields and values of the model, and all that are required', (_, model, route) => {
    for (const [name, mapping] of Object.entries(route.fields)) {
      const field = model.fields[name];
      expect(field, name).toBeDefined();
      if (field?.type !== 'choice' || typeof mapping !== 'object' || mapping === null) continue;
      const values = field.of.map(String);
      for (const value of mapping.only ?? []) expect(field.of).toContain(value);
      if (mapping.values && mapping.to !== 'image_size')
        for (const value of Object.keys(mapping.values)) expect(values).toContain(value);
    }
    for (const [name, field] of Object.entries(model.fields))
      if (field.required) expect(route.fields, name).toHaveProperty(name);
    for (const name of route.requires ?? []) expect(route.fields).toHaveProperty(name);
  });

  test.each(routes)('%s sends nothing under two names', (_, __, route) => {
    const names = Object.values(route.fields).flatMap((mapping) => nameOf(mapping) ?? []);
    expect(new Set(names).size).toBe(names.length);
    expect(route.count_field === undefined).toBe(route.outputs_per_call === 1);
  });
});

test('every default is a value of its field, and every preview changes fields that exist', () => {
  for (const model of models) {
    for (const field of Object.values(model.fields)) {
      if (field.type === 'choice' && field.default !== undefined) expect(field.of).toContain(field.default);
    }
    for (const name of Object.keys(model.preview?.input ?? {})) expect(model.fields).toHaveProperty(name);
  }
});

describe('fal’s own types know every field that is sent to', () => {
  const types = createRequire(import.meta.url)
    .resolve('@fal-ai/client/endpoints')
    .replace(/\.js$/, '.d.ts');
  const source = readFileSync(types, 'utf8');
  const fieldsOf = (endpoint: string) => {
    const start = source.indexOf(`    "${endpoint}": {`);
    const named = /input: (\w+)/.exec(source.slice(start, start + 200))?.[1] ?? '';
    const name = new RegExp(`export type ${named} = (\\w+);`).exec(source)?.[1] ?? named;
    const body = new RegExp(`export type ${name} = \\{([\\s\\S]*?)\\n\\};`).exec(source)?.[1] ?? '';
    return [...body.matchAll(/^ {4}(\w+)\??:/gm)].map((match) => match[1]);
  };

  test.each(routes.filter(([, , route]) => route.provider === 'fal'))('%s', (_, __, route) => {
    const known = fieldsOf(route.model);
    expect(known.length).toBeGreaterThan(0);
    const sent = Object.values(route.fields)
      .filter((mapping) => !isOwnWay(mapping))
      .flatMap((mapping) => nameOf(mapping) ?? []);
    sent.push(...Object.keys({ ...route.fixed, ...route.preview }), ...(route.count_field ? [route.count_field] : []));
    for (const name of sent) expect(known, name).toContain(name);
  });
});

/** Mapped only to say that the route does this anyway. */
function isOwnWay(mapping: Mapping): boolean {
  return typeof mapping === 'object' && Object.values(mapping?.values ?? { x: 1 }).every((value) => value === null);
}

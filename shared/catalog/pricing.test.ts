import { describe, expect, test } from 'vitest';
import type { Input } from './input.ts';
import { findModel, models } from './models.ts';
import { priceOf, priceVersion, quoteFormula, ruleAt } from './pricing.ts';
import { cannotHonour } from './provider-input.ts';
import published from './published-prices.json' with { type: 'json' };
import type { Model, PriceRule, Route } from './types.ts';

const now = Date.UTC(2026, 10, 22);
const prompt = 'x';
const image_url = 'https://example.com/a.png';

function price(name: string, input: Input, stage: 'preview' | 'final' = 'final') {
  const found = findModel(name);
  const route = found?.pinnedRoute ?? found?.model.routes[0];
  return priceOf(found?.model as Model, route as Route, { input, stage, now });
}

describe('what one output costs', () => {
  test.each([
    // Seeds give these in dollars, at US$0.001 a credit.
    ['flux-1.1-pro', { prompt }, 40, 0.04],
    ['flux-dev', { prompt }, 25, 0.025],
    // All others are the list price ÷ 0.8, rounded up.
    ['imagen-4', { prompt }, 50, 0.04],
    ['ideogram-v3-turbo', { prompt }, 38, 0.03],
    ['flux-2-pro', { prompt }, 38, 0.03],
    ['black-forest-labs/flux-2-pro', { prompt, resolution: '4 MP' }, 94, 0.075],
    ['nano-banana-pro', { prompt }, 188, 0.15],
    ['nano-banana-pro', { prompt, resolution: '4K' }, 375, 0.3],
    ['gpt-image-1.5', { prompt }, 167, 0.133],
    ['gpt-image-1.5', { prompt, quality: 'low', aspect_ratio: '2:3' }, 17, 0.013],
    ['minimax-video-01', { prompt }, 625, 0.5],
    ['kling-v2.5-turbo-pro-i2v', { prompt, image_url }, 438, 0.35],
    ['kling-v2.5-turbo-pro-i2v', { prompt, image_url, duration_seconds: 10 }, 875, 0.7],
    ['hailuo-02-fast-i2v', { prompt, image_url }, 128, 0.102],
    ['hailuo-02-standard-i2v', { prompt, image_url, resolution: '512p', duration_seconds: 10 }, 213, 0.17],
    ['seedance-v1-lite-t2v', { prompt }, 225, 0.18],
    ['luma-reframe-video', { video_url: 'x' }, 2_250, 1.8],
    ['luma-reframe-video', { video_url: 'x', duration_seconds: 5 }, 375, 0.3],
    ['topaz-video-upscale', { video_url: 'x', duration_seconds: 10 }, 250, 0.2],
  ] as [string, Input, number, number][])('%s %j', (name, input, credits, usd) => {
    expect(price(name, input)).toMatchObject({ credits, usd });
  });

  test('where only the result shows how long it is, a second has a price of its own', () => {
    const input = { video_url: 'x', resolution: '720p', duration_seconds: 1 };
    expect(price('topaz-video-upscale', input)).toMatchObject({
      credits: 13,
      per_second: { credits: 12.5, usd: 0.01 },
    });
    expect(price('kling-v2.5-turbo-pro-i2v', { prompt, image_url })).not.toHaveProperty('per_second');
  });

  test('a preview is a fifth of its final, rounded up, and costs us what it is', () => {
    expect(price('flux-dev', { prompt }, 'preview')).toMatchObject({ credits: 5, usd: 0.025 });
    expect(price('seedance-v1-lite-t2v', { prompt }, 'preview')).toMatchObject({ credits: 45, usd: 0.036 });
    expect(price('seedance-v1-lite-t2v', { prompt, duration_seconds: 2 }, 'preview')).toMatchObject({ credits: 18 });
  });
});

describe('rules', () => {
  const base = { kind: 'flat', rates: { '': { usd: 0.04 } } } as const;
  const route = (prices: PriceRule[]): Route => ({
    ...(models[0]?.routes[0] as Route),
    provider: 'p',
    model: 'm',
    prices,
  });
  const model = models[0] as Model;
  const at = (prices: PriceRule[], day: string) => {
    const one = route(prices);
    return priceOf(model, one, { input: {}, stage: 'final', now: Date.parse(day) });
  };

  test('the youngest that has begun counts, in whatever order they stand', () => {
    const prices: PriceRule[] = [
      { ...base, from: '2026-11-21' },
      { ...base, from: '2027-01-01', rates: { '': { usd: 0.08 } } },
    ];
    for (const order of [prices, prices.toReversed()]) {
      expect(at(order, '2026-11-20T23:59:59Z')).toBeUndefined();
      expect(at(order, '2026-12-31T23:59:59Z')).toMatchObject({ credits: 50, version: 'p:m@2026-11-21' });
      expect(at(order, '2027-01-01T00:00:00Z')).toMatchObject({ credits: 100, version: 'p:m@2027-01-01' });
    }
  });

  test('started units count whole', () => {
    const rule: PriceRule = {
      from: '2026-11-21',
      kind: 'per_started_seconds',
      seconds: 30,
      rates: { '': { usd: 0, credits: 100 } },
    };
    const cost = (duration_seconds: number) =>
      priceOf(model, route([rule]), { input: { duration_seconds }, stage: 'final', now })?.credits;
    expect([1, 30, 31, 120].map(cost)).toEqual([100, 100, 200, 400]);
  });

  test('an input that no rate covers is not priced', () => {
    const rule: PriceRule = {
      from: '2026-11-21',
      kind: 'per_image',
      by: ['resolution'],
      rates: { '1K': { usd: 0.1 } },
    };
    for (const input of [{}, { resolution: '4K' }, { resolution: 'constructor' }] as Input[]) {
      expect(priceOf(model, route([rule]), { input, stage: 'final', now })).toBeUndefined();
    }
    const seconds: PriceRule = { ...base, from: '2026-11-21', kind: 'per_second' };
    expect(priceOf(model, route([seconds]), { input: {}, stage: 'final', now })).toBeUndefined();
  });
});

describe('the catalogue', () => {
  const routes = models.flatMap((model) => model.routes.map((route) => [route.model, model, route] as const));

  test.each(routes)('%s has a price for every input it can honour', (_, model, route) => {
    for (const input of combinations(model, route)) {
      if (cannotHonour(route, input)) continue;
      const found = priceOf(model, route, { input, stage: 'final', now });
      expect(found?.credits, JSON.stringify(input)).toBeGreaterThan(0);
      expect(Number.isSafeInteger(found?.credits)).toBe(true);
      // Never below what the provider takes.
      expect(found?.credits).toBeGreaterThanOrEqual((found?.usd ?? 0) * 1000);
    }
  });

  test('what was published stays as it was: prices are appended, with another day', () => {
    const rules = routes.flatMap(([, , route]) =>
      route.prices.map((rule) => [priceVersion(route, rule), rule] as const),
    );
    expect(new Set(rules.map(([version]) => version)).size).toBe(rules.length);
    expect(JSON.parse(JSON.stringify(Object.fromEntries(rules)))).toEqual(published);
  });

  test('a price is a seed’s or says where it was read', () => {
    for (const [, , route] of routes) {
      for (const rule of route.prices) {
        const ours = Object.values(rule.rates).every(({ credits }) => credits !== undefined);
        expect(ours || rule.provisional !== undefined, route.model).toBe(true);
      }
    }
  });

  /** Every combination of the values that choose a rate; required fields are there in any case. */
  function combinations(model: Model, route: Route): Input[] {
    const required = Object.entries(model.fields).filter(([, field]) => field.required);
    const base: Input = Object.fromEntries(required.map(([name]) => [name, 'x']));
    for (const name of route.requires ?? []) base[name] ??= 2;
    return (ruleAt(route, now)?.by ?? []).reduce<Input[]>(
      (inputs, name) => {
        const field = model.fields[name];
        const values = field?.type === 'choice' ? field.of : [];
        return inputs.flatMap((input) => [input, ...values.map((value) => ({ ...input, [name]: value }))]);
      },
      [base],
    );
  }
});

test.each([
  ['flux-dev', { prompt }, 4, 'final', '4 × 25 credits = 100 credits'],
  ['flux-dev', { prompt }, 2, 'preview', '2 × preview of 25 credits at 5 = 10 credits'],
  [
    'kling-v2.5-turbo-pro-i2v',
    { prompt, image_url },
    2,
    'final',
    '2 × 5 s × 87.5 credits/s, rounded up, = 876 credits',
  ],
] as [string, Input, number, 'preview' | 'final', string][])(
  'the formula of %s',
  (name, input, count, stage, formula) => {
    const model = findModel(name)?.model as Model;
    expect(quoteFormula(model, model.routes[0] as Route, { input, count, stage, now })).toBe(formula);
  },
);

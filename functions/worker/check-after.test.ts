import { expect, test } from 'vitest';
import { checkAfterSeconds } from './check-after.ts';

const series = (options: Omit<Parameters<typeof checkAfterSeconds>[0], 'checks'>) =>
  [0, 1, 2, 3, 10].map((checks) => Math.round(checkAfterSeconds({ ...options, checks }) * 10) / 10);

test.each([
  ['quick work, a webhook on its way', { etaSeconds: 2, hooked: true }, [5, 7.5, 11.3, 16.9, 60]],
  ['usual work', { etaSeconds: 20, hooked: true }, [20, 30, 45, 60, 60]],
  ['long work', { etaSeconds: 600, hooked: true }, [60, 60, 60, 60, 60]],
  ['nobody knows how long', { etaSeconds: null, hooked: true }, [10, 15, 22.5, 33.8, 60]],
  ['locally the first poll comes soon', { etaSeconds: 600, hooked: true, local: true }, [5, 7.5, 11.3, 16.9, 60]],
  ['no webhook, quick work', { etaSeconds: 2, hooked: false }, [1, 1, 1, 1, 1]],
  ['no webhook, usual work', { etaSeconds: 12, hooked: false }, [4, 4, 4, 4, 4]],
  ['no webhook, long work', { etaSeconds: 600, hooked: false }, [10, 10, 10, 10, 10]],
])('%s', (_name, options, expected) => {
  expect(series(options)).toEqual(expected);
});

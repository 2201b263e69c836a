import { expect, test } from 'vitest';
import { createProgress } from './progress.ts';

function screen(isTTY: boolean) {
  let text = '';
  return {
    isTTY,
    write: (more: string) => {
      text += more;
    },
    text: () => text,
  };
}

test('a line per step with its time, in the order of ending', async () => {
  const output = screen(false);
  const { step } = createProgress(output);
  const slow = step('slow', () => new Promise((resolve) => setTimeout(resolve, 20)));
  await step(
    'quick',
    async () => 3,
    (value) => `quick: ${value}`,
  );
  await slow;
  expect(output.text()).toMatch(/^ {2}quick: 3 +\d+ ms\n {2}slow +\d+ ms\n$/);
});

test('a terminal also sees what is running', async () => {
  const output = screen(true);
  const { step } = createProgress(output);
  const running = step('Workers', () => new Promise((resolve) => setTimeout(resolve, 5)));
  expect(output.text()).toContain('… Workers');
  await running;
  expect(output.text()).toMatch(/\n$/);
});

test('a step that fails is no longer shown as running', async () => {
  const output = screen(true);
  const { step, line } = createProgress(output);
  await expect(step('Workers', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  line('✗ no');
  expect(output.text()).toMatch(/✗ no\n$/);
});

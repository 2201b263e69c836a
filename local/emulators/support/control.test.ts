import { expect, test } from 'vitest';
import { createControl } from './control.ts';
import { openDatabase } from './store.ts';

const start = () =>
  createControl({ database: openDatabase(':memory:'), statusOf: (id) => (id === 'a' ? 'done' : undefined) });
type Control = ReturnType<typeof start>;
const set = (control: Control, body: unknown) =>
  control.routes.request('/__control', { method: 'POST', body: JSON.stringify(body) });
const json = async (control: Control, path: string) => (await control.routes.request(path)).json();
const call = { provider_model: 'x/y', prompt: 'a red fox', key: 'r8_key1' };

test('a fault holds until it is taken back', async () => {
  const control = start();
  await set(control, { fault: '500' });
  expect([control.fault(call), control.fault(call)]).toEqual(['500', '500']);
  await set(control, { fault: null });
  expect(control.fault(call)).toBeUndefined();
});

test('times counts down', async () => {
  const control = start();
  await set(control, { fault: '429', times: 2 });
  expect([1, 2, 3].map(() => control.fault(call))).toEqual(['429', '429', undefined]);
});

test('match narrows by model, part of the prompt and end of the key', async () => {
  const control = start();
  await set(control, { match: { provider_model: 'x/y', prompt: 'red', key: 'key1' }, fault: 'drop' });
  expect(control.fault({ ...call, provider_model: 'x/z' })).toBeUndefined();
  expect(control.fault({ ...call, prompt: 'a blue fox' })).toBeUndefined();
  expect(control.fault({ ...call, key: 'r8_key2' })).toBeUndefined();
  expect(control.fault({ key: 'r8_key1' })).toBeUndefined();
  expect(control.fault(call)).toBe('drop');
});

test('null takes back one match, or all', async () => {
  const control = start();
  await set(control, { match: { key: 'key1' }, fault: '401' });
  await set(control, { match: { prompt: 'fox' }, fault: '500' });
  await set(control, { match: { key: 'key1' }, fault: null });
  expect(control.fault(call)).toBe('500');
  await set(control, { fault: null });
  expect(control.fault(call)).toBeUndefined();
});

test('what is no fault is refused by name', async () => {
  const control = start();
  const refusals = [{ fault: 'nonsense' }, { fault: '500', tmes: 1 }, { fault: '500', times: 0 }, {}, []];
  for (const body of refusals) expect((await set(control, body)).status).toBe(422);
  expect((await control.routes.request('/__control', { method: 'POST', body: '{' })).status).toBe(422);
});

test('counts submissions by prompt and lists them with their state now', async () => {
  const control = start();
  const row = { model: 'x/y', key_last4: 'key1', webhook: null, at: '2026-01-01T00:00:00.000Z', status: 'starting' };
  control.accepted({ ...row, id: 'a', prompt: 'fox' });
  control.accepted({ ...row, id: 'b', prompt: 'fox' });
  control.accepted({ ...row, id: 'c', prompt: 'cat' });
  control.refused();
  expect(await json(control, '/__control')).toEqual({
    faults: [],
    counters: { accepted: 3, refused: 1, by_prompt: { fox: 2, cat: 1 } },
  });
  const { data } = (await json(control, '/__requests?prompt=fo')) as { data: { id: string; status: string }[] };
  expect(data.map(({ id, status }) => [id, status])).toEqual([
    ['a', 'done'],
    ['b', 'starting'],
  ]);
});

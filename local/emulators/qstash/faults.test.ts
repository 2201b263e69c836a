import { describe, expect, test } from 'vitest';
import { arrived, control, destination, overview, qstash } from './harness.ts';

describe('faults', () => {
  test.each([
    ['500', false],
    ['429', false],
    ['drop-before', false],
    ['drop-after-accepting', true],
  ])('%s fails the publisher; delivered: %s', async (fault, delivered) => {
    const { arrivals, origin } = await destination();
    const { client, ...emulator } = await qstash();
    await control(emulator.origin, { fault, times: 1, match: { url: origin } });
    await expect(client.publish({ url: origin })).rejects.toThrow();
    expect(await overview(emulator.origin)).toMatchObject({ published: delivered ? 1 : 0 });
    await client.publish({ url: origin });
    await arrived(arrivals, delivered ? 2 : 1);
  });

  test('deliveries are doubled, lost and late on demand', async () => {
    const { arrivals, origin } = await destination();
    const { client, ...emulator } = await qstash();
    await control(emulator.origin, { fault: 'duplicate', times: 2, match: { body: 'twice' } });
    await control(emulator.origin, { fault: 'drop', match: { body: 'never' } });
    await control(emulator.origin, { fault: 'delay', ms: 300, match: { body: 'late' } });
    for (const body of ['late', 'never', 'twice']) await client.publish({ url: origin, body });
    await arrived(arrivals, 4);
    expect(arrivals.map(({ body }) => body)).toEqual(['twice', 'twice', 'twice', 'late']);
    expect(await overview(emulator.origin)).toMatchObject({ lost: 1 });
    await control(emulator.origin, { fault: null });
    await client.publish({ url: origin, body: 'never' });
    await arrived(arrivals, 5);
    expect((await control(emulator.origin, { fault: 'nonsense' })).status).toBe(422);
  });
});

import { answerInstead, delay, dropAfter, dropBefore } from '../acts.ts';
import type { World } from '../world.ts';
import { type Fault, lie, uploads } from './fault.ts';

/** Between the Workers and Cloudinary, and Redis. */
export const storageFaults: Fault[] = [
  {
    // Words in prompts order it; counted where storage says that this is no picture.
    name: '39-media-corrupt',
    per200: 0,
    inject: () => {},
  },
  { name: 'upload-lost', per200: 4, inject: (world, _r, name) => lie(world, name, { ...UPLOAD, act: dropBefore }) },
  {
    name: '40-stored-answer-lost',
    per200: 6,
    inject: (world, _r, name) => lie(world, name, { ...UPLOAD, act: dropAfter }),
  },
  {
    name: '41-storage-refuses',
    per200: 6,
    inject: (world, random, name) =>
      lie(world, name, {
        ...UPLOAD,
        act: answerInstead(random.pick([420, 423, 429, 500, 503]), { error: { message: 'Try again later' } }),
      }),
  },
  {
    name: '42-redis-down',
    per200: 4,
    inject: (world, _r, name) => lie(world, name, { ...REDIS, act: dropBefore, times: 5 }),
  },
  {
    name: '43-redis-slow',
    per200: 2,
    inject: (world, _r, name) => lie(world, name, { ...REDIS, act: delay(6_000), times: 3 }),
  },
  { name: '44-redis-evicted', per200: 2, inject: (world, _r, name) => flush(world, name) },
];

const UPLOAD = { seam: 'cloudinary', matches: uploads } as const;
const REDIS = { seam: 'redis', matches: () => true } as const;

async function flush({ stack, count }: World, name: string): Promise<void> {
  const headers = { authorization: `Bearer ${stack.secrets().redis.token}` };
  const body = JSON.stringify(['flushall']);
  const response = await fetch(stack.file().emulators.redis ?? '', { method: 'POST', headers, body }).catch(
    () => undefined,
  );
  if (response?.ok) count(name);
}

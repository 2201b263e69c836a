import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { signedHeaders } from '../../shared/signatures/standard-webhooks.ts';
import { answerInstead } from '../acts.ts';
import { killWorkers } from '../crash.ts';
import type { World } from '../world.ts';
import { control, type Fault, lie, pathIs } from './fault.ts';

/** Clocks and keys. */
export const timeFaults: Fault[] = [
  {
    name: '47-clock-skew',
    per200: 3,
    window: [0.3, 0.95],
    inject: (world, _r, name) => skew(world, name),
  },
  {
    name: '48-clock-steps-back',
    per200: 1,
    window: [0.2, 0.7],
    inject: async (world, random, name) => {
      const ahead = await control(world, 'supabase', { clock_offset: `${random.int(10, 20)} seconds` });
      await sleep(random.int(1_000, 2_500));
      if ((await control(world, 'supabase', { clock_offset: null })) && ahead) world.count(name);
    },
  },
  {
    // A Worker remembers the keys, so a fresh one has to ask.
    name: '49-signing-keys-unavailable',
    per200: 1,
    inject: (world, random, name) => {
      const act = random.chance(0.6) ? answerInstead(503, {}) : answerInstead(200, { keys: [unknownKey()] });
      lie(world, name, { seam: 'fal', matches: pathIs('/.well-known/jwks.json', 'GET'), act });
      killWorkers(world);
    },
  },
];

const unknownKey = () => ({ ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid: 'unknown' });

/** Just outside and just inside of the two minutes; what is on its way for a second or two must not decide. */
const SKEWS = [-121, -116, 119, 124];

/** The callback of a verdict that stands, from a clock that is wrong by as much as is allowed, and by more; again if nobody answers. */
async function skew(world: World, name: string): Promise<void> {
  for (let tries = 0; tries < 5 && world.stormy(); tries += 1) {
    const answers = await askSkewed(world);
    if (answers !== undefined) {
      world.count(name);
      return judgeSkewed(world, answers);
    }
    await sleep(1_000);
  }
}

/** Undefined if there is no such verdict yet, or the stack did not answer. */
async function askSkewed(world: World): Promise<number[] | undefined> {
  const rows = await world.look.ask<{ id: string; status: string; fence: number }>(
    'select id, status, fence from darkroom.attempts where applied_at is not null order by random() limit 1',
  );
  const attempt = rows?.[0];
  if (attempt === undefined) return undefined;
  const answers: number[] = [];
  for (const seconds of SKEWS) answers.push(await callBack(world, attempt, seconds));
  return answers.some((status) => status === 0 || status >= 500) ? undefined : answers;
}

function judgeSkewed({ report }: World, answers: number[]): void {
  const [early, ...rest] = answers;
  if (early !== 401 || rest.pop() !== 401)
    report('violations', 'a callback from outside the window was taken', { answers });
  if (rest.some((status) => status !== 200))
    report('violations', 'a callback inside the window was refused', { answers });
}

async function callBack(
  { stack }: World,
  attempt: { id: string; status: string; fence: number },
  skew: number,
): Promise<number> {
  const { url, secret } = stack.file().callback;
  const body = JSON.stringify({ attempt_id: attempt.id, event: attempt.status, fence: attempt.fence });
  const id = `cb_${attempt.id}_${attempt.status}`;
  const headers = await signedHeaders({ id, timestamp: Math.floor(Date.now() / 1000) + skew, body, secret });
  const request = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body };
  return fetch(url, request).then(
    ({ status }) => status,
    () => 0,
  );
}

import { submittedAttempt } from '../evidence.ts';
import type { Act } from '../proxy.ts';
import type { Random } from '../random.ts';
import type { SeamName } from '../seams.ts';
import type { Exchange } from '../wire.ts';
import type { World } from '../world.ts';

/** A fault that can be ordered by name. The number in a name is that of the list in docs/reliability.md. */
export type Fault = {
  name: string;
  /** How often it is tried per 200 jobs; at least once. */
  per200: number;
  /** In which share of the storm, from 0 to 1. */
  window?: readonly [number, number];
  /** It takes the whole stack down for some seconds. */
  restarts?: boolean;
  /** Does it, or lies in wait for the next request that it fits. */
  inject: (world: World, random: Random, name: string) => unknown;
};

export type Matches = (exchange: Exchange) => boolean;

type Lying = { seam: SeamName; matches: Matches; act: Act; times?: number };

/** Lies in wait at a seam; counts under the fault's name. */
export function lie(world: World, name: string, { seam, ...rule }: Lying): void {
  if (world.stormy()) world.seams[seam].arm({ ...rule, happened: () => world.count(name) });
}

/** Calls of a SQL function; any of them if several are named. */
export const rpc =
  (...functions: string[]): Matches =>
  ({ path }) =>
    functions.some((fn) => path === `/rest/v1/rpc/${fn}`);

export const pathIs =
  (start: string, method = 'POST'): Matches =>
  (exchange) =>
    exchange.method === method && exchange.path.startsWith(start);

export const wakes = pathIs('/internal/wake');
export const hooks = pathIs('/hooks/');
export const callbacks: Matches = ({ path }) => path === '/internal/callbacks';
export const sweeps = pathIs('/internal/sweep');
export const publishes = pathIs('/v2/publish/');
export const uploads: Matches = ({ path }) => /\/(image|video|raw|auto)\/upload$/.test(path);
export const submissions: Matches = (exchange) => submittedAttempt(exchange) !== undefined;

/** Most jobs go to Replicate first. */
export const someProvider = (random: Random): 'replicate' | 'fal' => (random.chance(0.75) ? 'replicate' : 'fal');

/** Functions that write, and that every job passes. */
export const WRITES = [
  'accept',
  'claim',
  'record_submission',
  'open_verdict',
  'record_verdict',
  'apply_callback',
  'sweep',
  'due_attempts',
  'due_deliveries',
  'record_delivery',
  'key_for_attempt',
  'cancel_job',
] as const;

/** Sends an order to a service's own back door; false if nobody is there. */
export async function control(world: World, emulator: string, body: object): Promise<boolean> {
  const origin = world.stack.file().emulators[emulator];
  try {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${origin}/__control`, { method: 'POST', headers, body: JSON.stringify(body) });
    return response.ok;
  } catch {
    return false;
  }
}

import type { Origins } from './environment.ts';
import type { WorkerEnv } from './workers.ts';

/** Service name, or `front` → the origin that stands before it for the Workers. */
export type Seams = Partial<Origins>;

/**
 * `DARKROOM_SEAMS`: JSON of origins that the Workers are given in place of the services' own, so that a test can stand in
 * between. `stack.json` keeps the services' own addresses: whoever reads it is on the far side.
 */
export function readSeams(value = process.env.DARKROOM_SEAMS): Seams {
  return value ? (JSON.parse(value) as Seams) : {};
}

/** The Workers' environment with every address moved to its seam. Lists of allowed origins have both. */
export function throughSeams(env: WorkerEnv, origins: Origins, seams: Seams): WorkerEnv {
  const moves = Object.entries(seams).map(([name, seam]) => [origins[name as keyof Origins], seam] as const);
  const move = (text: string) => moves.reduce((moved, [from, to]) => moved.replaceAll(from, to), text);
  const moveVar = ([name, value]: [string, string]) => {
    if (name === 'SUPABASE_JWT_ISSUER') return [name, value]; // a name, not an address
    if (name.endsWith('_ORIGINS') && value !== '' && move(value) !== value) return [name, `${value},${move(value)}`];
    return [name, move(value)];
  };
  const moveAll = (vars: Record<string, string>) => Object.fromEntries(Object.entries(vars).map(moveVar));
  return Object.fromEntries(Object.entries(env).map(([worker, vars]) => [worker, moveAll(vars)])) as WorkerEnv;
}

import type { Work } from '../../shared/db/rows.ts';
import type { WorkerDeps } from './deps.ts';

type CheckOptions = {
  /** How long such work usually takes. */
  etaSeconds?: number | null;
  /** How often it was polled already. */
  checks?: number;
  /** Whether the provider has an address to call. */
  hooked: boolean;
  local?: boolean;
};

const USUAL_SECONDS = 10;
const LONGEST_SECONDS = 60;

/**
 * Seconds until an attempt is polled (again). Where a webhook is on its way polling is the safety net: once it is overdue, then ever
 * less often, but each minute. Where none will come polling is all there is: three times per usual duration, at least every 10 s.
 */
export function checkAfterSeconds({ etaSeconds, checks = 0, hooked, local = false }: CheckOptions): number {
  const eta = etaSeconds ?? USUAL_SECONDS;
  if (!hooked) return clamp(eta / 3, 1, 10);
  const first = clamp(eta, 5, local ? 5 : LONGEST_SECONDS);
  return Math.min(first * 1.5 ** checks, LONGEST_SECONDS);
}

/** The same, for an attempt in this environment. */
export function usualWait(deps: Pick<WorkerDeps, 'hooks' | 'local'>, work: Work): number {
  const { eta_seconds, checks } = work;
  return checkAfterSeconds({ etaSeconds: eta_seconds, checks, hooked: isHooked(deps, work), local: deps.local });
}

/** Whether the provider will call us. Somebody's own endpoint is polled: nobody vouches for what it would sign. */
export const isHooked = ({ hooks }: Pick<WorkerDeps, 'hooks'>, { candidate }: Work) =>
  hooks && candidate.endpoint_url === undefined;

const clamp = (value: number, least: number, most: number) => Math.min(Math.max(value, least), most);

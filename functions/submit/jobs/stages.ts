import { type Candidate, candidatesFor } from '../../../shared/catalog/candidates.ts';
import type { Input } from '../../../shared/catalog/input.ts';
import { type Plan, planOf, type StageName } from '../../../shared/catalog/plan.ts';
import { profiles } from '../../../shared/catalog/profiles.ts';
import { findProviderInfo } from '../../../shared/catalog/providers.ts';
import { isKnownName } from '../../../shared/catalog/route-names.ts';
import type { Model, Route } from '../../../shared/catalog/types.ts';
import type { JobRequest, Routing } from '../../../shared/contract/job-request.ts';
import type { JobSpec } from '../../../shared/db/rows.ts';
import { type FieldError, invalidField, ok, type Result, refused } from '../../../shared/errors/result.ts';

type StagesRequest = {
  model: Model;
  pinnedRoute?: Route;
  input: Input;
  request: JobRequest;
  preview: JobSpec['preview'];
  now: number;
};

/** The plan of a job's stages, and what became of the routes that are no candidates. */
export function stagesFor({ request, preview, ...rest }: StagesRequest): Result<Plan & Pick<JobSpec, 'considered'>> {
  const routing = catalogueRouting(request.routing);
  if (!routing.ok) return routing;
  const names: StageName[] = preview === 'none' ? ['final'] : preview === 'only' ? ['preview'] : ['preview', 'final'];
  const stages: Parameters<typeof planOf>[0] = [];
  let considered: JobSpec['considered'] = [];
  for (const stage of names) {
    const routed = candidatesFor({ ...rest, count: request.count, stage, routing: routing.value });
    const [first, ...others]: Candidate[] = routed.candidates;
    if (first === undefined) return noRoute(routed.considered);
    stages.push([stage, [first, ...others]]);
    considered = routed.considered.filter(({ outcome }) => outcome !== 'candidate'); // what becomes of candidates, SQL says
  }
  return ok({ ...planOf(stages, request.count), considered });
}

function noRoute(considered: JobSpec['considered']): Result<never> {
  const reasons = considered.map(({ provider, provider_model, reason }) => `${provider} ${provider_model} ${reason}`);
  return refused('invalid_input', {
    detail: `No route can do this: ${reasons.join('; ')}.`,
    errors: [{ path: 'routing', message: 'Leaves no route for this model and input' }],
    considered,
  });
}

/**
 * The catalogue knows pools of keys, and providers, whose names stand for all of their keys. A single key (`key_…`) is the database's
 * business.
 */
function catalogueRouting(routing: Routing): Result<Routing> {
  const strangers = [...unknownNames('order', routing.order), ...unknownNames('ignore', routing.ignore)];
  if (strangers.length > 0) return refused('invalid_input', { errors: strangers });
  const { provider_key: name, ...rest } = routing;
  if (name === undefined || Object.hasOwn(profiles, name) || findProviderInfo(name)) return ok(routing);
  if (/^key_[0-9a-f]{32}$/.test(name)) return ok(rest);
  return invalidField('routing.provider_key', 'There is no such pool of keys');
}

/** What is misspelt here would do nothing, unsaid; in `only` it leaves its route out, and the job says so. */
function unknownNames(list: 'order' | 'ignore', names: readonly string[] = []): FieldError[] {
  const message = 'There is no such provider, pool of keys or provider’s model';
  return names.flatMap((name, at) => (isKnownName(name) ? [] : [{ path: `routing.${list}[${at}]`, message }]));
}

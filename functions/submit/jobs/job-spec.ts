import { type Input, validateInput } from '../../../shared/catalog/input.ts';
import { type FoundModel, findModel, isRetired } from '../../../shared/catalog/models.ts';
import type { JobRequest } from '../../../shared/contract/job-request.ts';
import type { JobSpec } from '../../../shared/db/rows.ts';
import { invalidField, ok, type Result, refused } from '../../../shared/errors/result.ts';
import { defaultDeadline } from './deadlines.ts';
import { checkLinks, type LinkOrigins } from './links.ts';
import { stagesFor } from './stages.ts';

export type SpecDeps = {
  /** Milliseconds; decides which prices hold and which models are gone. */
  now: () => number;
  settings: LinkOrigins;
};

/**
 * Everything about a job that can be decided without the database: which model is meant, whether its input and its addresses are
 * acceptable, which routes may do it and at what price. Refusals: 422 `invalid_input` that names its paths, 410 `model_retired`.
 */
export function buildJobSpec(request: JobRequest, { now, settings }: SpecDeps): Result<JobSpec> {
  const found = offeredModel(request, now());
  if (!found.ok) return found;
  const { model, pinnedRoute } = found.value;
  const preview = previewMode(request, found.value);
  if (!preview.ok) return preview;
  const input = inputOf(request, found.value);
  if (!input.ok) return input;
  const links = checkLinks(request, model, input.value, settings);
  if (!links.ok) return links;
  const routed = stagesFor({ model, pinnedRoute, input: input.value, request, preview: preview.value, now: now() });
  if (!routed.ok) return routed;
  return ok({
    ...pick(request),
    ...routed.value,
    model: model.id,
    requested_model: request.model,
    operation: model.operation,
    input: input.value,
    preview: preview.value,
    deadline_seconds: request.deadline_seconds ?? defaultDeadline(model.operation),
    deadline_set: request.deadline_seconds !== undefined,
    eta_seconds: model.eta_seconds,
    warnings: model.status === 'retiring' ? [retiring(found.value)] : [],
  });
}

const pick = ({ count, priority, end_user, metadata, webhook_url, webhook_events, routing }: JobRequest) => ({
  count,
  priority,
  end_user,
  metadata,
  webhook_url,
  webhook_events,
  routing,
});

function offeredModel({ model: name, operation }: JobRequest, now: number): Result<FoundModel> {
  const found = findModel(name);
  if (!found) return invalidField('model', 'There is no such model');
  const { model } = found;
  if (isRetired(model, now)) return refused('model_retired', { model: model.id, successor: model.successor ?? null });
  if (operation !== undefined && operation !== model.operation) {
    return invalidField('operation', `${model.id} does ${model.operation}`);
  }
  return ok(found);
}

function previewMode({ preview = false }: JobRequest, { model }: FoundModel): Result<JobSpec['preview']> {
  if (preview === false) return ok('none');
  if (!model.preview) return invalidField('preview', `${model.id} has no previews`);
  return ok(preview === true ? 'auto' : preview);
}

function inputOf({ input }: JobRequest, { model }: FoundModel): Result<Input> {
  const checked = validateInput(model, input);
  return checked.ok ? ok(checked.input) : refused('invalid_input', { errors: checked.errors });
}

const retiring = ({ model }: FoundModel) =>
  `${model.id} retires${model.retires ? ` on ${model.retires}` : ''}${model.successor ? `; use ${model.successor}` : ''}.`;

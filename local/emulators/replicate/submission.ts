import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Control } from '../support/control.ts';
import { fingerprint, last4 } from '../support/keys.ts';
import { violations } from '../support/schema.ts';
import { type Behaviour, promptOf, steer } from '../support/steering.ts';
import { invalidInput, problem, refusal } from './errors.ts';
import type { ReplicateModel } from './model.ts';
import type { Prediction, WebhookEvent } from './prediction.ts';
import { webhookSecretOf } from './webhooks.ts';

const body = z.object({
  input: z.record(z.string(), z.unknown()),
  webhook: z.url({ protocol: /^https?$/ }).optional(),
  webhook_events_filter: z.array(z.enum(['start', 'output', 'logs', 'completed'])).optional(),
  stream: z.boolean().optional(),
  version: z.string().optional(),
});

export type Submission = { token: string; name: string; model: ReplicateModel; version: string; cancelAfter?: string };
export type Decision = { refused: Response } | { behaviour: Behaviour; prediction?: Prediction };

type Options = {
  control: Control;
  now: () => number;
  /** Milliseconds of work for a kind, when the prompt does not say. */
  workMs: (kind: 'image' | 'video') => number;
  strict: boolean;
};

/** Decides about a request to run a model: refused as the vendor would, broken off, or a new prediction. */
export function decide(submission: Submission, json: unknown, { control, now, workMs, strict }: Options): Decision {
  const { token, name, model, version } = submission;
  const request = body.safeParse(json);
  const input = request.data?.input ?? {};
  const prompt = promptOf(input);
  const behaviour = steer({ prompt, input, fault: control.fault({ provider_model: name, prompt, key: token }) });
  if (behaviour.refuse) return { refused: refusal(behaviour.refuse) };
  if (behaviour.connection === 'drop' || behaviour.connection === 'timeout') return { behaviour };
  if (!request.success) return { refused: invalidBody(request.error) };
  const problems = violations(model.fields, input, strict);
  if (problems.length > 0) return { refused: invalidInput(problems) };
  const cancelMs = cancelAfterMs(submission.cancelAfter);
  if (cancelMs === undefined)
    return { refused: problem(422, 'Invalid header', 'Cancel-After is not a valid duration.') };

  const created_at = now();
  const total = behaviour.seconds === undefined ? workMs(model.kind) : behaviour.seconds * 1000;
  const starts_at = created_at + Math.min(total / 3, 300);
  const cancel_at = cancelMs === null ? null : created_at + cancelMs;
  const ends_at =
    behaviour.outcome === 'hangs' ? cancel_at : Math.min(created_at + total, cancel_at ?? Number.POSITIVE_INFINITY);
  const prediction: Prediction = {
    id: predictionId(),
    phase: 'queued',
    created_at,
    starts_at,
    ends_at,
    done_at: null,
    cancel_at,
    model: name,
    version,
    input,
    webhook: request.data.webhook ?? null,
    events: request.data.webhook_events_filter ?? (['output', 'completed'] satisfies WebhookEvent[]),
    secret: webhookSecretOf(token),
    owner: fingerprint(token),
    behaviour,
    verdict: null,
    error: null,
    files: [],
    shape: model.output,
  };
  control.accepted({
    id: prediction.id,
    model: name,
    prompt,
    key_last4: last4(token),
    webhook: prediction.webhook,
    at: new Date(created_at).toISOString(),
    status: 'starting',
  });
  return { behaviour, prediction };
}

function invalidBody(error: z.ZodError): Response {
  const lines = error.issues.map(({ path, message }) => {
    const field = path.join('.') || 'input';
    return path[0] === 'input' && message.includes('undefined')
      ? { type: 'required', field: '(root)', description: 'input is required' }
      : { type: 'invalid', field, description: field === 'webhook' ? "Does not match format 'uri'" : message };
  });
  const detail = lines.map(({ field, description }) => `- ${field}: ${description}\n`).join('');
  return problem(422, 'Input validation failed', detail, { invalid_fields: lines });
}

/** `1m30s` in ms, null without the header, undefined if it is no duration of at least 5 s. */
function cancelAfterMs(header: string | undefined): number | null | undefined {
  if (header === undefined) return null;
  const [, hours = 0, minutes = 0, seconds = 0] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?$/.exec(header) ?? [];
  const ms = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
  return ms >= 5000 ? ms : undefined;
}

/** 26 characters, as the vendor's ids have. */
function predictionId(): string {
  const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
  return Array.from(randomBytes(26), (byte) => alphabet[byte % 32]).join('');
}

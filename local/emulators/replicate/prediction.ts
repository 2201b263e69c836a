import { imageSize, secondsOf, videoSize } from '../support/dimensions.ts';
import type { Files, OutputFile } from '../support/files.ts';
import type { Run } from '../support/runs.ts';
import { type Behaviour, promptOf } from '../support/steering.ts';
import type { ReplicateModel } from './model.ts';

export type WebhookEvent = 'start' | 'output' | 'logs' | 'completed';

/** A prediction as it is kept. The account's token is not: `owner` is its fingerprint. */
export type Prediction = Run & {
  model: string;
  version: string;
  input: Record<string, unknown>;
  created_at: number;
  webhook: string | null;
  events: WebhookEvent[];
  secret: string;
  owner: string;
  behaviour: Behaviour;
  verdict: 'succeeded' | 'failed' | 'canceled' | null;
  /** When a `Cancel-After` header ends it, in ms. */
  cancel_at: number | null;
  error: string | null;
  files: string[];
  shape: 'uri' | 'array';
};

/** Outputs and inputs vanish an hour after the end. */
export const KEPT_MS = 60 * 60 * 1000;

const SENSITIVE =
  'The input or output was flagged as sensitive. Please try again with different inputs. (E005) (emulator)';
const NSFW = 'NSFW content detected. Try running it again, or try a different prompt.';

/** The end of the work: verdict, error and output files. */
export function conclude(
  prediction: Prediction,
  model: ReplicateModel,
  files: Files,
  now: number,
): Partial<Prediction> {
  if (prediction.cancel_at !== null && prediction.cancel_at <= now) return { verdict: 'canceled' };
  const { outcome } = prediction.behaviour;
  if (outcome === 'fails') return { verdict: 'failed', error: 'CUDA out of memory. Tried to allocate 2.00 GiB.' };
  if (outcome === 'rejected') return { verdict: 'failed', error: 'The input was invalid. (E006)' };
  if (outcome === 'moderated') return { verdict: 'failed', error: model.output === 'array' ? NSFW : SENSITIVE };
  const outputs = Array.from({ length: count(prediction.input, model) }, (_, index) =>
    files.add(outputFile(prediction, model, index, now)),
  );
  return { verdict: 'succeeded', files: outputs.map((file) => file.id) };
}

function count(input: Record<string, unknown>, model: ReplicateModel): number {
  if (model.output === 'uri') return 1;
  return Number(input.num_outputs ?? input.number_of_images ?? input.max_images ?? 1);
}

function outputFile({ input, behaviour }: Prediction, model: ReplicateModel, index: number, now: number) {
  const format = formatOf(input.output_format) ?? model.format ?? 'png';
  const extension = model.kind === 'video' ? 'mp4' : format === 'jpeg' ? 'jpg' : format;
  const file: Omit<OutputFile, 'id'> = {
    name: model.output === 'array' ? `out-${index}.${extension}` : `output.${extension}`,
    kind: model.kind,
    prompt: promptOf(input),
    ...(model.kind === 'video' ? videoSize(input) : imageSize(input)),
    seconds: secondsOf(input, 5),
    format,
    bad: behaviour.badMedia,
    gone_at: now + (behaviour.expired ? 0 : KEPT_MS),
  };
  return file;
}

function formatOf(value: unknown): 'png' | 'jpeg' | 'webp' | undefined {
  if (value === 'jpg' || value === 'jpeg') return 'jpeg';
  return value === 'png' || value === 'webp' ? value : undefined;
}

type View = { origin: string; files: Files; now: number };

/** The prediction object of the API and of webhooks. */
export function present(prediction: Prediction, { origin, files, now }: View): Record<string, unknown> {
  const { id, phase, done_at, starts_at, created_at } = prediction;
  const removed = done_at !== null && done_at + KEPT_MS <= now;
  const started = phase !== 'queued';
  const self = `${origin}/v1/predictions/${id}`;
  const seconds = (from: number, to: number) => (to - from) / 1000;
  return {
    id,
    model: prediction.model,
    version: prediction.version,
    input: removed ? {} : prediction.input,
    logs: started && !removed ? logs(prediction) : '',
    output: removed ? null : output(prediction, files, origin),
    data_removed: removed,
    error: prediction.error,
    source: 'api',
    status: prediction.verdict ?? (phase === 'running' ? 'processing' : 'starting'),
    created_at: iso(created_at),
    started_at: started ? iso(starts_at) : null,
    completed_at: done_at === null ? null : iso(done_at),
    metrics:
      done_at === null ? {} : { predict_time: seconds(starts_at, done_at), total_time: seconds(created_at, done_at) },
    urls: {
      get: self,
      cancel: `${self}/cancel`,
      stream: `${origin}/v1/stream/${id}`,
      web: `https://replicate.com/p/${id}`,
    },
  };
}

function output({ files: ids, shape, verdict }: Prediction, files: Files, origin: string): string | string[] | null {
  if (verdict !== 'succeeded') return null;
  const urls = ids.flatMap((id) => files.get(id) ?? []).map((file) => origin + files.path(file));
  return shape === 'array' ? urls : (urls[0] ?? null);
}

const iso = (ms: number) => new Date(ms).toISOString();

function logs({ input, phase }: Prediction): string {
  const seed = typeof input.seed === 'number' ? input.seed : 42;
  const progress = phase === 'done' ? '100%|██████████| 28/28' : ' 36%|███▌      | 10/28';
  return `Using seed: ${seed}\n${progress} [00:01<00:00, 21.00it/s]\n`;
}

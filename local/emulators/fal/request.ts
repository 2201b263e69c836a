import { imageSize, secondsOf, videoSize } from '../support/dimensions.ts';
import type { Files, OutputFile } from '../support/files.ts';
import type { Run } from '../support/runs.ts';
import { type Behaviour, promptOf } from '../support/steering.ts';
import { type FalError, failed, moderated, rejected } from './errors.ts';
import type { FalModel } from './model.ts';

/** A request in the queue as it is kept. The key is not: `user` is the account it belongs to. */
export type FalRequest = Run & {
  endpoint: string;
  input: Record<string, unknown>;
  webhook: string | null;
  user: string;
  behaviour: Behaviour;
  error: FalError | null;
  files: string[];
  queued_at: number;
};

export const STATUS = { queued: 'IN_QUEUE', running: 'IN_PROGRESS', done: 'COMPLETED' } as const;

/** Status, result and cancel live below the first two segments of the endpoint. */
export const appOf = (endpoint: string) => endpoint.split('/').slice(0, 2).join('/');

/** The end of the work: an error, or output files. */
export function conclude(request: FalRequest, model: FalModel, files: Files, now: number): Partial<FalRequest> {
  const { outcome } = request.behaviour;
  if (outcome === 'fails') return { error: failed() };
  if (outcome === 'rejected') return { error: rejected() };
  if (outcome === 'moderated') return { error: moderated() };
  const many = model.outputs.includes('images') ? Number(request.input.num_images ?? 1) : 1;
  const outputs = Array.from({ length: many }, (_, index) => files.add(outputFile(request, model, index, now)));
  return { files: outputs.map((file) => file.id) };
}

function outputFile(
  { input, behaviour }: FalRequest,
  model: FalModel,
  index: number,
  now: number,
): Omit<OutputFile, 'id'> {
  const named = input.output_format;
  const format = named === 'png' || named === 'jpeg' || named === 'webp' ? named : (model.format ?? 'png');
  const extension = { image: format === 'jpeg' ? 'jpg' : format, video: 'mp4', audio: 'mp3' }[model.kind];
  return {
    name: model.kind === 'image' ? `image-${index}.${extension}` : `output.${extension}`,
    kind: model.kind,
    prompt: promptOf(input),
    ...(model.kind === 'video' ? videoSize(input) : imageSize(input)),
    seconds: secondsOf(input, model.seconds ?? 5),
    format,
    bad: behaviour.badMedia,
    gone_at: behaviour.expired ? now : null,
  };
}

/** The result object of a request that succeeded; with `sync_mode` images come as data URIs. */
export async function resultOf(request: FalRequest, model: FalModel, files: Files, origin: string) {
  const inline = request.input.sync_mode === true && model.kind === 'image';
  const stored = request.files.flatMap((id) => files.get(id) ?? []);
  const described = await Promise.all(stored.map((file) => describe(file, files, origin, inline)));
  const entries = model.outputs.map((field) => [field, fieldOf(field, request, described)] as const);
  return Object.fromEntries(entries);
}

function fieldOf(field: string, request: FalRequest, described: unknown[]): unknown {
  switch (field) {
    case 'images':
      return described;
    case 'image':
    case 'video':
    case 'audio':
      return described[0];
    case 'seed':
      return typeof request.input.seed === 'number' ? request.input.seed : 42;
    case 'prompt':
      return promptOf(request.input);
    case 'has_nsfw_concepts':
      return described.map(() => false);
    case 'timings':
      return { inference: secondsOfWork(request) };
    default:
      return '';
  }
}

async function describe(file: OutputFile, files: Files, origin: string, inline: boolean) {
  const { bytes, contentType } = await files.render(file);
  const url = inline
    ? `data:${contentType};base64,${Buffer.from(bytes).toString('base64')}`
    : origin + files.path(file);
  const common = { url, content_type: contentType, file_name: file.name, file_size: bytes.length };
  return file.kind === 'image' ? { ...common, width: file.width, height: file.height } : common;
}

export const secondsOfWork = ({ starts_at, done_at }: FalRequest) => ((done_at ?? starts_at) - starts_at) / 1000;

export function logsOf({ phase, starts_at }: FalRequest) {
  if (phase === 'queued') return [];
  return [{ message: 'Generating', level: 'INFO', source: 'USER', timestamp: new Date(starts_at).toISOString() }];
}

import { models } from '../../shared/catalog/models.ts';
import type { Model } from '../../shared/catalog/types.ts';
import { type Case, invalidJob, JOB } from './case.ts';

const OTHER_ID = `job_${'0'.repeat(32)}`;

const FIELDS: [name: string, field: string, body: object][] = [
  ['an unknown field', 'cuont', { ...JOB, cuont: 2 }],
  ['an unknown field of the routing', 'routing.onyl', { ...JOB, routing: { onyl: ['fal'] } }],
  ['an unknown input', 'input.promt', { ...JOB, input: { prompt: 'x', promt: 'y' } }],
  [
    'a provider’s own name of an input',
    'input.num_inference_steps',
    { ...JOB, input: { prompt: 'x', num_inference_steps: 9 } },
  ],
  ['a missing input', 'input.prompt', { ...JOB, input: {} }],
  ['an empty prompt', 'input.prompt', { ...JOB, input: { prompt: '' } }],
  ['a prompt that is a number', 'input.prompt', { ...JOB, input: { prompt: 5 } }],
  ['a prompt of 10,000 characters', 'input.prompt', { ...JOB, input: { prompt: 'x'.repeat(10_000) } }],
  ['another aspect ratio', 'input.aspect_ratio', { ...JOB, input: { prompt: 'x', aspect_ratio: '7:3' } }],
  ['no model', 'model', { input: JOB.input }],
  ['no input', 'input', { model: JOB.model }],
  ['both names of the model', 'module', { ...JOB, module: 'flux-dev' }],
  ['both names of the input', 'params', { ...JOB, params: {} }],
  ['an unknown model', 'model', { ...JOB, model: 'flux-99' }],
  ['a model from Object.prototype', 'model', { ...JOB, model: 'constructor' }],
  ['another operation', 'operation', { ...JOB, operation: 'video' }],
  ['a preview that the model has not', 'preview', { ...JOB, model: 'flux-1.1-pro', preview: true }],
  ['a preview of another kind', 'preview', { ...JOB, preview: 'yes' }],
  ['an unknown priority', 'priority', { ...JOB, priority: 'urgent' }],
  ['an unknown pool of keys', 'routing.provider_key', { ...JOB, routing: { provider_key: 'vision-none' } }],
  ['a pool that does not serve the model', 'routing', { ...JOB, routing: { provider_key: 'cinematic-pro' } }],
  ['a pool of keys that is no name', 'metadata.provider_key', { ...JOB, metadata: { provider_key: 5 } }],
  ['a routing that leaves no route', 'routing', { ...JOB, routing: { only: ['elsewhere'] } }],
  ['an id of another kind', 'project_id', { ...JOB, project_id: OTHER_ID }],
  ['an id with SQL in it', 'quote_id', { ...JOB, quote_id: "qt_1' or 1=1--" }],
  ['an id in upper case', 'account_id', { ...JOB, account_id: `ACCT_${'A'.repeat(32)}` }],
  ['an unknown event', 'webhook_events[0]', { ...JOB, webhook_events: ['job.done'] }],
  ['metadata of 20 kB', 'metadata', { ...JOB, metadata: { a: 'x'.repeat(20_000) } }],
  ['metadata that is a list', 'metadata', { ...JOB, metadata: [] }],
  ['an end user without a name', 'end_user', { ...JOB, end_user: '' }],
];

const BATCHES: [name: string, field: string, body: object][] = [
  ['without jobs', 'jobs', { jobs: [] }],
  ['of 101 jobs', 'jobs', { jobs: Array(101).fill(JOB) }],
  ['of two payers', 'jobs[1].account_id', { jobs: [JOB, { ...JOB, account_id: `acct_${'0'.repeat(32)}` }] }],
  ['with a bad job', 'jobs[1].count', { jobs: [JOB, { ...JOB, count: 0 }] }],
  [
    'with an unknown input',
    'jobs[2].input.promt',
    { jobs: [JOB, JOB, { ...JOB, input: { prompt: 'x', promt: 'y' } }] },
  ],
];

/** The least that a model takes, then media that it does not take. */
const textInput = ({ fields }: Model) => (fields.prompt?.required ? { prompt: 'x' } : {});
const media = ['image_url', 'video_url'];

const strays = models.flatMap((model) =>
  media
    .filter((field) => !Object.hasOwn(model.fields, field))
    .map((field) =>
      invalidJob(`${field} for ${model.id}`, `input.${field}`, {
        model: model.id,
        input: { ...textInput(model), [field]: 'https://example.org/a.png' },
      }),
    ),
);

export const jobs: Case[] = [
  ...FIELDS.map(([name, field, body]) => invalidJob(name, field, body)),
  ...FIELDS.map(([name, field, body]) => ({
    ...invalidJob(`a quote for ${name}`, field, body),
    request: () => ({ path: '/v1/quotes', body }),
  })),
  ...BATCHES.map(([name, field, body]) => ({
    ...invalidJob(`a batch ${name}`, field, body),
    request: () => ({ path: '/v1/batches', body }),
  })),
  ...strays,
];

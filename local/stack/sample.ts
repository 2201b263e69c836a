import { setTimeout as sleep } from 'node:timers/promises';
import { verify } from '../../shared/signatures/standard-webhooks.ts';
import type { Progress } from './progress.ts';
import type { StackFile } from './stack-file.ts';
import { readState, type StateFolder, shown, writeState } from './state-folder.ts';

const PROMPT = 'A red enamel mug on a darkroom bench, lit by a safelight';
const INBOX_NAME = 'sample';
const PATIENCE_MS = 30_000;
const ENDED = ['completed', 'failed', 'canceled', 'expired'];

type Job = {
  id: string;
  status: string;
  credits: { held: number; charged: number; refunded: number };
  outputs: { url: string; content_type: string; bytes: number; width?: number; height?: number }[];
  attempts: { provider: string; provider_model: string }[];
  error: { message: string } | null;
};
type Credits = { available: number; held: number };
type Entry = { ledger: string; amount: number; balance: number; kind: string; reference: string };
type Message = { headers: Record<string, string>; body: string };

type Sample = { state: StateFolder; stack: StackFile; progress: Progress };

/**
 * Runs one image job from the request to its picture, once per state folder, and prints what happened: the asset, what it cost,
 * the ledger's lines and the webhook. A sample that goes wrong is reported; the stack stays up to be looked into.
 */
export async function runSample({ state, stack, progress }: Sample): Promise<void> {
  if (readState(state.sample) !== undefined) return;
  progress.line('\nA sample job, from the request to its picture:');
  try {
    writeState(state.sample, { job_id: await run(stack, progress) }, 0o644);
  } catch (error) {
    progress.line(`  ✗ The sample did not work: ${(error as Error).message} (logs in ${shown(state.logs)})`);
  }
}

async function run(stack: StackFile, { step, line }: Progress): Promise<string> {
  const call = apiOf(stack);
  const before = await call<Credits>('/v1/credits');
  const request = {
    model: 'flux-dev',
    input: { prompt: PROMPT },
    preview: false,
    webhook_url: `${stack.inbox}/${INBOX_NAME}`,
  };
  const job = await step('Job', async () => untilEnded(call, await call<Job>('/v1/jobs', request)), described);
  if (job.status !== 'completed') throw new Error(`${job.id} ended as ${job.status}: ${job.error?.message}`);
  await step(
    'Picture',
    () => openPicture(job),
    (text) => text,
  );
  line(`    ${job.outputs[0]?.url}`);
  const after = await call<Credits>('/v1/credits');
  line(
    `  Credits: ${before.available} before, ${after.available} after; ${job.credits.charged} charged, ${after.held} held`,
  );
  for (const entry of await entriesOf(call, job)) line(`    ${entry}`);
  await step(
    'Webhook',
    () => verifiedWebhook(stack, call, job),
    (text) => text,
  );
  return job.id;
}

type Call = <T>(path: string, body?: object) => Promise<T>;

function apiOf({ origin, api_key: key }: StackFile): Call {
  return async (path, body) => {
    const response = await fetch(origin + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
    return response.json();
  };
}

async function untilEnded(call: Call, job: Job): Promise<Job> {
  const until = Date.now() + PATIENCE_MS;
  let current = job;
  while (!ENDED.includes(current.status) && Date.now() < until) {
    await sleep(100);
    current = await call<Job>(`/v1/jobs/${job.id}`);
  }
  return current;
}

const described = ({ id, status, attempts }: Job) =>
  `${id} ${status} at ${attempts.map(({ provider, provider_model: model }) => `${provider} (${model})`).join(', ')}`;

/** Fetches the asset and looks whether it is a picture of the size it is said to have. */
async function openPicture({ outputs }: Job): Promise<string> {
  const [output] = outputs;
  if (output === undefined) throw new Error('the job has no output');
  const response = await fetch(output.url);
  if (!response.ok) throw new Error(`${output.url} answered ${response.status}`);
  const { default: sharp } = await import('sharp');
  const { format, width, height } = await sharp(await response.arrayBuffer()).metadata();
  return `Picture: ${format}, ${width} × ${height}`;
}

async function entriesOf(call: Call, { id }: Job): Promise<string[]> {
  const { data } = await call<{ data: Entry[] }>('/v1/credits/entries?limit=50');
  const own = data.filter(({ reference }) => reference === id).reverse();
  return own.map(
    ({ kind, ledger, amount, balance }) =>
      `${kind.padEnd(8)} ${ledger.padEnd(10)} ${amount > 0 ? '+' : ''}${amount} → ${balance}`,
  );
}

async function verifiedWebhook({ inbox }: StackFile, call: Call, { id }: Job): Promise<string> {
  const { key } = await call<{ key: string }>('/v1/webhooks/default/secret');
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    const messages = (await (await fetch(`${inbox}/${INBOX_NAME}`)).json()) as Message[];
    const message = messages.find(({ body }) => body.includes(id));
    if (message !== undefined) return describeWebhook(message, key);
    await sleep(100);
  }
  throw new Error('no webhook came');
}

async function describeWebhook({ headers, body }: Message, secret: string): Promise<string> {
  const verified = await verify({ headers, body, secrets: [secret], now: Date.now() });
  const { type } = JSON.parse(body) as { type: string };
  if (!verified.ok) throw new Error(`the webhook's signature is wrong (${verified.reason})`);
  return `Webhook: ${type} (${headers['webhook-id']}), signature verified`;
}

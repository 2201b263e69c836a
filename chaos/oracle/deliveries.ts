import { verify } from '../../shared/signatures/standard-webhooks.ts';
import type { Account } from '../accounts.ts';
import type { Json } from '../client.ts';
import type { World } from '../world.ts';

type Message = { received_at: string; headers: Record<string, string>; body: string };
type Heard = { id: string; timestamp: string; type: string; data: Json };

/** What every partner got: signed, fresh, and the end of each of its jobs. */
export async function checkDeliveries(world: World): Promise<void> {
  await Promise.all(world.evidence.pending);
  for (const account of world.accounts) {
    const messages = await readInbox(world, account);
    const heard = await Promise.all(messages.map((message) => hear(world, account, message)));
    checkIds(
      world,
      heard.filter((one) => one !== undefined),
    );
    await checkEnds(
      world,
      account,
      heard.filter((one) => one !== undefined),
    );
  }
}

async function readInbox({ stack }: World, { name }: Account): Promise<Message[]> {
  return (await (await fetch(`${stack.file().inbox}/${name}`)).json()) as Message[];
}

/** The message, if its signature is the account's and was fresh when it arrived. */
async function hear(
  { report }: World,
  account: Account,
  { headers, body, received_at }: Message,
): Promise<Heard | undefined> {
  const now = Date.parse(received_at);
  const verified = await verify({ headers: new Headers(headers), body, secrets: [account.webhookSecret], now });
  if (!verified.ok) {
    report('violations', '20 a webhook is wrongly signed', { account: account.name, reason: verified.reason });
    return undefined;
  }
  const { type, data } = JSON.parse(body);
  return { id: verified.id, timestamp: String(headers['webhook-timestamp']), type, data };
}

/** One id, one message: tries differ in nothing but time and signature. */
function checkIds({ report }: World, heard: Heard[]): void {
  const first = new Map<string, Heard>();
  for (const message of heard) {
    const known = first.get(message.id) ?? message;
    first.set(message.id, known);
    if (known.type !== message.type || known.data.version !== message.data.version)
      report('violations', '20 one id, two messages', { id: message.id });
  }
}

type Ended = { id: string; version: number; status: string };

async function checkEnds({ look, report, evidence }: World, { id }: Account, heard: Heard[]): Promise<void> {
  const ended = await look.must<Ended>(
    'select id, version, status from darkroom.jobs where account_id = $1 and webhook_url is not null and finished_at is not null',
    [id],
  );
  for (const job of ended) {
    const own = heard.filter(({ data }) => data.id === job.id);
    if (own.some(({ data }) => data.version === job.version && data.status === job.status)) continue;
    if (!evidence.gone.has(job.id))
      report('violations', '20 a partner never heard of an end', { ...job, heard: own.length });
  }
}

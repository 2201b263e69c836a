import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Seen } from '../../test/seam.ts';
import { bundle } from './bundles.ts';
import { recordCalls, sentOn } from './calls.ts';
import type { BenchStack } from './stack.ts';
import { startWorkerd, type Workerd } from './workerd.ts';

/** The Worker `submit` and one that only makes its upstream calls, each alone in a workerd, on the same services of one stack. */
export type AcceptPair = { submit: Workerd; bare: Workerd; accept: Seen; end: () => Promise<void> };

/**
 * Both publish wake-ups to a server that takes them and does nothing: what wakes would start is no part of accepting. `accept` is the
 * call that `submit` makes, as the database saw it.
 */
export async function startAcceptPair(stack: BenchStack, key: string): Promise<AcceptPair> {
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-pair-'));
  const sink = createServer((incoming, outgoing) => void incoming.resume().on('end', () => outgoing.end()));
  await new Promise<void>((resolve) => void sink.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`;
  const { accept, publish } = await upstreamCalls(stack, key);
  mkdirSync(join(folder, 'bare'));
  writeFileSync(join(folder, 'bare/index.js'), bareWorker);
  const submit = await startWorkerd({ file: await bundle('submit', folder), env: submitEnvironment(stack, origin) });
  const bare = await startWorkerd({
    file: join(folder, 'bare/index.js'),
    env: bareEnvironment(stack, accept, publish, origin),
  });
  const end = async () => {
    await Promise.all([submit.stop(), bare.stop()]);
    sink.closeAllConnections();
    sink.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { submit, bare, accept, end };
}

/** What `submit` sends to the database and to QStash for one job. */
async function upstreamCalls(stack: BenchStack, key: string): Promise<{ accept: Seen; publish: Seen }> {
  const post = () => stack.api('/v1/jobs', { key, body: jobBody, headers: { 'idempotency-key': 'bench-template' } });
  const { result, calls } = await recordCalls(stack, post);
  const find = (name: string) => calls.find((call) => call.name === name)?.seen;
  const [accept, publish] = [find('accept'), find('publish')];
  if (accept === undefined || publish === undefined) throw new Error(`submit made no such calls: ${result.status}`);
  return { accept, publish };
}

export const jobBody = { model: 'flux-dev', input: { prompt: 'a lighthouse at dusk' } };

/** No authentication, no validation, no log: the two calls, one after the other, with the request's body as the first one's. */
const bareWorker = `let accept, publish;
export default {
  async fetch(request, env) {
    accept ??= JSON.parse(env.ACCEPT_HEADERS);
    publish ??= JSON.parse(env.PUBLISH_HEADERS);
    const accepted = await fetch(env.ACCEPT_URL, { method: 'POST', headers: accept, body: await request.text() });
    const answer = await accepted.text();
    const published = await fetch(env.PUBLISH_URL, { method: 'POST', headers: publish, body: env.PUBLISH_BODY });
    await published.text();
    return new Response(answer, { status: 202, headers: { 'content-type': 'application/json' } });
  },
};
`;

function bareEnvironment(stack: BenchStack, accept: Seen, publish: Seen, origin: string): Record<string, string> {
  const { emulators } = stack.stack();
  return {
    ACCEPT_URL: emulators.supabase + accept.path,
    ACCEPT_HEADERS: JSON.stringify(sentOn(accept)),
    PUBLISH_URL: emulators.qstash + publish.path.replace(/publish\/.*/, `publish/${origin}/internal/wake`),
    PUBLISH_HEADERS: JSON.stringify(sentOn(publish)),
    PUBLISH_BODY: publish.body,
  };
}

function submitEnvironment({ stack, secrets }: BenchStack, origin: string): Record<string, string> {
  const { emulators } = stack();
  const { supabase = '', qstash = '', redis = '' } = emulators;
  return {
    ENVIRONMENT: 'local',
    PUBLIC_ORIGIN: origin,
    SUPABASE_URL: supabase,
    SUPABASE_ANON_KEY: secrets.supabase.anon_key,
    SUPABASE_ROLE_TOKEN: secrets.supabase.role_tokens.submit ?? '',
    SUPABASE_JWT_ISSUER: `${supabase}/auth/v1`,
    SUPABASE_JWKS_URL: `${supabase}/auth/v1/.well-known/jwks.json`,
    QSTASH_URL: qstash,
    QSTASH_TOKEN: secrets.qstash.token,
    UPSTASH_REDIS_REST_URL: redis,
    UPSTASH_REDIS_REST_TOKEN: secrets.redis.token,
    ALLOWED_ORIGINS: '',
  };
}

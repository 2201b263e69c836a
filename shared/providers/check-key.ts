import { checkHeaders } from './check-headers.ts';
import { type CheckRow, checks } from './checks.ts';
import { parseJson, tidy } from './classify.ts';
import { findProvider } from './registry.ts';
import type { KeyCheck, ProviderOptions } from './types.ts';

type CheckOptions = Pick<ProviderOptions, 'key' | 'secret' | 'baseUrl' | 'fetch' | 'now' | 'config'>;

/** Whoever waits for a settings page gives up after three seconds. */
const TIMEOUT_MS = 2_500;

/** Whether a key of this provider can be tried at all. */
export const isCheckable = (provider: string) =>
  findProvider(provider) !== undefined || Object.hasOwn(checks, provider);

/**
 * Tries a key with one cheap call, in under 3 s, and says what the provider says. A provider that cannot be tried is `unreachable`.
 * Never throws; the message holds no part of the key.
 */
export async function checkKey(provider: string, options: CheckOptions): Promise<KeyCheck> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const fetch: CheckOptions['fetch'] = (input, init) => options.fetch(input, inTime(timeout, init));
  const adapter = findProvider(provider);
  if (adapter) return adapter.create({ ...options, fetch }).check();
  const row = Object.hasOwn(checks, provider) ? checks[provider] : undefined;
  if (!row) return { result: 'unreachable', message: 'This provider offers no call that tries a key for nothing.' };
  return checkByRow(row, { ...options, fetch }, timeout);
}

function inTime(timeout: AbortSignal, init: RequestInit = {}): RequestInit {
  return { ...init, signal: init.signal ? AbortSignal.any([init.signal, timeout]) : timeout };
}

async function checkByRow(row: CheckRow, options: CheckOptions, timeout: AbortSignal): Promise<KeyCheck> {
  const base = options.baseUrl ?? row.base ?? endpointOf(options);
  if (!base)
    return { result: 'unreachable', message: 'Set endpoint_url in additional_config: there is no other address.' };
  const body = row.form && new URLSearchParams({ [row.form]: options.key });
  try {
    const headers = await checkHeaders(row, options);
    if (!headers) return { result: 'invalid', message: 'The api_secret is missing.' };
    const url = base.replace(/\/$/, '') + row.path;
    const init = { method: body ? 'POST' : 'GET', headers, redirect: 'manual', ...(body && { body }) } as const;
    const response = await options.fetch(url, init);
    return readCheck(row, response.status, (await response.text()).slice(0, LONGEST_TEXT), options);
  } catch {
    // A name without an address and a refused connection are quick; only a provider that is slow is asked to be in time.
    const message = timeout.aborted ? 'The provider did not answer in time.' : 'The provider could not be reached.';
    return { result: 'unreachable', message };
  }
}

const LONGEST_TEXT = 200_000;

const endpointOf = ({ config }: CheckOptions) =>
  typeof config?.endpoint_url === 'string' ? config.endpoint_url : undefined;

function readCheck(row: CheckRow, status: number, text: string, { key, secret }: CheckOptions): KeyCheck {
  const json = parseJson(text);
  const result = verdict(row, status, text, json);
  const said = tidy(messageOf(json), [key, secret]);
  if (result === 'valid') return { result, message: 'The provider accepts this key.' };
  return { result, message: said || `The provider answered ${status}.` };
}

function verdict(row: CheckRow, status: number, text: string, json: unknown): KeyCheck['result'] {
  const byCode = row.code && verdictByCode(row.code, at(json, row.code.at));
  const accepted = byCode ? byCode === 'valid' : status >= 200 && status < 300;
  if (accepted) return isUsedUp(row, json) ? 'out_of_credit' : 'valid';
  const { valid, invalid, outOfCredit } = row.words ?? {};
  if (status === 402 || byCode === 'out_of_credit' || outOfCredit?.test(text)) return 'out_of_credit';
  if (valid?.test(text)) return 'valid';
  if (byCode === 'invalid' || [401, 403].includes(status) || invalid?.test(text)) return 'invalid';
  return row.valid?.includes(status) ? 'valid' : 'unreachable';
}

function verdictByCode({ valid, invalid, outOfCredit }: NonNullable<CheckRow['code']>, code: unknown) {
  if (typeof code !== 'number') return undefined;
  if (valid.includes(code)) return 'valid';
  if (outOfCredit?.includes(code)) return 'out_of_credit';
  return invalid.includes(code) ? 'invalid' : 'unreachable';
}

function isUsedUp({ credits }: CheckRow, json: unknown): boolean {
  const left = credits === undefined ? undefined : at(json, credits);
  return typeof left === 'number' && left <= 0;
}

/** `data.credits` of a JSON value; undefined where there is no such place. */
function at(json: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, name) => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined), json);
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Where vendors put the sentence for people. */
const MESSAGES = [
  'error.message',
  'detail.message',
  'base_resp.status_msg',
  'message',
  'detail',
  'error',
  'msg',
].concat(['ErrMsg', 'errors.0.title', 'errors.0', 'title', 'statusMessage']);

function messageOf(json: unknown): string {
  const found = MESSAGES.map((path) => at(json, path)).find((value) => typeof value === 'string' && value !== '');
  return typeof found === 'string' ? found : '';
}

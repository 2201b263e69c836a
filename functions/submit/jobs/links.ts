import type { Input } from '../../../shared/catalog/input.ts';
import type { Model } from '../../../shared/catalog/types.ts';
import type { JobRequest } from '../../../shared/contract/job-request.ts';
import { type FieldError, ok, type Result, refused } from '../../../shared/errors/result.ts';
import { checkUrl, type UrlPurpose, type UrlRefusal } from '../../../shared/urls/guard.ts';

/** `localMediaOrigins` and `localWebhookOrigins` pass the guard besides public https addresses; both are empty in production. */
export type LinkOrigins = { origin: string; localMediaOrigins: string[]; localWebhookOrigins: string[] };

/** Every address that a request gives us, judged before anything is written: the webhook's and those of input media. */
export function checkLinks(request: JobRequest, model: Model, input: Input, origins: LinkOrigins): Result<null> {
  const webhook =
    request.webhook_url === undefined ? [] : judge('webhook_url', request.webhook_url, 'webhook', origins);
  const errors = [...webhook, ...mediaFields(model, input).flatMap(([path, text]) => judgeMedia(path, text, origins))];
  return errors.length === 0 ? ok(null) : refused('invalid_input', { errors });
}

function mediaFields(model: Model, input: Input): [path: string, text: string][] {
  const media = Object.entries(input).filter(([name]) => model.fields[name]?.type === 'media');
  return media.map(([name, text]) => [`input.${name}`, String(text)]);
}

/** Data URIs are checked with the rest of the input: they lead nowhere. */
function judgeMedia(path: string, text: string, origins: LinkOrigins): FieldError[] {
  if (text.startsWith('data:')) return [];
  if (text.startsWith('upl_')) return [{ path, message: 'There is no such upload' }];
  return judge(path, text, 'media', origins);
}

function judge(path: string, text: string, purpose: UrlPurpose, origins: LinkOrigins): FieldError[] {
  const localOrigins = purpose === 'webhook' ? origins.localWebhookOrigins : origins.localMediaOrigins;
  const checked = checkUrl(text, { purpose, localOrigins, deniedHosts: [new URL(origins.origin).hostname] });
  return checked.ok ? [] : [{ path, message: REASONS[checked.reason] }];
}

const REASONS: Record<UrlRefusal, string> = {
  form: 'Must be a valid URL',
  length: 'Is too long for a URL',
  scheme: 'Must start with https://',
  userinfo: 'Must not hold a user name or password',
  port: 'Must not name a port',
  address: 'Must name a host, not an IP address',
  private_name: 'Names a private network',
  single_label: 'Names a private network',
  denied: 'Is an address of this service',
};

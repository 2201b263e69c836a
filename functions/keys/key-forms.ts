import { profiles } from '../../shared/catalog/profiles.ts';
import { findProviderInfo } from '../../shared/catalog/providers.ts';
import { type FieldError, ok, type Result, refuse, refused } from '../../shared/errors/result.ts';
import { keyFormOf } from '../../shared/providers/key-forms.ts';
import { checkUrl } from '../../shared/urls/guard.ts';
import type { KeysDeps } from './deps.ts';
import type { KeySecrets } from './sealed-key.ts';

/** Whether a provider is known, a key has its form, and the address of a self-hosted model is one that may be asked. */
export function checkKeyForm(
  deps: Pick<KeysDeps, 'origin' | 'localOrigins'>,
  provider: string,
  secrets: KeySecrets,
): Result<null> {
  const info = findProviderInfo(provider);
  if (!info) return refused('invalid_input', { errors: [{ path: 'provider', message: 'There is no such provider' }] });
  const { form, says, secret } = keyFormOf(provider);
  const errors: FieldError[] = [];
  if (!form.test(secrets.api_key))
    errors.push({ path: 'api_key', message: `Must ${says}, as keys of ${info.name} do` });
  if (secret && secrets.api_secret === undefined)
    errors.push({ path: 'api_secret', message: `Required: a key of ${info.name} has two halves` });
  const endpoint = secrets.additional_config?.endpoint_url;
  if (endpoint !== undefined) errors.push(...endpointErrors(deps, endpoint, 'additional_config.endpoint_url'));
  return errors.length === 0 ? ok(null) : refused('invalid_input', { errors });
}

/** What is wrong with the address of somebody's own model, under this path. */
export function endpointErrors(
  { origin, localOrigins }: Pick<KeysDeps, 'origin' | 'localOrigins'>,
  url: unknown,
  path: string,
): FieldError[] {
  if (typeof url !== 'string') return [{ path, message: 'Must be a URL' }];
  const checked = checkUrl(url, { purpose: 'endpoint', localOrigins, deniedHosts: [new URL(origin).hostname] });
  return checked.ok
    ? []
    : [{ path, message: 'Must be a public https address without port, user name, password or fragment' }];
}

/** What is wrong with the name of a pool; a provider's keys may serve its own pools only. */
export function profileErrors(profile: string | null | undefined, provider?: string): FieldError[] {
  if (profile === null || profile === undefined) return [];
  const served = Object.hasOwn(profiles, profile) ? profiles[profile]?.provider : findProviderInfo(profile)?.id;
  if (served !== undefined && served === (provider ?? served)) return [];
  return [{ path: 'profile', message: 'There is no such pool of this provider' }];
}

/** Leaves a handler with 422 where anything is wrong. */
export function demand(errors: FieldError[]): void {
  if (errors.length > 0) refuse({ code: 'invalid_input', errors });
}

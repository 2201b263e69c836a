type Config = Record<string, unknown>;

/** Settings of a key that are known to be no secret, if they stand at the top. Every other text is sealed: names do not tell. */
const CLEAR = new Set([
  'api_version',
  'deployment',
  'endpoint_url',
  'location',
  'model',
  'organization',
  'organization_id',
  'project',
  'project_id',
  'region',
  'resource',
]);
/** What is stored as an envelope starts like this: in clear it would be taken for one. */
const ENVELOPE = 'dkv1.';

/** What may stand in clear, and every secret text by its path: `webhook_secret`, `auth/user`, `hosts/0`. Names hold no slash. */
export function splitConfig(config: Config): { clear: Config; secret: Record<string, string> } {
  const secret: Record<string, string> = {};
  return { clear: split(config, '', secret) as Config, secret };
}

/** Texts go to `secret`; of a list their places stay. */
function split(value: unknown, path: string, secret: Record<string, string>): unknown {
  if (typeof value === 'string') {
    if (value === '' || (CLEAR.has(path) && !value.startsWith(ENVELOPE))) return value;
    secret[path] = value;
    return undefined;
  }
  if (Array.isArray(value)) return value.map((item, at) => split(item, within(path, at), secret) ?? null);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).map(([name, item]) => [name, split(item, within(path, name), secret)] as const);
  return Object.fromEntries(kept.filter(([, item]) => item !== undefined));
}

const within = (path: string, name: string | number) => (path === '' ? String(name) : `${path}/${name}`);

/** The settings as they were given. */
export function joinConfig(clear: Config, secret: Record<string, string>): Config {
  const config = structuredClone(clear);
  for (const [path, text] of Object.entries(secret)) put(config, path.split('/'), text);
  return config;
}

/** Only into what is the settings' own: a name that every object knows leads nowhere. */
function put(target: unknown, [name, ...rest]: string[], text: string): void {
  if (name === undefined || typeof target !== 'object' || target === null) return;
  if (rest.length > 0) put(Object.hasOwn(target, name) ? (target as Config)[name] : null, rest, text);
  else Object.defineProperty(target, name, { value: text, configurable: true, enumerable: true, writable: true });
}

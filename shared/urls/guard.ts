/** What the URL is for; it decides how long it may be. */
export type UrlPurpose = 'webhook' | 'media' | 'endpoint';

export type UrlRefusal =
  | 'form'
  | 'length'
  | 'scheme'
  | 'userinfo'
  | 'port'
  | 'address'
  | 'private_name'
  | 'single_label'
  | 'denied';

export type CheckedUrl = { ok: true; url: URL } | { ok: false; reason: UrlRefusal };

/** Signed media links of object stores run long; nobody needs that for a webhook. */
const LONGEST: Record<UrlPurpose, number> = { webhook: 2_048, endpoint: 2_048, media: 8_192 };

/**
 * Names that no public name server answers for, or that mean something inside somebody's network: RFC 2606, 6761, 6762, 7686 and 8375,
 * and what is customary in clouds and offices (`metadata.google.internal` is one of them).
 */
const PRIVATE_SUFFIXES = [
  'localhost',
  'local',
  'localdomain',
  'internal',
  'intranet',
  'lan',
  'home',
  'corp',
  'private',
].concat(['test', 'invalid', 'onion', 'home.arpa', 'svc', 'metadata.goog']);

/** Public names whose business is to resolve to loopback, to the router, or to an address spelt inside the name. */
const REBINDING_SUFFIXES = [
  'localtest.me',
  'lvh.me',
  'vcap.me',
  'nip.io',
  'sslip.io',
  'xip.io',
  'traefik.me',
  '1u.ms',
].concat(
  ['rbndr.us', 'localho.st', 'lacolhost.com', 'my.local-ip.co', 'backname.io', 'ip.dns4e.com', 'fuf.me'],
  ['router.asus.com', 'fritz.box'],
);

/**
 * Checks a URL that a user gave us, before every use: https on its own port, a public DNS name, no credentials.
 * Address literals are refused in all spellings, because the URL parser has resolved those before we look (decimal,
 * octal, hex, short and full-width IPv4), and because a bracket can only hold IPv6 (mapped, 6to4, NAT64, all others).
 *
 * Names are not resolved: a Worker cannot ask for a name's address, nor pin what it connects to. That a name leads to no private
 * address is left to Cloudflare's network, which does not route a Worker's `fetch` there: a stated limit.
 * `localOrigins` are let through whole (the local stack's own); `deniedHosts` are our own names.
 */
export function checkUrl(
  text: string,
  options: { purpose: UrlPurpose; localOrigins?: readonly string[]; deniedHosts?: readonly string[] },
): CheckedUrl {
  if (text.length > LONGEST[options.purpose]) return refuse('length');
  // The parser drops tabs and newlines and takes backslashes for slashes: other readers of this text do not.
  if (/[\s\\]/.test(text) || hasControl(text)) return refuse('form');
  // A fragment is never sent, so an address that has one is not the address that is asked.
  if (options.purpose === 'endpoint' && text.includes('#')) return refuse('form');
  const url = URL.parse(text);
  if (!url) return refuse('form');
  if (url.username || url.password || /^[^/?#]*\/\/[^/?#]*@/.test(text)) return refuse('userinfo');
  if (options.localOrigins?.includes(url.origin)) return { ok: true, url };
  if (url.protocol !== 'https:') return refuse('scheme');
  if (url.port !== '') return refuse('port');
  const reason = judgeHost(url.hostname.toLowerCase(), options.deniedHosts ?? []);
  return reason ? refuse(reason) : { ok: true, url };
}

function judgeHost(host: string, denied: readonly string[]): UrlRefusal | null {
  if (isAddress(host)) return 'address';
  if (host.endsWith('.') || host.includes('..')) return 'form';
  if (denied.includes(host)) return 'denied';
  if (isUnder(host, PRIVATE_SUFFIXES)) return 'private_name';
  if (!host.includes('.')) return 'single_label';
  if (isUnder(host, REBINDING_SUFFIXES)) return 'private_name';
  return /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/.test(host.split('.').at(-1) ?? '') ? null : 'form';
}

/** One to four numbers, decimal, octal or hexadecimal: also the spellings of IPv4 that a parser left alone. */
const NUMBERS = /^(0x[\da-f]*|\d+)(\.(0x[\da-f]*|\d+)){0,3}\.?$/;

/** True for what is an address and not a name. A host that a URL has read holds a colon in brackets only. */
export const isAddress = (host: string) => host.startsWith('[') || NUMBERS.test(host);

function isUnder(host: string, suffixes: readonly string[]): boolean {
  return suffixes.some((suffix) => host === suffix || host.endsWith(`.${suffix}`));
}

function hasControl(text: string): boolean {
  return [...text].some((character) => character < ' ' || character === '\x7f');
}

function refuse(reason: UrlRefusal): CheckedUrl {
  return { ok: false, reason };
}

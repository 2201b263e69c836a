/** What a provider's key looks like, so that a slip of the clipboard is caught before anybody is asked. */
export type KeyForm = {
  form: RegExp;
  /** Completes «Must …». */
  says: string;
  /** The provider needs `api_secret` besides. */
  secret?: true;
};

/** Vendors change the rest of their keys; what is certain is the start. */
const starting = (prefix: string): KeyForm => ({
  form: new RegExp(`^${prefix}[\\x21-\\x7e]+$`),
  says: `start with ${prefix}`,
});

const ANY: KeyForm = { form: /^[\x21-\x7e]{4,4096}$/, says: 'be 4 to 4,096 printable characters without spaces' };
const withSecret = { ...ANY, secret: true } as const;

const forms: Readonly<Record<string, KeyForm>> = {
  anthropic: starting('sk-'),
  fal: { form: /^[\x21-\x39\x3b-\x7e]+:[\x21-\x39\x3b-\x7e]+$/, says: 'have the form id:secret' },
  huggingface: starting('hf_'),
  kling: withSecret,
  modal: withSecret,
  nvidia: starting('nvapi-'),
  openai: starting('sk-'),
  openrouter: starting('sk-'),
  replicate: { form: /^r8_\w+$/, says: 'start with r8_, followed by letters and digits' },
  stability: starting('sk-'),
  tencent: withSecret,
  vectorizer: withSecret,
};

export function keyFormOf(provider: string): KeyForm {
  return Object.hasOwn(forms, provider) ? (forms[provider] ?? ANY) : ANY;
}

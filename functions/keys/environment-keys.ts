/** Under which names the environment may hold the platform's keys. All names of a provider, and `_1`, `_2`, … after them, form one pool. */
const NAMES: Record<string, string[]> = {
  alibaba: ['DASHSCOPE_API_KEY', 'WAN_API_KEY'],
  anthropic: ['ANTHROPIC_API_KEY'],
  bfl: ['BFL_API_KEY', 'FLUX_API_KEY'],
  bria: ['BRIA_API_KEY'],
  bytedance: ['ARK_API_KEY', 'SEEDREAM_API_KEY'],
  deepinfra: ['DEEPINFRA_API_KEY'],
  elevenlabs: ['ELEVENLABS_API_KEY'],
  fal: ['FAL_KEY', 'FAL_API_KEY'],
  fireworks: ['FIREWORKS_API_KEY'],
  google: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
  huggingface: ['HUGGINGFACE_API_KEY', 'HF_TOKEN'],
  ideogram: ['IDEOGRAM_API_KEY'],
  kie: ['KIE_API_KEY'],
  kling: ['KLING_API_KEY'],
  luma: ['LUMA_API_KEY'],
  meshy: ['MESHY_API_KEY'],
  minimax: ['MINIMAX_API_KEY'],
  modal: ['MODAL_API_KEY'],
  nvidia: ['NVIDIA_API_KEY'],
  ollama: ['OLLAMA_API_KEY'],
  openai: ['OPENAI_API_KEY', 'SORA_API_KEY'],
  openrouter: ['OPENROUTER_API_KEY'],
  piapi: ['PIAPI_API_KEY'],
  pixverse: ['PIXVERSE_API_KEY'],
  pollinations: ['POLLINATIONS_API_KEY'],
  recraft: ['RECRAFT_API_KEY'],
  removebg: ['REMOVEBG_API_KEY'],
  replicate: ['REPLICATE_API_TOKEN', 'REPLICATE_API_KEY'],
  reve: ['REVE_API_KEY'],
  rodin: ['RODIN_API_KEY'],
  runway: ['RUNWAY_API_KEY'],
  segmind: ['SEGMIND_API_KEY'],
  stability: ['STABILITY_API_KEY'],
  sync: ['SYNC_API_KEY'],
  tencent: ['TENCENT_API_KEY', 'HUNYUAN_API_KEY'],
  together: ['TOGETHER_API_KEY'],
  topaz: ['TOPAZ_API_KEY'],
  vectorizer: ['VECTORIZER_API_KEY'],
};

/** Providers that serve without a key. Their row stands for the route, so that it has slots and statistics like any other. */
const KEYLESS = ['pollinations'];

export type EnvironmentSecret = { provider: string; envName: string; key: string };

/** The platform's keys in an environment, pool by pool, in the order of their names and numbers. The same key twice counts once. */
export function environmentKeys(env: Record<string, unknown>): EnvironmentSecret[] {
  return Object.entries(NAMES).flatMap(([provider, names]) => {
    const found = names.flatMap((name) => numbered(env, name)).map((envName) => readKey(env, provider, envName));
    const pool = found.filter(({ key }, at) => found.findIndex((other) => other.key === key) === at);
    return pool.length > 0 || !KEYLESS.includes(provider) ? pool : [{ provider, envName: names[0] as string, key: '' }];
  });
}

/** `NAME`, then `NAME_1`, `NAME_2`, … as far as they are set, gaps allowed. */
function numbered(env: Record<string, unknown>, name: string): string[] {
  const number = (candidate: string) => Number(candidate.slice(name.length + 1) || 0);
  return Object.keys(env)
    .filter((candidate) => candidate.startsWith(name) && /^(_[1-9]\d{0,2})?$/.test(candidate.slice(name.length)))
    .filter((candidate) => text(env[candidate]) !== '')
    .sort((one, two) => number(one) - number(two));
}

const readKey = (env: Record<string, unknown>, provider: string, envName: string) => ({
  provider,
  envName,
  key: text(env[envName]),
});

/** A key by the name of its variable, with what stands beside it: `…_API_SECRET` and `…_WEBHOOK_SECRET`, same number. */
export function environmentKey(env: Record<string, unknown>, provider: string, envName: string) {
  const names = Object.hasOwn(NAMES, provider) ? (NAMES[provider] ?? []) : [];
  const name = names.find((known) => numbered(env, known).includes(envName));
  if (!name) return KEYLESS.includes(provider) && names[0] === envName ? { key: '' } : null;
  const number = envName.slice(name.length);
  const stem = name.replace(/_(API_)?(KEY|TOKEN)$/, '');
  const secret = text(env[`${stem}_API_SECRET${number}`]);
  const webhookSecret = text(env[`${stem}_WEBHOOK_SECRET${number}`]);
  return { key: text(env[envName]), ...(secret && { secret }), ...(webhookSecret && { webhookSecret }) };
}

const text = (value: unknown) => (typeof value === 'string' ? value.trim() : '');

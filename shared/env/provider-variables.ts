import { origin } from './fields.ts';

/** Under which names the environment may hold a provider's keys. All of them, and `_1`, `_2`, … after each, form one pool. */
export const KEY_VARIABLES: Readonly<Record<string, readonly string[]>> = {
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

type Variables = Readonly<Record<string, unknown>>;

/** `FAL_API_KEY` → `FAL`: what `_ENDPOINT`, `_API_SECRET` and `_WEBHOOK_SECRET` follow. */
export const stemOf = (variable: string) => variable.replace(/_(API_)?(KEY|TOKEN)$/, '');

/** `{PROVIDER}_ENDPOINT`, or the same after any name of its keys: replaces a provider's API origin and base path. */
export function endpointOf(env: Variables, provider: string): string | undefined {
  const stems = new Set([provider.toUpperCase(), ...(KEY_VARIABLES[provider] ?? []).map(stemOf)]);
  return [...stems].map((stem) => addressIn(env, `${stem}_ENDPOINT`)).find((address) => address !== undefined);
}

const addressIn = (env: Variables, name: string) => origin().safeParse(env[name]).data;

/** What one says in a variable's name for what the catalogue calls otherwise. */
const OPERATIONS: Readonly<Record<string, string>> = { LLM: 'chat' };

/** The platform's self-hosted models by operation: `MODAL_IMAGE_ENDPOINT` → `image`, `MODAL_IMAGE_EDIT_ENDPOINT` → `image-edit`. */
export function customEndpoints(env: Variables): Record<string, string> {
  const found = Object.keys(env).flatMap((name) => {
    const [, word] = /^MODAL_([A-Z0-9_]+)_ENDPOINT$/.exec(name) ?? [];
    const address = word === undefined ? undefined : addressIn(env, name);
    return word === undefined || !address ? [] : [[operationOf(word), address] as const];
  });
  return Object.fromEntries(found);
}

const operationOf = (word: string) => OPERATIONS[word] ?? word.toLowerCase().replaceAll('_', '-');

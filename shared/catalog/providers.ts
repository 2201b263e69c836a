/** What people want to know of a provider; its protocol is elsewhere. */
export type ProviderInfo = {
  id: string;
  name: string;
  /** Whether it gives anything away for nothing. */
  free: boolean;
  /** Where its keys are made. */
  key_url: string;
  website_url: string;
  /** The environment variable of its key; `_1`, `_2`, … may follow. */
  env: string;
};

/** Id, name, variable, website, and the page of keys: below the website unless it is a whole address. `free`: see above. */
type Row = [id: string, name: string, env: string, website: string, keys: string, free?: 'free'];

/** Every provider whose key can be kept here, in the order of their ids. Models of some come later. */
const rows: Row[] = [
  [
    'alibaba',
    'Alibaba Model Studio',
    'DASHSCOPE_API_KEY',
    'https://www.alibabacloud.com',
    'https://modelstudio.console.alibabacloud.com/#/api-key',
  ],
  [
    'anthropic',
    'Anthropic',
    'ANTHROPIC_API_KEY',
    'https://www.anthropic.com',
    'https://console.anthropic.com/settings/keys',
  ],
  ['bfl', 'Black Forest Labs', 'BFL_API_KEY', 'https://bfl.ai', 'https://dashboard.bfl.ai/keys'],
  ['bria', 'Bria', 'BRIA_API_KEY', 'https://bria.ai', 'https://platform.bria.ai/console/account/api-keys'],
  [
    'bytedance',
    'BytePlus ModelArk',
    'ARK_API_KEY',
    'https://www.byteplus.com',
    'https://console.byteplus.com/ark/apiKey',
  ],
  ['deepinfra', 'DeepInfra', 'DEEPINFRA_API_KEY', 'https://deepinfra.com', '/dash/api_keys', 'free'],
  ['elevenlabs', 'ElevenLabs', 'ELEVENLABS_API_KEY', 'https://elevenlabs.io', '/app/settings/api-keys'],
  ['fal', 'fal', 'FAL_KEY', 'https://fal.ai', '/dashboard/keys'],
  [
    'fireworks',
    'Fireworks AI',
    'FIREWORKS_API_KEY',
    'https://fireworks.ai',
    'https://app.fireworks.ai/settings/users/api-keys',
    'free',
  ],
  ['google', 'Google Gemini', 'GEMINI_API_KEY', 'https://ai.google.dev', 'https://aistudio.google.com/apikey', 'free'],
  ['huggingface', 'Hugging Face', 'HUGGINGFACE_API_KEY', 'https://huggingface.co', '/settings/tokens', 'free'],
  ['ideogram', 'Ideogram', 'IDEOGRAM_API_KEY', 'https://ideogram.ai', '/platform'],
  ['kie', 'KIE.ai', 'KIE_API_KEY', 'https://kie.ai', '/api-key'],
  ['kling', 'Kling AI', 'KLING_API_KEY', 'https://klingai.com', 'https://app.klingai.com/global/dev/api-key'],
  ['luma', 'Luma', 'LUMA_API_KEY', 'https://lumalabs.ai', '/dream-machine/api/keys'],
  ['meshy', 'Meshy', 'MESHY_API_KEY', 'https://www.meshy.ai', '/settings/api'],
  [
    'minimax',
    'MiniMax',
    'MINIMAX_API_KEY',
    'https://www.minimax.io',
    'https://platform.minimax.io/user-center/basic-information/interface-key',
  ],
  ['modal', 'Modal', 'MODAL_API_KEY', 'https://modal.com', '/settings/proxy-auth-tokens'],
  ['nvidia', 'NVIDIA NIM', 'NVIDIA_API_KEY', 'https://build.nvidia.com', '/settings/api-keys', 'free'],
  ['ollama', 'Ollama', 'OLLAMA_API_KEY', 'https://ollama.com', '/settings/keys', 'free'],
  ['openai', 'OpenAI', 'OPENAI_API_KEY', 'https://openai.com', 'https://platform.openai.com/api-keys'],
  ['openrouter', 'OpenRouter', 'OPENROUTER_API_KEY', 'https://openrouter.ai', '/keys'],
  ['piapi', 'PiAPI', 'PIAPI_API_KEY', 'https://piapi.ai', '/workspace/key'],
  ['pixverse', 'PixVerse', 'PIXVERSE_API_KEY', 'https://pixverse.ai', 'https://platform.pixverse.ai'],
  [
    'pollinations',
    'Pollinations',
    'POLLINATIONS_API_KEY',
    'https://pollinations.ai',
    'https://enter.pollinations.ai',
    'free',
  ],
  ['recraft', 'Recraft', 'RECRAFT_API_KEY', 'https://www.recraft.ai', '/profile/api'],
  ['removebg', 'remove.bg', 'REMOVEBG_API_KEY', 'https://www.remove.bg', '/dashboard#api-key'],
  ['replicate', 'Replicate', 'REPLICATE_API_TOKEN', 'https://replicate.com', '/account/api-tokens'],
  ['reve', 'Reve', 'REVE_API_KEY', 'https://reve.com', 'https://api.reve.com/console/keys'],
  ['rodin', 'Hyper3D Rodin', 'RODIN_API_KEY', 'https://hyper3d.ai', '/api-dashboard'],
  ['runway', 'Runway', 'RUNWAY_API_KEY', 'https://runwayml.com', 'https://dev.runwayml.com'],
  [
    'segmind',
    'Segmind',
    'SEGMIND_API_KEY',
    'https://www.segmind.com',
    'https://cloud.segmind.com/console/api-keys',
    'free',
  ],
  [
    'stability',
    'Stability AI',
    'STABILITY_API_KEY',
    'https://stability.ai',
    'https://platform.stability.ai/account/keys',
  ],
  ['sync', 'Sync', 'SYNC_API_KEY', 'https://sync.so', '/settings/api-keys'],
  [
    'tencent',
    'Tencent Hunyuan',
    'TENCENT_API_KEY',
    'https://www.tencentcloud.com',
    'https://console.tencentcloud.com/cam/capi',
  ],
  [
    'together',
    'Together AI',
    'TOGETHER_API_KEY',
    'https://www.together.ai',
    'https://api.together.ai/settings/api-keys',
    'free',
  ],
  ['topaz', 'Topaz Labs', 'TOPAZ_API_KEY', 'https://www.topazlabs.com', 'https://account.topazlabs.com'],
  ['vectorizer', 'Vectorizer.AI', 'VECTORIZER_API_KEY', 'https://vectorizer.ai', '/api'],
];

export const providerInfos: readonly ProviderInfo[] = rows.map(([id, name, env, website_url, keys, free]) => ({
  id,
  name,
  free: free !== undefined,
  key_url: keys.startsWith('/') ? website_url + keys : keys,
  website_url,
  env,
}));

export function findProviderInfo(id: string): ProviderInfo | undefined {
  return providerInfos.find((info) => info.id === id);
}

/**
 * How a key is tried without a bill: one cheap call to the provider's own account or lists, as data. Providers with an adapter have a
 * `check` of their own. `source` is where the call was read, on 2026-11-21; none of these was tried against its vendor.
 */
export type CheckRow = {
  /** API origin and base path, which `{PROVIDER}_ENDPOINT` replaces. Absent: the address is the user's own (`endpoint_url`). */
  base?: string;
  path: string;
  /** `Authorization: Bearer`, HTTP Basic with the secret, a vendor's own scheme, or the key bare in this header. */
  auth: 'bearer' | 'basic' | 'kling' | 'modal' | `header ${string}`;
  headers?: Readonly<Record<string, string>>;
  /** Sent with POST as a form that has the key in this field; no header carries it then. */
  form?: string;
  /** What remains, as a path into the JSON: nothing left means out of credit. */
  credits?: string;
  /** For vendors that say no with 200: where their code stands, and what it means. Any other code is no verdict. */
  code?: { at: string; valid: readonly number[]; invalid: readonly number[]; outOfCredit?: readonly number[] };
  /** Statuses that only a caller with a good key gets: asking for a task that never was. */
  valid?: readonly number[];
  /** Words in the answer that count more than its status. */
  words?: { valid?: RegExp; invalid?: RegExp; outOfCredit?: RegExp };
  source: string;
};

export const checks: Readonly<Record<string, CheckRow>> = {
  alibaba: {
    base: 'https://dashscope-intl.aliyuncs.com',
    path: '/api/v1/tasks/00000000-0000-4000-8000-000000000000',
    auth: 'bearer',
    valid: [404],
    words: { outOfCredit: /Arrearage/ },
    source: 'https://www.alibabacloud.com/help/en/model-studio/error-code',
  },
  anthropic: {
    base: 'https://api.anthropic.com',
    path: '/v1/models?limit=1',
    auth: 'header x-api-key',
    headers: { 'anthropic-version': '2023-06-01' },
    words: { outOfCredit: /credit balance is too low/i },
    source: 'https://docs.anthropic.com/en/api/models-list',
  },
  bfl: {
    base: 'https://api.bfl.ai/v1',
    path: '/credits',
    auth: 'header x-key',
    credits: 'credits',
    source: 'https://docs.bfl.ai/api-reference/utility/get-the-users-credits',
  },
  bria: {
    base: 'https://engine.prod.bria-api.com/v2',
    path: '/status/00000000000000000000000000000000',
    auth: 'header api_token',
    valid: [400, 404, 422],
    source: 'https://docs.bria.ai/status-service',
  },
  bytedance: {
    base: 'https://ark.ap-southeast.bytepluses.com/api/v3',
    path: '/contents/generations/tasks?page_num=1&page_size=1',
    auth: 'bearer',
    words: { outOfCredit: /AccountOverdue/ },
    source: 'https://docs.byteplus.com/en/docs/ModelArk/1521675',
  },
  deepinfra: {
    base: 'https://api.deepinfra.com/v1',
    path: '/me',
    auth: 'bearer',
    source: 'https://docs.deepinfra.com/api-reference',
  },
  elevenlabs: {
    base: 'https://api.elevenlabs.io',
    path: '/v1/user/subscription',
    auth: 'header xi-api-key',
    // Keys may be narrowed to some resources; such a one is known, and says so.
    words: { valid: /missing_permissions/, outOfCredit: /quota_exceeded/ },
    source: 'https://elevenlabs.io/docs/api-reference/user/subscription/get',
  },
  fireworks: {
    base: 'https://api.fireworks.ai/inference/v1',
    path: '/models',
    auth: 'bearer',
    source: 'https://docs.fireworks.ai/api-reference/introduction',
  },
  google: {
    base: 'https://generativelanguage.googleapis.com/v1beta',
    path: '/models?pageSize=1',
    auth: 'header x-goog-api-key',
    words: { invalid: /API_KEY_INVALID|API key not valid|API key expired/ },
    source: 'https://ai.google.dev/api/models#method:-models.list',
  },
  huggingface: {
    base: 'https://huggingface.co',
    path: '/api/whoami-v2',
    auth: 'bearer',
    source: 'https://huggingface.co/docs/hub/api',
  },
  ideogram: {
    base: 'https://api.ideogram.ai',
    path: '/manage/api/subscription',
    auth: 'header Api-Key',
    source: 'https://developer.ideogram.ai',
  },
  kie: {
    base: 'https://api.kie.ai/api/v1',
    path: '/chat/credit',
    auth: 'bearer',
    code: { at: 'code', valid: [200], invalid: [401, 403], outOfCredit: [402] },
    credits: 'data',
    source: 'https://docs.kie.ai/common-api/get-account-credits',
  },
  kling: {
    base: 'https://api-singapore.klingai.com',
    path: '/v1/videos/text2video?pageNum=1&pageSize=1',
    auth: 'kling',
    code: { at: 'code', valid: [0], invalid: [1000, 1001, 1002, 1003, 1004], outOfCredit: [1100, 1101, 1102] },
    source: 'https://app.klingai.com/global/dev/document-api/apiReference/commonInfo',
  },
  luma: {
    base: 'https://api.lumalabs.ai/dream-machine/v1',
    path: '/credits',
    auth: 'bearer',
    credits: 'credit_balance',
    source: 'https://docs.lumalabs.ai/reference/getcredits',
  },
  meshy: {
    base: 'https://api.meshy.ai/openapi',
    path: '/v1/balance',
    auth: 'bearer',
    credits: 'balance',
    source: 'https://docs.meshy.ai/en/api/balance',
  },
  minimax: {
    base: 'https://api.minimax.io/v1',
    path: '/query/video_generation?task_id=0',
    auth: 'bearer',
    code: { at: 'base_resp.status_code', valid: [0, 1000, 2013], invalid: [1004, 2049], outOfCredit: [1008] },
    source: 'https://platform.minimax.io/docs/api-reference/errorcode',
  },
  modal: {
    path: '',
    auth: 'modal',
    valid: [400, 404, 405, 422],
    source: 'https://modal.com/docs/guide/webhook-proxy-auth',
  },
  nvidia: {
    base: 'https://api.ngc.nvidia.com',
    path: '/v3/keys/get-caller-info',
    auth: 'bearer',
    form: 'credentials',
    words: { invalid: /invalid/i },
    source: 'https://github.com/mongodb/kingfisher (rule kingfisher.nvapi.1)',
  },
  ollama: { path: '/api/tags', auth: 'bearer', source: 'https://docs.ollama.com/api/tags' },
  openai: {
    base: 'https://api.openai.com/v1',
    path: '/models',
    auth: 'bearer',
    words: { outOfCredit: /insufficient_quota/, valid: /insufficient permissions|Missing scopes/ },
    source: 'https://platform.openai.com/docs/api-reference/models/list',
  },
  openrouter: {
    base: 'https://openrouter.ai/api/v1',
    path: '/key',
    auth: 'bearer',
    credits: 'data.limit_remaining',
    source: 'https://openrouter.ai/docs/api-reference/get-current-api-key',
  },
  piapi: {
    base: 'https://api.piapi.ai',
    path: '/account/info',
    auth: 'header x-api-key',
    code: { at: 'code', valid: [200], invalid: [401, 403], outOfCredit: [402] },
    source: 'https://piapi.ai/docs/account/get-account-info',
  },
  pixverse: {
    base: 'https://app-api.pixverse.ai/openapi/v2',
    path: '/account/balance',
    auth: 'header API-KEY',
    headers: { 'Ai-trace-id': '00000000-0000-4000-8000-000000000000' },
    code: { at: 'ErrCode', valid: [0], invalid: [], outOfCredit: [500090] },
    words: { invalid: /api.?key|token|auth/i },
    source: 'https://docs.platform.pixverse.ai/get-user-credit-balance-13778989e0',
  },
  pollinations: {
    base: 'https://gen.pollinations.ai',
    path: '/account/balance',
    auth: 'bearer',
    credits: 'balance',
    source: 'https://gen.pollinations.ai/api/docs',
  },
  recraft: {
    base: 'https://external.api.recraft.ai/v1',
    path: '/users/me',
    auth: 'bearer',
    credits: 'credits',
    source: 'https://www.recraft.ai/docs/api-reference/endpoints',
  },
  removebg: {
    base: 'https://api.remove.bg/v1.0',
    path: '/account',
    auth: 'header X-Api-Key',
    source: 'https://www.remove.bg/api#operations-Account',
  },
  rodin: {
    base: 'https://api.hyper3d.com/api/v2',
    path: '/check_balance',
    auth: 'bearer',
    credits: 'balance',
    source: 'https://developer.hyper3d.ai/api-specification/check-balance',
  },
  runway: {
    base: 'https://api.dev.runwayml.com',
    path: '/v1/organization',
    auth: 'bearer',
    headers: { 'X-Runway-Version': '2024-11-06' },
    credits: 'creditBalance',
    source: 'https://docs.dev.runwayml.com/api/#tag/Organization',
  },
  segmind: {
    base: 'https://api.segmind.com',
    path: '/v1/get-user-credits',
    auth: 'header x-api-key',
    credits: 'credits',
    source: 'https://docs.segmind.com',
  },
  stability: {
    base: 'https://api.stability.ai',
    path: '/v1/user/balance',
    auth: 'bearer',
    credits: 'credits',
    source: 'https://platform.stability.ai/docs/api-reference#tag/User/operation/userBalance',
  },
  sync: {
    base: 'https://api.sync.so/v2',
    path: '/generations',
    auth: 'header x-api-key',
    source: 'https://docs.sync.so/api-reference',
  },
  together: {
    base: 'https://api.together.xyz/v1',
    path: '/models',
    auth: 'bearer',
    source: 'https://docs.together.ai/reference/models-1',
  },
  topaz: {
    base: 'https://api.topazlabs.com',
    path: '/account/v1/credits/balance',
    auth: 'header X-API-Key',
    credits: 'available_credits',
    source: 'https://developer.topazlabs.com/reference/account/credits',
  },
  vectorizer: {
    base: 'https://api.vectorizer.ai/api/v1',
    path: '/account',
    auth: 'basic',
    source: 'https://vectorizer.ai/api/documentation',
  },
};

/** Providers that have no call which costs nothing (Reve), or one that needs a signature of its own (Tencent). */
export const UNCHECKED = ['reve', 'tencent'];
